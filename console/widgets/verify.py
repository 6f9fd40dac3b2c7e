"""The button "Vérifier": `guichet verify` in a process of its own, and what it found."""

from __future__ import annotations

import subprocess
import sys

import streamlit as st

from console.auth import User
from console.web import state
from console.web.worker_process import environment
from console.widgets import session

KEY = "_verify"
SECONDS = 600


def _run() -> None:
    session.require("analyste", "comptable", "admin")
    command = [sys.executable, "-m", "console.cli", "verify"]
    try:
        done = subprocess.run(
            command,
            env=environment(state.settings()),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        st.session_state[KEY] = (done.returncode, (done.stdout + done.stderr).strip())
    except subprocess.TimeoutExpired:
        st.session_state[KEY] = (1, "La vérification n'a pas fini en dix minutes. Lancez « guichet verify ».")


def button(user: User) -> None:
    if user.role in ("analyste", "comptable", "admin"):
        st.button("Vérifier le journal", icon=":material/verified:", on_click=_run)


def show() -> None:
    if KEY not in st.session_state:
        return
    code, text = st.session_state[KEY]
    if code == 0:
        st.success("Tout se tient : chaîne, réservations, numéros et totaux.", title="Vérification réussie")
    else:
        st.error("La vérification a trouvé ce qui suit.", title="À examiner")
    if text:
        with st.expander("Détail"):
            st.code(text, language=None)
