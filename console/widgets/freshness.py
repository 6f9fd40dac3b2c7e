"""How fresh the figures on screen are, and the rerun when newer ones are published."""

from __future__ import annotations

import streamlit as st

from console.warehouse import runs
from console.web import state
from console.widgets import formats, session
from console.widgets.doing import DIALOG
from console.widgets.saved_views import NAMING


def sentence() -> str:
    """`Données de 14:32 · à jour`, or `· actualisation…` while decisions are newer than the figures."""
    info, journal = state.warehouse().info(), state.journal()
    zone = state.settings().zone
    when = formats.moment(info.finished_at, zone)
    today = formats.day(state.settings().now().astimezone(zone))
    when = when.removeprefix(today).strip()
    seen = info.seq >= journal.last_seq() and info.response_seq >= journal.last_response_seq()
    if seen:
        return f"Données de {when} · à jour"
    last = runs.history(state.settings().paths, 1)
    failed = bool(last) and not last[0].get("ok")
    return f"Données de {when} · " + ("dernière mise à jour en échec" if failed else "actualisation…")


@st.fragment(run_every=5)
def show(run_id: str | None) -> None:
    """The sentence, kept current; the screen follows a new run unless a dialog is being filled in."""
    session.require()
    busy = st.session_state.get(DIALOG) or st.session_state.get(NAMING)
    if state.warehouse().run_id != run_id and not busy:
        st.rerun()
    st.caption(sentence())
