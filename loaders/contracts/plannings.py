"""Plannings: what was meant to happen, against which interventions are compared."""

from loaders.checks import after
from loaders.contract import Contract, ident, time
from loaders.contracts.shared import (
    CLIENT_ID,
    ENDS_AT_ALIASES,
    SERVICE_CODE,
    STARTS_AT_ALIASES,
    STATUS,
    WORKER_ID,
)

CONTRACT = Contract(
    name="plannings",
    label="Plannings",
    names=("planning",),
    key=("planning_id",),
    fields=(
        ident(
            "planning_id",
            "Identifiant du planning",
            required=True,
            aliases=(
                "Code planning",
                "Identifiant planning",
                "Id planning",
                "N° planning",
                "Numéro planning",
                "Planning",
            ),
            example="P0001",
        ),
        CLIENT_ID,
        WORKER_ID,
        SERVICE_CODE,
        time("starts_at", "Début", required=True, aliases=STARTS_AT_ALIASES, example="05/10/2026 09:00"),
        time("ends_at", "Fin", required=True, aliases=ENDS_AT_ALIASES, example="05/10/2026 11:00"),
        STATUS,
    ),
    row_rules=(lambda: after("ends_at", "starts_at", "La fin doit être postérieure au début."),),
)
