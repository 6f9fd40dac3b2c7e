"""Who is looking, asked of the server on every rerun (spec 90, "Access").

A revoked session or a disabled account loses the screen at the next click: nothing about the user is kept in
Streamlit's own state except a mark that lets us drop what another user left in the same browser tab.
"""

from __future__ import annotations

import hashlib

import streamlit as st

from console import auth
from console.actions.registry import ALLOWED
from console.web import state
from console.web.guard import SESSION_COOKIE

OWNER = "_owner"
READERS = ("analyste", "comptable", "lecture", "admin")
EXPORTERS = ("analyste", "comptable", "admin")


def token() -> str:
    """The session token of this browser, as its websocket gave it; empty when there is none."""
    return st.context.cookies.get(SESSION_COOKIE) or ""


def current() -> auth.User | None:
    """The signed-in user, or None. Reads the database."""
    return auth.session_user(state.journal().reader, token())


def require(*roles: str) -> auth.User:
    """The user; the script ends here for whoever is signed out or has another role. Fragments, dialogs and
    callbacks call it too: each of them is a run of its own."""
    user = current()
    if user is None:
        st.session_state.clear()
        st.warning("Votre session a pris fin. Reconnectez-vous pour continuer.", title="Déconnecté")
        st.logout()
        st.stop()
    owner = hashlib.sha256(token().encode()).hexdigest()
    if st.session_state.get(OWNER, owner) != owner:
        st.session_state.clear()
    st.session_state[OWNER] = owner
    if roles and user.role not in roles:
        st.error("Votre profil ne donne pas accès à cet écran.", title="Accès refusé")
        st.stop()
    return user


def may_act(user: auth.User, role: str) -> bool:
    return user.role in ALLOWED.get(role, set())


def may_export(user: auth.User) -> bool:
    return user.role in EXPORTERS
