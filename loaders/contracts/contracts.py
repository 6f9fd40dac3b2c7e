"""Contracts: the price agreed with a client for a service, and from when to when."""

from loaders.checks import not_before
from loaders.contract import Contract, date, ident, money
from loaders.contracts.shared import CLIENT_ID, SERVICE_CODE, STATUS, VALID_FROM_ALIASES, VALID_TO_ALIASES

CONTRACT = Contract(
    name="contracts",
    label="Contrats",
    names=("contrats", "contrat", "devis", "tarifs"),
    key=("contract_id",),
    fields=(
        ident(
            "contract_id",
            "Identifiant du contrat",
            required=True,
            aliases=(
                "Code contrat",
                "Identifiant contrat",
                "Id contrat",
                "N° contrat",
                "Numéro contrat",
                "Numéro de contrat",
                "Contrat",
            ),
            example="K0001",
        ),
        CLIENT_ID,
        SERVICE_CODE,
        money(
            "unit_price",
            "Prix unitaire TTC",
            required=True,
            minimum="0",
            aliases=(
                "Prix unitaire",
                "Prix",
                "Tarif",
                "Prix TTC",
                "Prix unitaire TTC",
                "Tarif horaire",
                "Tarif semaine",
                "Prix semaine",
            ),
            example="26,00",
        ),
        money(
            "saturday_price",
            "Prix du samedi",
            minimum="0",
            aliases=("Prix samedi", "Tarif samedi", "Tarif du samedi", "Prix du samedi"),
        ),
        money(
            "sunday_holiday_price",
            "Prix des dimanches et jours fériés",
            minimum="0",
            aliases=(
                "Prix dimanche",
                "Tarif dimanche",
                "Prix dimanche et férié",
                "Tarif dimanche et férié",
                "Prix dimanche férié",
                "Tarif dimanche férié",
                "Prix dimanche et jours fériés",
                "Prix des dimanches et jours fériés",
                "Tarif dimanche et jours fériés",
            ),
            example="32,50",
        ),
        date(
            "valid_from", "Début de validité", required=True, aliases=VALID_FROM_ALIASES, example="2026-01-01"
        ),
        date("valid_to", "Fin de validité", aliases=VALID_TO_ALIASES),
        STATUS,
    ),
    row_rules=(
        lambda: not_before("valid_to", "valid_from", "La fin de validité précède le début de validité."),
    ),
)
