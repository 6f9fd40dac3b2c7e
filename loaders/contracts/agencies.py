"""Agencies: whose name, numbers and country stand on the invoices, and which public holidays apply."""

from loaders.contract import Contract, choice, text
from loaders.contracts.shared import (
    ADDRESS_ALIASES,
    AGENCY_ID,
    CITY_ALIASES,
    COUNTRY_ALIASES,
    POSTAL_CODE_ALIASES,
)

CONTRACT = Contract(
    name="agencies",
    label="Agences",
    names=("agences", "agence"),
    key=("agency_id",),
    fields=(
        AGENCY_ID.with_(required=True),
        text(
            "name",
            "Nom de l'agence",
            required=True,
            aliases=("Nom", "Nom agence", "Raison sociale", "Dénomination"),
            example="Agence du Parc",
        ),
        text("siret", "SIRET", aliases=("N° SIRET", "Numéro SIRET"), example="12345678900012"),
        text(
            "nova_number",
            "Numéro de déclaration SAP",
            aliases=("Numéro NOVA", "N° NOVA", "NOVA", "Numéro SAP", "N° SAP", "Agrément", "N° agrément"),
            example="SAP123456789",
        ),
        text(
            "vat_number",
            "Numéro de TVA",
            aliases=("N° TVA", "TVA intracommunautaire", "N° TVA intracommunautaire"),
            example="FR12123456789",
        ),
        text("address", "Adresse", aliases=ADDRESS_ALIASES, example="1 place du Marché"),
        text("postal_code", "Code postal", aliases=POSTAL_CODE_ALIASES, example="75011"),
        text("city", "Ville", aliases=CITY_ALIASES, example="Paris"),
        text("country", "Pays", aliases=COUNTRY_ALIASES, default="FR", example="FR"),
        choice(
            "holiday_region",
            "Région des jours fériés",
            {"alsace-moselle": ("Alsace Moselle", "Alsace", "Moselle")},
            open_choices=True,
            aliases=("Région", "Régime des jours fériés", "Jours fériés", "Région jours fériés"),
        ),
    ),
)
