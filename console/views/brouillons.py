"""Brouillons et contrôles: invoices created and not numbered yet, and what to look at before validating."""

from typing import Any

import streamlit as st

from console.widgets import cells, detail, timeline
from console.widgets.declaration import Act, Column, Filter, Queue
from console.widgets.queue import row_buttons, show


def draft_panel(row: dict[str, Any]) -> None:
    detail.title(
        row["client_name"] or row["client_id"],
        cells.written(row["period"], "month"),
        cells.badge(row["kind"], detail.KINDS),
        cells.badge(row["payment_method"], detail.PAYMENT_METHODS),
    )
    row_buttons(DRAFTS, row)
    detail.totals(row)
    detail.controls("invoice_id", row["invoice_id"])
    detail.lines("invoice_lines", "invoice_id", row["invoice_id"])
    timeline.show(timeline.of_streams(f"invoice:{row['invoice_id']}"))


def control_panel(row: dict[str, Any]) -> None:
    detail.title(
        row["client_name"] or row["client_id"], row["code"], cells.badge(row["severity"], detail.SEVERITIES)
    )
    detail.reason(row["message"], row["remedy"] or "")
    detail.facts(
        [
            ("Mois", row["period"], "month"),
            ("Montant", row["amount"], "euro"),
            ("Sujet", row["subject"], "text"),
            ("Facture", row["invoice_id"] or row["draft_id"], "text"),
        ]
    )
    if row["invoice_id"]:
        detail.lines("invoice_lines", "invoice_id", row["invoice_id"])
    elif row["draft_id"]:
        detail.lines("draft_invoice_lines", "draft_id", row["draft_id"])


DRAFTS = Queue(
    name="brouillons",
    mart="marts.invoices",
    title="Brouillons",
    caption="Factures créées, au contenu figé, qui n'ont pas encore de numéro. Contrôlez-les, puis validez.",
    key="invoice_id",
    noun=("brouillon", "brouillons"),
    where={"status": ("brouillon",)},
    columns=(
        Column("client_name", "Client"),
        Column("period", "Mois", "month", 125),
        Column("kind", "Type", "badge", 100, detail.KINDS),
        Column("total_incl_vat", "Total TTC", "euro", 100),
        Column("payer_total", "Financeur", "euro", 100),
        Column("client_total", "Client", "euro", 100),
        Column("payment_method", "Règlement", "badge", 110, detail.PAYMENT_METHODS),
        Column("delivery", "Envoi", "badge", 85, detail.DELIVERIES),
        Column("created_at", "Créé le", "datetime", 130),
    ),
    filters=(
        Filter("period", "Mois", "month"),
        Filter("kind", "Type", "pills", detail.KINDS),
        Filter("delivery", "Envoi", badges=detail.DELIVERIES, width=140),
        Filter(("client_search", "client_id", "invoice_id"), "client…", "search"),
    ),
    actions=(
        Act("invoices.validate", label="Valider", primary=True, icon=":material/task_alt:"),
        Act("invoices.send", label="Valider et envoyer", icon=":material/send:"),
        Act("invoices.delete", label="Supprimer", icon=":material/delete:"),
    ),
    amount="total_incl_vat",
    amount_label="à valider",
    oldest="created_at",
    order="client_name",
    detail=draft_panel,
    empty="Aucun brouillon. Créez des factures depuis Simulation.",
)
CONTROLS = Queue(
    name="controles",
    mart="marts.invoice_controls",
    title="Contrôles",
    caption="Ce qu'il faut regarder avant de valider. Seuls les contrôles bloquants empêchent de créer.",
    key="control_id",
    noun=("contrôle", "contrôles"),
    columns=(
        Column("severity", "Gravité", "badge", 90, detail.SEVERITIES),
        Column("client_name", "Client"),
        Column("period", "Mois", "month", 125),
        Column("message", "Constat"),
        Column("remedy", "Remède"),
        Column("amount", "Montant", "euro", 95),
    ),
    filters=(
        Filter("severity", "Gravité", "pills", detail.SEVERITIES),
        Filter("code", "Contrôle", width=230),
        Filter("period", "Mois", "month", width=160),
        Filter(("client_name", "message", "subject"), "client, constat…", "search"),
    ),
    order="severity",
    detail=control_panel,
    empty="Aucun contrôle à signaler.",
)
part = st.segmented_control(
    "Partie",
    ["Brouillons", "Contrôles"],
    default="Brouillons",
    required=True,
    key="brouillons-partie",
    bind="query-params",
    label_visibility="collapsed",
)
show(CONTROLS if part == "Contrôles" else DRAFTS)
