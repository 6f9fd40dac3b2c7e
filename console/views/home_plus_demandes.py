"""Demandes de paiement: where each Home+ request stands, and what is left of the 48 hours (spec 30)."""

from typing import Any

from console.web import state
from console.widgets import cells, detail, home_plus
from console.widgets.declaration import Act, Column, Filter, Queue
from console.widgets.queue import row_buttons, show


def panel(row: dict[str, Any]) -> None:
    states = cells.lifecycle(state.warehouse(), "home_plus")
    detail.title(
        row["invoice_number"], row["client_name"] or row["client_id"], cells.badge(row["status"], states)
    )
    if row["alert"]:
        detail.reason(row["alert"])
    if row["last_error_message"]:
        detail.reason(row["last_error_message"])
    row_buttons(QUEUE, row)
    detail.facts(
        [
            ("Montant", row["amount"], "euro"),
            ("Dit par l'Urssaf", row["status_label"], "text"),
            ("Dans cet état depuis", row["status_at"], "datetime"),
            ("Le client a jusqu'au", row["validation_deadline"], "datetime"),
            ("Virement annoncé", row["transfer_amount"], "euro"),
            ("Date du virement", row["transfer_date"], "date"),
            ("Identifiant Urssaf", row["request_id"], "text"),
            ("Essais", row["tries"], "int"),
        ]
    )
    found = home_plus.syncs(row["invoice_number"])
    home_plus.linked(found, row["status"])
    home_plus.history(row["invoice_number"], found)


QUEUE = Queue(
    name="hp-demandes",
    mart="marts.home_plus_requests",
    title="Demandes de paiement",
    caption="Les demandes confiées à l'Urssaf et leur état à la dernière lecture.",
    key="invoice_number",
    noun=("demande", "demandes"),
    columns=(
        Column("invoice_number", "Facture", width=115),
        Column("client_name", "Client"),
        Column("amount", "Montant", "euro", 95),
        Column("status", "État", "badge", 165, lifecycle="home_plus"),
        Column("status_at", "Depuis", "datetime", 130),
        Column("validation_deadline", "Échéance 48 h", "datetime", 130),
        Column("transfer_date", "Virement", "date", 95),
        Column("tries", "Essais", "int", 65),
        Column("alert", "Alerte", width=240),
    ),
    filters=(
        Filter("status", "État", lifecycle="home_plus", width=220),
        Filter("period", "Mois", "month", width=160),
        Filter(("invoice_number", "client_name", "client_id", "request_id"), "facture, client…", "search"),
    ),
    actions=(
        Act("home_plus.poll", label="Relancer la synchronisation", primary=True, icon=":material/sync:"),
        Act("home_plus.retry", label="Renvoyer", icon=":material/replay:", when={"status": ("en_erreur",)}),
        Act(
            "home_plus.accept_status",
            ids="invoice_numbers",
            scope="one",
            label="Accepter l'état…",
        ),
    ),
    amount="amount",
    amount_label="demandés",
    oldest="status_at",
    order="-status_at",
    detail=panel,
    empty="Aucune demande. Faites-en depuis Clients Home+ toutes factures.",
)  # fmt: skip
show(QUEUE)
