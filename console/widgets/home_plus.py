"""What the Home+ screens share: the history of a request, and its synchronisations with the raw exchange."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from console.web import state
from console.widgets import cells, formats, timeline
from console.widgets.timeline import Moment

DIRECTIONS = {"envoi": "Envoi", "lecture": "Lecture", "fichier": "Fichier", "local": "Contrôle local"}
OUTCOMES = {"ok": "réussie", "error": "refusée", "unknown": "sans réponse sûre"}


def syncs(invoice_number: str) -> list[dict[str, Any]]:
    return state.warehouse().rows(
        "select syncs.*, exchanges.request, exchanges.response from marts.home_plus_syncs as syncs "
        "left join marts.home_plus_exchanges as exchanges using (exchange_seq) "
        "where syncs.invoice_number = ? order by syncs.position desc limit 50",
        (invoice_number,),
    )


def history(invoice_number: str, found: list[dict[str, Any]]) -> None:
    """Decisions and synchronisations in one timeline."""
    sql = "select invoice_id from marts.invoices where invoice_number = ?"
    invoice_id = state.warehouse().value(sql, (invoice_number,))
    moments = timeline.of_streams(f"invoice:{invoice_id}", f"home_plus:{invoice_number}")
    for sync in found:
        words = f"{DIRECTIONS.get(sync['direction'], sync['direction'])} : "
        words += sync["status_label"] or f"synchronisation {OUTCOMES.get(sync['outcome'], sync['outcome'])}"
        moments.append(Moment(sync["at"], words, "", sync["error_code"] or ""))
    timeline.show(moments)


def _body(text: str | None) -> None:
    if not text:
        st.caption("(vide)")
        return
    try:
        st.json(json.loads(text), expanded=2)
    except ValueError:
        st.code(text, language=None)


def linked(found: list[dict[str, Any]], status: str | None) -> None:
    """« Éléments liés »: the last synchronisation and its reason, the SMS to the client, raw exchanges."""
    if not found:
        return
    zone = state.settings().zone
    st.markdown("##### Éléments liés")
    last = found[0]
    st.markdown(
        f"Dernière synchronisation : {cells.markdown(OUTCOMES.get(last['outcome'], last['outcome']))}, "
        f"{formats.moment(last['at'], zone)}"
    )
    if last["message"] and last["outcome"] != "ok":
        st.caption(cells.markdown(last["message"]))
    if status == "en_attente_validation":
        st.markdown(":material/sms: Client notifié par SMS")
    with st.expander(
        f"Synchronisations ({len(found)})", on_change="rerun", key=f"syncs-{last['invoice_number']}"
    ) as box:
        if box.open:
            for sync in found:
                code = f" · {sync['http_status']}" if sync["http_status"] else ""
                direction = DIRECTIONS.get(sync["direction"], sync["direction"])
                st.markdown(
                    f"**{formats.moment(sync['at'], zone)}** · {direction}{code}"
                    + (f" · `{sync['error_code']}`" if sync["error_code"] else "")
                )
                if sync["request"] or sync["response"]:
                    st.caption("Requête")
                    _body(sync["request"])
                    st.caption("Réponse")
                    _body(sync["response"])
