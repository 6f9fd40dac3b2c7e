"""Services: the catalogue of what is sold, with its VAT rate and its URSSAF nature."""

from loaders.contract import Contract, choice, ident, money, rate, text
from loaders.contracts.shared import LABEL_ALIASES, SERVICE_CODE

CONTRACT = Contract(
    name="services",
    label="Prestations",
    names=("prestations", "prestation", "catalogue"),
    key=("service_code",),
    fields=(
        SERVICE_CODE.with_(aliases=(*SERVICE_CODE.aliases, "Code", "Identifiant", "Référence")),
        text("label", "Libellé", required=True, aliases=(*LABEL_ALIASES, "Nom"), example="Ménage"),
        choice(
            "kind",
            "Type",
            {
                "service": ("prestation", "services", "prestations"),
                "fee": ("frais", "fees"),
                "discount": ("remise", "réduction", "rabais"),
            },
            required=True,
            aliases=("Type", "Nature", "Type de prestation", "Catégorie"),
            example="service",
        ),
        choice(
            "unit",
            "Unité",
            {
                "hour": ("heure", "heures", "h", "hours"),
                "piece": ("pièce", "unité", "forfait", "pièces", "unités", "u", "pieces"),
            },
            required=True,
            aliases=("Unité", "Unité de facturation"),
            example="hour",
        ),
        money(
            "unit_price",
            "Prix unitaire TTC",
            aliases=(
                "Prix unitaire",
                "Prix",
                "Tarif",
                "Prix TTC",
                "Prix unitaire TTC",
                "Tarif horaire",
                "PU TTC",
            ),
            example="26,00",
        ),
        rate(
            "vat_rate",
            "Taux de TVA",
            required=True,
            aliases=("TVA", "Taux de TVA", "Taux TVA"),
            example="5,5 %",
        ),
        ident(
            "home_plus_nature",
            "Code nature URSSAF",
            aliases=("Code nature", "Nature URSSAF", "Code nature URSSAF", "Nature Home+", "codeNature"),
            example="20",
        ),
        ident(
            "home_plus_activity",
            "Code activité URSSAF",
            aliases=(
                "Code activité",
                "Activité URSSAF",
                "Code activité URSSAF",
                "Activité Home+",
                "codeActivite",
            ),
        ),
        text(
            "revenue_account",
            "Compte de produits",
            aliases=("Compte comptable", "Compte de produits", "Compte de vente", "Compte produit", "Compte"),
            example="706000",
        ),
    ),
)
