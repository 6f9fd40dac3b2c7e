"""Billable items: fees, discounts and pieces that are billed beside the interventions."""

from loaders.contract import Contract, date, ident, money, quantity, text
from loaders.contracts.shared import CLIENT_ID, LABEL_ALIASES, SERVICE_CODE, STATUS

CONTRACT = Contract(
    name="billable_items",
    label="Éléments facturables",
    names=("elements_facturables", "articles", "frais"),
    key=("item_id",),
    fields=(
        ident(
            "item_id",
            "Identifiant de l'élément",
            required=True,
            aliases=(
                "Code élément",
                "Identifiant élément",
                "Identifiant de l'élément",
                "Id élément",
                "N° élément",
                "Élément",
                "Id ligne",
                "Identifiant",
                "N° ligne",
                "Id",
            ),
            example="E0001",
        ),
        CLIENT_ID,
        SERVICE_CODE,
        date(
            "date", "Date", required=True, aliases=("Date", "Jour", "Date de l'élément"), example="2026-10-05"
        ),
        quantity(
            "quantity",
            "Quantité",
            required=True,
            nonzero=True,
            aliases=("Quantité", "Qté", "Nombre"),
            example="1",
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
                "PU TTC",
                "Montant unitaire",
            ),
            example="4,50",
        ),
        text("label", "Libellé", aliases=LABEL_ALIASES, example="Frais de déplacement"),
        STATUS,
    ),
)
