"""Anomalies: what does not hold together in what others told us; nothing is refused for it."""

from typing import Any

from console.widgets import detail
from console.widgets.declaration import Column, Filter, Queue
from console.widgets.queue import show


def panel(row: dict[str, Any]) -> None:
    detail.title(row["entity_id"], row["source"])
    detail.reason(row["message"], "Corrigez la donnée dans votre logiciel, puis rechargez le fichier.")
    detail.facts([("Code", row["code"], "text"), ("Vue le", row["first_seen"], "datetime")])


QUEUE = Queue(
    name="anomalies",
    mart="marts.anomalies",
    title="Anomalies",
    caption="Données reçues qui se contredisent ou renvoient à ce qui n'existe pas.",
    key="anomaly_id",
    noun=("anomalie", "anomalies"),
    columns=(
        Column("code", "Anomalie", width=190),
        Column("source", "Fichier", width=130),
        Column("entity_id", "Élément", width=140),
        Column("message", "Constat"),
        Column("first_seen", "Vue le", "datetime", 130),
    ),
    filters=(
        Filter("code", "Anomalie", width=240),
        Filter("source", "Fichier", width=170),
        Filter(("entity_id", "message"), "élément, constat…", "search"),
    ),
    oldest="first_seen",
    order="-first_seen",
    detail=panel,
    empty="Aucune anomalie : les données reçues se tiennent.",
)
show(QUEUE)
