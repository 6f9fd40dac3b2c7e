"""Interventions à valider: what was done and waits for validation before it can be billed (spec 20)."""

from typing import Any

from console.web import state
from console.widgets import detail, timeline
from console.widgets.declaration import Act, Column, Filter, Queue
from console.widgets.queue import row_buttons, show


def panel(row: dict[str, Any]) -> None:
    detail.title(row["client_name"] or row["client_id"], row["service_label"] or row["service_code"])
    gaps = state.warehouse().rows(
        "select code, message from marts.planning_gaps where intervention_id = ? order by gap_id",
        (row["intervention_id"],),
    )
    for gap in gaps:
        detail.reason(detail.GAPS.get(gap["code"], (gap["code"], ""))[0], gap["message"])
    row_buttons(QUEUE, row)
    detail.facts(
        [
            ("Intervention", row["intervention_id"], "text"),
            ("Intervenant", row["worker_id"], "text"),
            ("Début", row["starts_at"], "datetime"),
            ("Fin", row["ends_at"], "datetime"),
            ("Durée", row["minutes"], "hours"),
            ("Version", row["version"], "int"),
            ("Commentaire", row["comment"], "text"),
            ("Motif de correction", row["adjustment_reason"], "text"),
        ]
    )
    timeline.show(timeline.of_streams(f"intervention:{row['intervention_id']}"))


QUEUE = Queue(
    name="interventions",
    mart="marts.interventions",
    title="Interventions à valider",
    caption="Interventions réalisées que personne n'a encore validées : elles ne peuvent pas être facturées.",
    key="intervention_id",
    noun=("intervention", "interventions"),
    where={"billing_state": ("sans_validation",)},
    columns=(
        Column("starts_at", "Début", "datetime", 130),
        Column("client_name", "Client"),
        Column("service_label", "Prestation"),
        Column("worker_id", "Intervenant", width=100),
        Column("minutes", "Durée", "hours", 80),
        Column("intervention_id", "Référence", width=110),
    ),
    filters=(
        Filter("period", "Mois", "month"),
        Filter("worker_id", "Intervenant"),
        Filter("service_label", "Prestation"),
        Filter(("client_search", "intervention_id", "worker_id"), "client, intervenant…", "search"),
    ),
    actions=(Act("interventions.validate", primary=True, icon=":material/check_circle:"),),
    oldest="starts_at",
    order="starts_at",
    detail=panel,
    empty="Toutes les interventions réalisées sont validées. Chargez-en d'autres dans Imports.",
)
show(QUEUE)
