"""Pieces of a detail panel: title, facts, reason and remedy, lines, controls, documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from console.web import state
from console.widgets import cells, formats
from console.widgets.declaration import Badges, Format

LABELS = {
    "payment_method": "mode de règlement",
    "birth_date": "date de naissance",
    "email": "e-mail",
    "phone": "téléphone",
    "address": "adresse",
    "postal_code": "code postal",
    "city": "ville",
    "invoice_delivery": "mode d'envoi",
    "home_plus_id": "identifiant Home+",
    "home_plus_activated_on": "date d'activation Home+",
    "home_plus_status": "état du compte Home+",
}
DAY_TYPES: Badges = {
    "weekday": ("Semaine", "gray"),
    "saturday": ("Samedi", "blue"),
    "sunday_holiday": ("Dimanche ou férié", "violet"),
}
SEVERITIES: Badges = {
    "bloquant": ("Bloquant", "red"),
    "alerte": ("Alerte", "orange"),
    "home_plus": ("Home+", "blue"),
}
POOLS = {"main": "plafond mensuel", "sunday": "plafond dimanches et fériés"}
PAYMENT_METHODS: Badges = {
    "virement": ("Virement", "green"),
    "prelevement": ("Prélèvement", "blue"),
    "cheque": ("Chèque", "gray"),
    "cesu": ("CESU", "violet"),
    "carte": ("Carte", "gray"),
    "especes": ("Espèces", "gray"),
}
DELIVERIES: Badges = {"mail": ("E-mail", "blue"), "courrier": ("Courrier", "gray")}
KINDS: Badges = {
    "main": ("Facture", "gray"),
    "adj": ("Ajustement", "violet"),
    "credit_note": ("Avoir", "orange"),
    "repair": ("Réparation", "gray"),
}
PAYMENT_STATES: Badges = {
    "a_regler": ("À régler", "orange"),
    "partiel": ("Partiel", "red"),
    "regle": ("Réglé", "green"),
    "trop_percu": ("Trop-perçu", "violet"),
}
BILLING_STATES: Badges = {
    "sans_validation": ("À valider", "orange"),
    "simulee": ("Simulée", "blue"),
    "facturee": ("Facturée", "green"),
    "bloquee": ("Bloquée", "red"),
    "annulee": ("Annulée", "gray"),
}
GAPS: Badges = {
    "MANQUANTE": ("Manquante", "red"),
    "NON_PLANIFIEE": ("Non planifiée", "orange"),
    "ECART_DUREE": ("Écart de durée", "orange"),
    "CHEVAUCHEMENT_INTERVENANT": ("Intervenant en double", "violet"),
    "CHEVAUCHEMENT_CLIENT": ("Client en double", "blue"),
}
FIXERS: Badges = {
    "agency": ("Agence", "orange"),
    "client": ("Client", "blue"),
    "payer": ("Urssaf", "violet"),
    "retry": ("Réessai", "gray"),
}


def title(text: Any, subtitle: Any = "", *badges: str) -> None:
    st.markdown(f"### {cells.markdown(text)}")
    line = " · ".join(part for part in (cells.markdown(subtitle) if subtitle else "", *badges) if part)
    if line:
        st.markdown(line)


def facts(pairs: Iterable[tuple[str, Any, Format]]) -> None:
    """Label and value; what is empty is left out."""
    shown = {
        label: cells.markdown(text)
        for label, value, format in pairs
        if (text := cells.written(value, format))
    }
    if shown:
        st.table(shown, border="horizontal", alt="Caractéristiques")


def reason(text: str, remedy: str = "") -> None:
    st.markdown(f"**{cells.markdown(text)}**")
    if remedy:
        st.caption(cells.markdown(remedy))


def how_priced(line: Mapping[str, Any]) -> str:
    """How a line came about, in one sentence: rate, day type, coverage, pool, shares, reversal (spec 20)."""
    if line.get("reversed_line_no") is not None:
        origin = line.get("reversed_invoice_number") or line["reversed_invoice_id"]
        return f"Annule la ligne {line['reversed_line_no']} de {origin}"
    parts = []
    if line.get("minutes"):
        parts.append(f"{formats.duration(line['minutes'])} × {formats.euros(line['rate'])}/h")
        parts.append(cells.label_of(line.get("day_type"), DAY_TYPES).lower())
    elif line.get("quantity") is not None:
        parts.append(f"{formats.quantity(line['quantity'])} × {formats.euros(line['rate'])}")
    if line.get("covered"):
        plan = f"plan {line['care_plan_id']}"
        if line.get("plan_rate") is not None and line.get("coverage_rate") is not None:
            plan += f" : {formats.euros(line['plan_rate'])}/h à {formats.percent(line['coverage_rate'])}"
        parts.append(plan)
        if line.get("pool"):
            parts.append(POOLS.get(line["pool"], line["pool"]))
    elif line.get("minutes"):
        parts.append("tarif du contrat, sans prise en charge")
    if line.get("informative_payer_share"):
        parts.append(f"part du financeur pour information : {formats.euros(line['informative_payer_share'])}")
    if line.get("is_adjustment"):
        parts.append("ajustement")
    return " · ".join(parts)


def lines(mart: str, column: str, value: str, limit: int = 40) -> None:
    """The lines of a draft or an invoice, each with how it came about."""
    found = state.warehouse().rows(
        f"select * from marts.{mart} where {column} = ? order by line_no limit ?", (value, limit + 1)
    )
    if not found:
        return
    st.markdown("##### Lignes")
    for line in found[:limit]:
        with st.container(gap=None):
            what, amount = st.columns([3, 1.4], gap="small")
            what.markdown(f"{formats.day(line['date'])} {cells.markdown(line['label'])}")
            amount.markdown(f"**{formats.euros(line['amount'])}**", text_alignment="right")
            how = cells.markdown(how_priced(line))
            if line["payer_share"]:
                payer, client = formats.euros(line["payer_share"]), formats.euros(line["client_share"])
                how += f" · {cells.markdown(f'financeur {payer}, client {client}')}"
            st.caption(how)
    if len(found) > limit:
        st.caption(f"Les {limit} premières lignes ; l'export contient toutes les lignes.")


def totals(row: Mapping[str, Any]) -> None:
    facts(
        [
            ("Total TTC", row.get("total_incl_vat"), "euro"),
            ("dont TVA", row.get("total_vat"), "euro"),
            ("Part du financeur", row.get("payer_total"), "euro"),
            ("Net à payer par le client", row.get("client_total"), "euro"),
        ]
    )


def controls(column: str, value: str) -> None:
    """The controls that speak of a draft or an invoice: message and remedy, blocking ones first."""
    found = state.warehouse().rows(
        f"select code, severity, message, remedy from marts.invoice_controls where {column} = ? "
        "order by case severity when 'bloquant' then 0 when 'alerte' then 1 else 2 end, code, control_id "
        "limit 50",
        (value,),
    )
    if not found:
        return
    st.markdown("##### Contrôles")
    for control in found:
        st.markdown(f"{cells.badge(control['severity'], SEVERITIES)} {cells.markdown(control['message'])}")
        if control["remedy"]:
            st.caption(cells.markdown(control["remedy"]))


def document(sha256: str | None, label: str = "Ouvrir le PDF") -> None:
    if sha256:
        st.link_button(label, f"/telechargement/document/{sha256}", icon=":material/picture_as_pdf:")


def table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[tuple[str, str, Format]], heading: str
) -> None:
    """A small table inside a panel."""
    if not rows:
        return
    st.markdown(f"##### {heading}")
    shown = [
        {label: cells.markdown(cells.written(row[name], format)) for name, label, format in columns}
        for row in rows
    ]
    st.table(shown, border="horizontal", hide_index=True, alt=heading)
