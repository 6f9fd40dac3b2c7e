"""Care plans: what a payer grants a client. A missing column or the word "defaut" takes the payer's
default; an empty cell stays empty (no cap, every day, no special rate), and empty is not 0 (spec 10)."""

from loaders.checks import not_before
from loaders.contract import Contract, Field, choice, date, ident, integer, text
from loaders.contracts.payer_defaults import COVERAGE
from loaders.contracts.shared import CLIENT_ID, PAYER_ID, SERVICE_CODE, VALID_FROM_ALIASES, VALID_TO_ALIASES


def _inherited(field: Field) -> Field:
    """A required default may be left to the payer, but not left empty: a plan without a rate has no price."""
    return field.with_(required=False, filled=field.required, inherits=True)


CONTRACT = Contract(
    name="care_plans",
    label="Plans d'aide",
    names=("plans_aide", "plans_d_aide", "prises_en_charge", "pec"),
    key=("care_plan_id",),
    fields=(
        ident(
            "care_plan_id",
            "Identifiant du plan d'aide",
            required=True,
            aliases=(
                "Code plan d'aide",
                "Identifiant plan d'aide",
                "Id plan d'aide",
                "N° plan d'aide",
                "Plan d'aide",
                "Code plan",
                "Id plan",
                "Identifiant du plan d'aide",
                "N° plan",
                "Identifiant plan",
            ),
            example="PA0001",
        ),
        PAYER_ID,
        CLIENT_ID,
        SERVICE_CODE,
        date(
            "valid_from", "Début de validité", required=True, aliases=VALID_FROM_ALIASES, example="2026-01-01"
        ),
        date("valid_to", "Fin de validité", aliases=VALID_TO_ALIASES),
        integer(
            "rank",
            "Rang",
            minimum="0",
            maximum="1000",
            default="1",
            aliases=("Rang", "Ordre", "Priorité"),
            example="1",
        ),
        *(_inherited(f) for f in COVERAGE),
        text(
            "file_number",
            "Numéro de dossier",
            aliases=(
                "N° de dossier",
                "Numéro de dossier",
                "N° dossier",
                "Numéro dossier",
                "Dossier",
                "Référence dossier",
            ),
            example="2026-APA-0042",
        ),
        choice(
            "status",
            "Statut",
            {
                "brouillon": ("en préparation", "projet"),
                "valide": ("validé", "validée", "actif", "active"),
            },
            required=True,
            aliases=("Statut", "État", "Etat"),
            example="valide",
        ),
    ),
    row_rules=(
        lambda: not_before("valid_to", "valid_from", "La fin de validité précède le début de validité."),
    ),
)
