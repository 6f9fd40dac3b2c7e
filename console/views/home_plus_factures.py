"""Clients Home+ toutes factures: which invoices can be asked for, and why the others cannot (spec 30)."""

from typing import Any

from console.web import state
from console.widgets import cells, detail, home_plus
from console.widgets.declaration import Act, Column, Filter, Queue
from console.widgets.queue import row_buttons, show

ELIGIBLE = {True: ("Éligible", "green"), False: ("Non éligible", "orange")}


def panel(row: dict[str, Any]) -> None:
    warehouse = state.warehouse()
    detail.title(
        row["invoice_number"],
        row["client_name"] or row["client_id"],
        cells.badge(row["status"], cells.lifecycle(warehouse, "invoice")),
        cells.badge(row["request_status"], cells.lifecycle(warehouse, "home_plus")),
    )
    if not row["eligible"]:
        for reason in str(row["reasons"] or "").split("; "):
            detail.reason(reason)
    row_buttons(QUEUE, row)
    detail.facts(
        [
            ("Montant", row["amount"], "euro"),
            ("Mois", row["period"], "month"),
            ("Mode de règlement", cells.label_of(row["payment_method"], detail.PAYMENT_METHODS), "text"),
            (
                "Envoi",
                cells.label_of(row["delivery"], detail.DELIVERIES) if row["delivery"] else None,
                "text",
            ),
        ]
    )
    detail.lines("invoice_lines", "invoice_id", row["invoice_id"])
    found = home_plus.syncs(row["invoice_number"])
    home_plus.linked(found, row["request_status"])
    home_plus.history(row["invoice_number"], found)


QUEUE = Queue(
    name="hp-factures",
    mart="marts.home_plus_invoices",
    title="Clients Home+ toutes factures",
    caption="Quelles factures des clients Home+ peuvent être demandées, et pourquoi pas les autres.",
    key="invoice_number",
    noun=("facture", "factures"),
    columns=(
        Column("invoice_number", "Facture", width=115),
        Column("client_name", "Client"),
        Column("amount", "Montant", "euro", 95),
        Column("period", "Mois", "month", 125),
        Column("status", "Statut", "badge", 85, lifecycle="invoice"),
        Column("request_status", "Demande Home+", "badge", 150, lifecycle="home_plus"),
        Column("eligible", "Éligible", "bool", 70),
        Column("reasons", "Pourquoi non", width=260),
        Column("payment_method", "Règlement", "badge", 100, detail.PAYMENT_METHODS),
        Column("delivery", "Envoi", "badge", 80, detail.DELIVERIES),
    ),
    filters=(
        Filter(
            "payment_method",
            "Mode de règlement",
            badges=detail.PAYMENT_METHODS,
            default="Virement",
            width=150,
        ),
        Filter("eligible", "Éligible", "flag", width=100),
        Filter("status", "Statut", lifecycle="invoice", width=120),
        Filter("request_status", "Demande Home+", lifecycle="home_plus", width=190),
        Filter("period", "Mois", "month", width=150),
        Filter("delivery", "Envoi", badges=detail.DELIVERIES, width=110),
        Filter(("invoice_number", "client_name", "client_id"), "facture, client…", "search"),
    ),
    actions=(
        Act("home_plus.request_payment", primary=True, icon=":material/savings:", when={"eligible": (True,)}),
        Act(
            "invoices.send",
            column="invoice_id",
            label="Envoyer",
            icon=":material/send:",
            when={"status": ("validee",)},
        ),
    ),
    amount="amount",
    order="-invoice_number",
    detail=panel,
    empty="Aucune facture de client Home+. Elles apparaissent une fois validées.",
)
show(QUEUE)
