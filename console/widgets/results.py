"""What an action did, item by item, and the wait until the screens show it (spec 00: "you always read your
own writes").
"""

from __future__ import annotations

import streamlit as st

from console.widgets import cells, jobs, session
from console.widgets.doing import RESULT, Done, published_seq, reasons, tally


@st.fragment(run_every=0.6)
def _wait(done: Done) -> None:
    """Progress until the published data has reached the decision; a failed run ends it with its reason."""
    session.require()
    if published_seq() >= done.result.seq:
        done.waiting = False
        st.rerun()
    job = jobs.read(done.job_id) if done.job_id else None
    if job and job["status"] == "failed":
        reason = job["message"] or "voir Administration › Exécutions"
        st.error(
            "Vos décisions sont enregistrées, mais les écrans n'ont pas pu être mis à jour : "
            + cells.markdown(reason),
            title="Mise à jour interrompue",
        )
        return
    running = bool(job and job["status"] == "running")
    st.progress(0.7 if running else 0.3, text="Enregistré. Mise à jour des écrans en cours…")


def show() -> None:
    """The result of the last action, until it is closed."""
    done: Done | None = st.session_state.get(RESULT)
    if done is None:
        return
    result = done.result
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            badges = [
                tally(("fait", "faits"), len(result.done), "green"),
                tally(("laissé de côté", "laissés de côté"), len(result.skipped), "orange"),
                tally(("en échec", "en échec"), len(result.failed), "red"),
            ]
            st.markdown(
                f"**{cells.markdown(done.title)}** &nbsp; {' '.join(filter(None, badges))}", width="content"
            )
            st.space("stretch")
            st.button(
                "Fermer",
                key="_result_close",
                type="tertiary",
                icon=":material/close:",
                on_click=lambda: st.session_state.pop(RESULT, None),
            )
        if result.message:
            st.caption(cells.markdown(result.message))
        if left := [*result.failed, *result.skipped]:
            reasons(left, done.names)
        if done.waiting:
            _wait(done)
