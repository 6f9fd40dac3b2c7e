"""Simulation: the invoices that the month would give, before anything is created (spec 20)."""

from typing import Any

from console.widgets import cells, detail
from console.widgets.declaration import Act, Column, Filter, Queue
from console.widgets.queue import row_buttons, show


def panel(row: dict[str, Any]) -> None:
    detail.title(
        row["client_name"] or row["client_id"],
        cells.written(row["period"], "month"),
        cells.badge(row["kind"], detail.KINDS),
        cells.badge(row["payment_method"], detail.PAYMENT_METHODS),
    )
    if row["blocking_controls"]:
        detail.reason("Cette facture ne peut pas être créée en l'état.")
    row_buttons(QUEUE, row)
    detail.totals(row)
    detail.controls("draft_id", row["draft_id"])
    detail.lines("draft_invoice_lines", "draft_id", row["draft_id"])
    detail.facts([("Remplace", row["replaces"], "text"), ("Référence", row["draft_id"], "text")])


QUEUE = Queue(
    name="simulation",
    mart="marts.draft_invoices",
    title="Simulation",
    caption="Les factures que donneraient aujourd'hui les interventions validées. Rien n'est encore créé.",
    key="draft_id",
    noun=("facture simulée", "factures simulées"),
    columns=(
        Column("client_name", "Client"),
        Column("period", "Mois", "month", 125),
        Column("kind", "Type", "badge", 100, detail.KINDS),
        Column("total_incl_vat", "Total TTC", "euro", 100),
        Column("payer_total", "Financeur", "euro", 100),
        Column("client_total", "Client", "euro", 100),
        Column("line_count", "Lignes", "int", 65),
        Column("blocking_controls", "Blocages", "int", 75),
        Column("payment_method", "Règlement", "badge", 110, detail.PAYMENT_METHODS),
    ),
    filters=(
        Filter("period", "Mois", "month"),
        Filter("kind", "Type", "pills", detail.KINDS),
        Filter("payment_method", "Mode de règlement", badges=detail.PAYMENT_METHODS),
        Filter(("client_search", "client_id", "draft_id"), "client…", "search"),
    ),
    actions=(
        Act(
            "invoices.create",
            ids="draft_ids",
            label="Créer les factures",
            primary=True,
            icon=":material/note_add:",
        ),
        Act("invoices.create", scope="none", label="Créer tout un mois…", icon=":material/calendar_month:"),
    ),
    amount="total_incl_vat",
    amount_label="à facturer",
    order="client_name",
    detail=panel,
    empty="Rien à facturer. Validez des interventions, ou chargez-en dans Imports.",
)
show(QUEUE)
