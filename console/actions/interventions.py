"""Interventions become billable when somebody answers for them (spec 20, "Interventions")."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from console.actions.parameters import Ids, Period, known_seq, mart, need_run
from console.actions.registry import Context, Params, Refused, Result, action
from console.journal.events import InterventionValidated
from console.journal.store import NewEvent

VALIDATED = InterventionValidated.kind_name


class ValidateInterventions(Params):
    intervention_ids: Ids | None = Field(
        None, title="Interventions", description="Identifiants des interventions à valider."
    )
    period: Period | None = Field(
        None, title="Mois", description="Mois (AAAA-MM) : toutes ses interventions réalisées."
    )


@action(
    "interventions.validate",
    label="Valider les interventions",
    confirm="Les interventions choisies pourront être facturées.",
    bulk="intervention_ids",
)
def validate(params: ValidateInterventions, ctx: Context) -> Result:
    """Valide des interventions réalisées, pour qu'elles soient facturées."""
    need_run(ctx)
    rows = _subjects(params, ctx)
    since = {event.data["intervention_id"] for event in ctx.tx.events_after(known_seq(ctx), (VALIDATED,))}
    result, events = Result(), []
    for intervention_id, status in rows:
        if status == "validee" or intervention_id in since:
            result.skipped.append({"id": intervention_id, "reason": "déjà validée"})
        elif status == "annulee":
            result.failed.append({"id": intervention_id, "reason": "l'intervention est annulée"})
        elif status is None:
            result.failed.append({"id": intervention_id, "reason": "intervention inconnue"})
        else:
            payload = InterventionValidated(intervention_id=intervention_id)
            events.append(NewEvent(f"intervention:{intervention_id}", VALIDATED, payload))
            result.done.append({"id": intervention_id})
    ctx.tx.append(events)
    result.message = (
        f"{len(result.done)} intervention(s) validée(s)." if rows else "Aucune intervention à valider."
    )
    return result


def _subjects(params: ValidateInterventions, ctx: Context) -> list[tuple[str, Any]]:
    """(id, status or None when unknown), each once."""
    if params.intervention_ids is None:
        if params.period is None:
            raise Refused("Indiquez des interventions ou un mois.")
        rows = mart(
            ctx,
            "select intervention_id, status from marts.interventions "
            "where period = ? and status = 'realisee' order by intervention_id",
            [params.period],
        )
        return [(row["intervention_id"], row["status"]) for row in rows]
    rows = mart(
        ctx,
        "select intervention_id, status from marts.interventions where intervention_id in (select unnest(?))",
        [params.intervention_ids],
    )
    status = {row["intervention_id"]: row["status"] for row in rows}
    return [(one, status.get(one)) for one in dict.fromkeys(params.intervention_ids)]
