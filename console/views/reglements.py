"""Règlements: money received or announced, and what of it is not set against an invoice yet."""

from typing import Any

from console.web import state
from console.widgets import cells, detail, timeline
from console.widgets.declaration import Act, Column, Filter, Queue
from console.widgets.queue import row_buttons, show

EMITTERS = {
    "client": ("Client", "gray"),
    "organisme": ("Organisme", "violet"),
    "home_plus": ("Home+", "blue"),
    "emetteur_ts": ("Émetteur de titres", "gray"),
}
STATES = {"annonce": ("Annoncé", "orange"), "recu": ("Reçu", "green")}


def panel(row: dict[str, Any]) -> None:
    detail.title(
        cells.written(row["amount"], "euro"),
        row["client_name"] or row["payer_id"],
        cells.badge(row["status"], STATES),
    )
    row_buttons(QUEUE, row)
    detail.facts(
        [
            ("Reçu le", row["received_on"], "date"),
            ("Émetteur", cells.label_of(row["emitter"], EMITTERS), "text"),
            ("Mode", row["method"], "text"),
            ("Référence", row["reference"], "text"),
            ("Ventilé", row["allocated"], "euro"),
            ("À ventiler", row["unallocated"], "euro"),
            ("Identifiant", row["payment_id"], "text"),
        ]
    )
    detail.table(
        state.warehouse().rows(
            "select invoice_number, amount from marts.allocations where source_id = ? "
            "order by invoice_number",
            (row["payment_id"],),
        ),
        [("invoice_number", "Facture", "text"), ("amount", "Montant", "euro")],
        "Ventilation",
    )
    timeline.show(timeline.of_streams(f"payment:{row['payment_id']}"))


QUEUE = Queue(
    name="reglements",
    mart="marts.payments",
    title="Règlements",
    caption="L'argent reçu ou annoncé, et ce qui n'est pas encore ventilé sur une facture.",
    key="payment_id",
    noun=("règlement", "règlements"),
    columns=(
        Column("received_on", "Reçu le", "date", 95),
        Column("client_name", "Client"),
        Column("emitter", "Émetteur", "badge", 110, EMITTERS),
        Column("amount", "Montant", "euro", 95),
        Column("unallocated", "À ventiler", "euro", 95),
        Column("status", "État", "badge", 85, STATES),
        Column("reference", "Référence"),
    ),
    filters=(
        Filter("emitter", "Émetteur", "pills", EMITTERS),
        Filter("status", "État", badges=STATES, width=120),
        Filter("received_on", "Reçu entre", "dates", width=220),
        Filter(("client_name", "client_id", "reference", "payment_id"), "client, référence…", "search"),
    ),
    actions=(
        Act(
            "payments.record",
            scope="none",
            label="Saisir un règlement…",
            icon=":material/add:",
            preset={"payment_id": None},
        ),
        Act(
            "payments.allocate",
            ids="payment_id",
            single=True,
            scope="one",
            label="Ventiler automatiquement",
            primary=True,
        ),
    ),
    amount="unallocated",
    amount_label="à ventiler",
    order="-received_on",
    detail=panel,
    empty="Aucun règlement. Saisissez-en un, ou chargez un fichier de règlements dans Imports.",
)
show(QUEUE)
