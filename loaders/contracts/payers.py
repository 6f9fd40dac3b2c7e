"""Payers: the third parties who pay a part of the invoices."""

from loaders.contract import Contract, boolean, choice, integer, text
from loaders.contracts.shared import (
    ADDRESS_ALIASES,
    CITY_ALIASES,
    EMAIL_ALIASES,
    PAYER_ID,
    POSTAL_CODE_ALIASES,
)

CONTRACT = Contract(
    name="payers",
    label="Organismes payeurs",
    names=("organismes", "organisme", "tiers_payeurs", "financeurs"),
    key=("payer_id",),
    fields=(
        PAYER_ID.with_(aliases=(*PAYER_ID.aliases, "Code", "Identifiant")),
        text(
            "name",
            "Nom",
            required=True,
            aliases=("Nom", "Raison sociale", "Dénomination", "Nom de l'organisme", "Nom organisme"),
            example="Département de Paris",
        ),
        choice(
            "kind",
            "Type d'organisme",
            {
                "departement": ("département", "conseil départemental", "CD"),
                "retraite": ("caisse de retraite", "caisses de retraite"),
                "mutuelle": ("mutuelles", "complémentaire"),
                "ccas": ("centre communal d'action sociale",),
                "eco_organisme": ("éco-organisme", "éco organisme"),
                "autre": ("autres", "divers"),
            },
            aliases=("Type", "Type d'organisme", "Nature", "Catégorie"),
            example="departement",
        ),
        text("siret", "SIRET", aliases=("N° SIRET", "Numéro SIRET")),
        choice(
            "billing_type",
            "Type de facturation",
            {"individuelle": ("individuel", "par bénéficiaire"), "globale": ("global", "groupée")},
            required=True,
            aliases=("Type de facturation", "Facturation", "Mode de facturation"),
            example="globale",
        ),
        boolean(
            "direct_to_client",
            "Aide versée directement au client",
            default="false",
            aliases=(
                "Aide versée directement au client",
                "Versée au client",
                "Aide versée au client",
                "Versement direct",
            ),
            example="non",
        ),
        text("email", "Courriel", aliases=EMAIL_ALIASES),
        text("address", "Adresse", aliases=ADDRESS_ALIASES),
        text("postal_code", "Code postal", aliases=POSTAL_CODE_ALIASES),
        text("city", "Ville", aliases=CITY_ALIASES),
        text(
            "accounting_account",
            "Compte comptable",
            aliases=("Compte comptable", "Compte", "Compte tiers", "Compte auxiliaire"),
        ),
        integer(
            "payment_terms_days",
            "Délai de règlement (jours)",
            minimum="0",
            maximum="3650",
            default="30",
            aliases=(
                "Délai de règlement",
                "Délai de paiement",
                "Délai",
                "Échéance jours",
                "Délai de règlement jours",
            ),
            example="30",
        ),
    ),
)
