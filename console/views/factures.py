"""Toutes les factures: numbered invoices and credit notes, what is sent, what is due (spec 20)."""

from typing import Any

from console.web import state
from console.widgets import cells, detail, timeline
from console.widgets.declaration import Act, Column, Filter, Queue
from console.widgets.queue import row_buttons, show


def panel(row: dict[str, Any]) -> None:
    warehouse = state.warehouse()
    detail.title(
        row["invoice_number"],
        row["client_name"] or row["client_id"],
        cells.badge(row["status"], cells.lifecycle(warehouse, "invoice")),
        cells.badge(row["kind"], detail.KINDS) if row["kind"] != "main" else "",
        cells.badge(row["home_plus_status"], cells.lifecycle(warehouse, "home_plus")),
    )
    row_buttons(QUEUE, row)
    detail.document(row["document_sha256"])
    detail.totals(row)
    detail.facts(
        [
            ("Payé par le client", row["client_paid"], "euro"),
            ("Reste dû par le client", row["client_due"], "euro"),
            ("Reste dû par le financeur", row["payer_due"] or None, "euro"),
            ("Émise le", row["issued_on"], "date"),
            ("Échéance", row["due_on"], "date"),
            ("Remplace", row["replaces"], "text"),
            ("Avoir sur", row["origin"], "text"),
            ("Motif", row["reason"], "text"),
        ]
    )
    detail.controls("invoice_id", row["invoice_id"])
    detail.lines("invoice_lines", "invoice_id", row["invoice_id"])
    detail.table(
        warehouse.rows(
            "select source_id, part, amount from marts.allocations where invoice_number = ? "
            "order by allocation_id",
            (row["invoice_number"],),
        ),
        [("source_id", "Règlement", "text"), ("part", "Part", "text"), ("amount", "Montant", "euro")],
        "Règlements",
    )
    streams = (f"invoice:{row['invoice_id']}", f"home_plus:{row['invoice_number']}")
    timeline.show(timeline.of_streams(*streams))


ISSUED = ("validee", "envoyee")
MAIN = ("main", "adj")
QUEUE = Queue(
    name="factures",
    mart="marts.invoices",
    title="Toutes les factures",
    caption="Factures et avoirs numérotés : envoi, règlement, demande Home+.",
    key="invoice_id",
    noun=("facture", "factures"),
    where={"status": ISSUED},
    columns=(
        Column("invoice_number", "Numéro", width=115),
        Column("client_name", "Client"),
        Column("period", "Mois", "month", 125),
        Column("total_incl_vat", "Total TTC", "euro", 100),
        Column("client_due", "Dû client", "euro", 95),
        Column("status", "Statut", "badge", 85, lifecycle="invoice"),
        Column("client_payment_state", "Règlement", "badge", 90, detail.PAYMENT_STATES),
        Column("home_plus_status", "Home+", "badge", 130, lifecycle="home_plus"),
        Column("delivery", "Envoi", "badge", 80, detail.DELIVERIES),
        Column("issued_on", "Émise le", "date", 95),
    ),
    filters=(
        Filter("status", "Statut", "pills", lifecycle="invoice"),
        Filter("period", "Mois", "month", width=140),
        Filter("kind", "Type", badges=detail.KINDS, width=105),
        Filter("client_payment_state", "Règlement", badges=detail.PAYMENT_STATES, width=115),
        Filter("delivery", "Envoi", badges=detail.DELIVERIES, width=105),
        Filter(("invoice_number", "client_search", "client_id"), "numéro, client…", "search", width=150),
    ),
    actions=(
        Act(
            "invoices.send",
            label="Envoyer",
            primary=True,
            icon=":material/send:",
            when={"status": ("validee",)},
        ),
        Act(
            "home_plus.request_payment",
            column="invoice_number",
            icon=":material/savings:",
            when={"status": ("envoyee",), "is_home_plus_client": (True,)},
        ),
        Act(
            "credit_notes.create",
            ids="invoice_number",
            column="invoice_number",
            single=True,
            scope="one",
            label="Faire un avoir…",
            when={"kind": (*MAIN, "repair")},
        ),
        Act(
            "invoices.allocate_adjustment",
            ids="credit_number",
            column="invoice_number",
            single=True,
            scope="one",
            label="Ventiler…",
            when={"kind": ("adj", "credit_note")},
        ),
        Act(
            "payments.record",
            ids="client_id",
            column="client_id",
            single=True,
            scope="one",
            label="Saisir un règlement…",
            preset={"emitter": "client", "payer_id": None, "payment_id": None},
        ),
    ),
    amount="total_incl_vat",
    amount_label="TTC",
    oldest="issued_on",
    order="-invoice_number",
    detail=panel,
    empty="Aucune facture numérotée. Validez des brouillons.",
)
show(QUEUE)
