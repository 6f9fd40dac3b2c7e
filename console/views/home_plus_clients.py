"""Clients à vérifier: Home+ clients whose sheet would make a request fail, or be debited twice (spec 30)."""

from typing import Any

from console.web import state
from console.widgets import cells, detail, timeline
from console.widgets.declaration import Act, Column, Filter, Queue
from console.widgets.queue import row_buttons, show


def panel(row: dict[str, Any]) -> None:
    detail.title(row["client_name"] or row["client_id"], row["client_id"])
    detail.reason(row["reason"], row["remedy"])
    row_buttons(QUEUE, row)
    found = state.warehouse().rows("select * from marts.clients where client_id = ?", (row["client_id"],))
    if found:
        client = found[0]
        detail.facts(
            [
                (
                    "Mode de règlement",
                    cells.label_of(client["payment_method"], detail.PAYMENT_METHODS),
                    "text",
                ),
                ("Identifiant Home+", client["home_plus_id"], "text"),
                ("Activé le", client["home_plus_activated_on"], "date"),
                ("État du compte", client["home_plus_status"], "text"),
                ("Date de naissance", client["birth_date"], "date"),
                ("E-mail", client["email"], "text"),
                ("Modifié dans Guichet", client["overridden_fields"], "text"),
            ]
        )
    timeline.show(timeline.of_streams(f"client:{row['client_id']}"))


NOT_VIREMENT = tuple(method for method in detail.PAYMENT_METHODS if method != "virement")
QUEUE = Queue(
    name="hp-clients",
    mart="marts.home_plus_clients_to_check",
    title="Clients à vérifier",
    caption="Clients Home+ dont la fiche ferait échouer la demande, ou qui seraient prélevés deux fois.",
    key="check_id",
    noun=("point à vérifier", "points à vérifier"),
    columns=(
        Column("client_name", "Client"),
        Column("reason", "Motif"),
        Column("remedy", "Remède"),
        Column("payment_method", "Règlement", "badge", 110, detail.PAYMENT_METHODS),
        Column("activated_on", "Activé le", "date", 95),
    ),
    filters=(
        Filter("reason", "Motif", width=300),
        Filter("payment_method", "Mode de règlement", badges=detail.PAYMENT_METHODS),
        Filter(("client_name", "client_id"), "client…", "search"),
    ),
    actions=(
        Act("home_plus.set_virement", column="client_id", primary=True, icon=":material/account_balance:",
            when={"payment_method": NOT_VIREMENT}),
        Act("home_plus.correct_client", ids="client_id", column="client_id", single=True, scope="one",
            label="Corriger la fiche client…", icon=":material/edit:"),
    ),
    order="client_name",
    detail=panel,
    empty="Toutes les fiches des clients Home+ sont en ordre.",
)  # fmt: skip
show(QUEUE)
