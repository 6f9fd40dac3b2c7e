"""Clients: who is served, where invoices go and how they are paid."""

from loaders.contract import Contract, choice, date, ident, text
from loaders.contracts.shared import (
    ADDRESS_ALIASES,
    AGENCY_ID,
    CITY_ALIASES,
    CLIENT_ID,
    COUNTRY_ALIASES,
    EMAIL_ALIASES,
    POSTAL_CODE_ALIASES,
)

PAYMENT_METHODS = {
    "virement": ("virements", "virement bancaire", "VIR"),
    "prelevement": ("prélèvement", "prélèvement automatique", "prélèvement SEPA", "PRLV"),
    "cheque": ("chèque", "chèques", "chèque bancaire", "CHQ"),
    "cesu": ("CESU préfinancé", "ticket CESU", "tickets CESU", "chèque emploi service"),
    "especes": ("espèces", "espèce", "liquide", "numéraire"),
    "carte": ("carte bancaire", "CB", "carte bleue"),
}

CONTRACT = Contract(
    name="clients",
    label="Clients",
    names=("client", "beneficiaires", "usagers"),
    key=("client_id",),
    fields=(
        CLIENT_ID.with_(
            aliases=(
                *CLIENT_ID.aliases,
                "Code",
                "Identifiant",
                "Id",
                "N°",
                "Numéro",
                "Référence",
            )
        ),
        choice(
            "civility",
            "Civilité",
            {"M": ("Mr", "Monsieur", "M."), "Mme": ("Madame", "Mlle", "Mademoiselle", "Mme.")},
            aliases=("Civilité", "Civ", "Titre"),
            example="Mme",
        ),
        text(
            "last_name",
            "Nom",
            required=True,
            aliases=("Nom", "Nom de famille", "Nom d'usage", "Nom usuel", "Nom client", "Nom du client"),
            example="Martin",
        ),
        text("first_name", "Prénom", aliases=("Prénom", "Prénoms", "Prénom client"), example="Jeanne"),
        text(
            "birth_name",
            "Nom de naissance",
            aliases=("Nom de naissance", "Nom de jeune fille", "Nom naissance"),
        ),
        date(
            "birth_date",
            "Date de naissance",
            aliases=("Date de naissance", "Date naissance", "Né le", "Née le", "Né(e) le", "Naissance"),
            example="1948-03-12",
        ),
        text(
            "birth_place_code",
            "Code du lieu de naissance",
            aliases=(
                "Code lieu de naissance",
                "Code commune de naissance",
                "Code INSEE naissance",
                "Lieu de naissance",
            ),
        ),
        text("email", "Courriel", aliases=EMAIL_ALIASES, example="jeanne.martin@exemple.fr"),
        text(
            "phone",
            "Téléphone",
            aliases=(
                "Téléphone",
                "Tél",
                "Tel",
                "Portable",
                "Mobile",
                "Téléphone portable",
                "N° de téléphone",
            ),
        ),
        text("address", "Adresse", aliases=ADDRESS_ALIASES, example="12 rue des Lilas"),
        text("postal_code", "Code postal", aliases=POSTAL_CODE_ALIASES, example="75011"),
        text("city", "Ville", aliases=CITY_ALIASES, example="Paris"),
        text("country", "Pays", aliases=COUNTRY_ALIASES, default="FR", example="FR"),
        choice(
            "payment_method",
            "Mode de règlement",
            PAYMENT_METHODS,
            required=True,
            aliases=("Mode de règlement", "Mode de paiement", "Moyen de paiement", "Règlement", "Paiement"),
            example="virement",
        ),
        choice(
            "invoice_delivery",
            "Envoi des factures",
            {
                "mail": ("e-mail", "email", "courriel", "mél", "électronique", "dématérialisé"),
                "courrier": ("papier", "poste", "courrier postal", "voie postale", "postal"),
            },
            required=True,
            aliases=(
                "Mode d'envoi",
                "Envoi facture",
                "Envoi des factures",
                "Mode d'envoi des factures",
                "Envoi",
            ),
            example="mail",
        ),
        ident(
            "home_plus_id",
            "Identifiant Home+",
            aliases=(
                "Id Home+",
                "Identifiant Home+",
                "Home+",
                "Identifiant URSSAF",
                "Id URSSAF",
                "Identifiant avance immédiate",
            ),
        ),
        date(
            "home_plus_activated_on",
            "Activation Home+",
            aliases=(
                "Date d'activation Home+",
                "Activation Home+",
                "Home+ activé le",
                "Date activation Home+",
            ),
        ),
        choice(
            "home_plus_status",
            "Statut Home+",
            {
                "OK": ("actif", "active", "activé", "valide"),
                "EN_COURS": ("en cours", "en attente"),
                "BLOQUE": ("bloqué", "compte bloqué"),
                "MANDAT_ECHU": ("mandat échu", "échu"),
            },
            aliases=("Statut Home+", "État Home+", "Statut compte Home+"),
        ),
        text("iban", "IBAN", aliases=("N° IBAN", "Compte IBAN")),
        text("bic", "BIC", aliases=("Code BIC", "SWIFT")),
        text(
            "mandate_reference",
            "Référence du mandat",
            aliases=(
                "RUM",
                "Référence mandat",
                "Référence du mandat",
                "Référence unique de mandat",
                "Mandat",
            ),
        ),
        date(
            "mandate_signed_on",
            "Signature du mandat",
            aliases=(
                "Date de signature du mandat",
                "Mandat signé le",
                "Date mandat",
                "Date de mandat",
                "Date signature mandat",
            ),
        ),
        AGENCY_ID,
    ),
)
