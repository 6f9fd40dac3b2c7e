"""Écarts de planning: planned against done (spec 20)."""

from typing import Any

from console.widgets import cells, detail
from console.widgets.declaration import Column, Filter, Queue
from console.widgets.queue import show


def panel(row: dict[str, Any]) -> None:
    detail.title(row["client_name"] or row["client_id"], "", cells.badge(row["code"], detail.GAPS))
    detail.reason(
        row["message"],
        "Corrigez le planning ou l'intervention dans votre logiciel, puis rechargez le fichier.",
    )
    detail.facts(
        [
            ("Date", row["date"], "date"),
            ("Prévu", row["planned_minutes"], "hours"),
            ("Réalisé", row["done_minutes"], "hours"),
            ("Prestation", row["service_code"], "text"),
            ("Intervenant", row["worker_id"], "text"),
            ("Intervention", row["intervention_id"], "text"),
            ("Planning", row["planning_id"], "text"),
        ]
    )


QUEUE = Queue(
    name="ecarts",
    mart="marts.planning_gaps",
    title="Écarts de planning",
    caption="Prévu et pas fait, fait sans être prévu, trop court, trop long ou en double.",
    key="gap_id",
    noun=("écart", "écarts"),
    columns=(
        Column("date", "Date", "date", 95),
        Column("client_name", "Client"),
        Column("code", "Écart", "badge", 160, detail.GAPS),
        Column("planned_minutes", "Prévu", "hours", 80),
        Column("done_minutes", "Réalisé", "hours", 80),
        Column("worker_id", "Intervenant", width=100),
        Column("message", "Constat"),
    ),
    filters=(
        Filter("code", "Écart", "pills", detail.GAPS),
        Filter("period", "Mois", "month", width=160),
        Filter(("client_name", "worker_id", "message"), "client, intervenant…", "search"),
    ),
    oldest="date",
    order="-date",
    detail=panel,
    empty="Aucun écart : ce qui a été fait correspond à ce qui était prévu.",
)
show(QUEUE)
