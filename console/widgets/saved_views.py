"""Views that a user keeps: the filters and the sort of a screen under a name (table `saved_views`)."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import streamlit as st
from sqlalchemy import delete, select

from console.journal.schema import saved_views
from console.web import state
from console.widgets import session
from console.widgets.declaration import Queue
from console.widgets.filters import ALL, key_of

SAVE = "Enregistrer cette vue…"
FORGET = "Supprimer une vue…"
RESET = "Effacer les filtres"
NAMING = "_naming_view"


def load(username: str, screen: str) -> dict[str, dict[str, Any]]:
    with state.journal().reader.connect() as db:
        rows = db.execute(
            select(saved_views.c.name, saved_views.c.query)
            .where(saved_views.c.username == username, saved_views.c.screen == screen)
            .order_by(saved_views.c.name)
        ).all()
    return {name: json.loads(text) for name, text in rows}


def save(username: str, screen: str, name: str, values: dict[str, Any]) -> None:
    row = {"username": username, "screen": screen, "name": name.strip()[:80]}
    with state.journal().engine.begin() as db:
        db.execute(delete(saved_views).filter_by(**row))
        db.execute(
            saved_views.insert().values(**row, query=json.dumps(values, ensure_ascii=False, default=str))
        )


def forget(username: str, screen: str, name: str) -> None:
    with state.journal().engine.begin() as db:
        db.execute(delete(saved_views).filter_by(username=username, screen=screen, name=name))


def current_values(queue: Queue) -> dict[str, Any]:
    """The filters of the screen as their widgets hold them, and the sort."""
    values: dict[str, Any] = {}
    for filter in queue.filters:
        value = st.session_state.get(key_of(queue, filter))
        if filter.kind == "dates":
            value = [day.isoformat() for day in value] if isinstance(value, list | tuple) else None
        if value:
            values[filter.name] = value
    if sort := st.query_params.get(f"{queue.name}-tri"):
        values["_tri"] = sort
    return values


def _put(queue: Queue, values: dict[str, Any]) -> None:
    for filter in queue.filters:
        key, value = key_of(queue, filter), values.get(filter.name)
        if filter.kind == "dates":
            st.session_state[key] = tuple(date.fromisoformat(day) for day in value or ())
        elif filter.kind == "pills":
            st.session_state[key] = value or []
        elif filter.kind == "search":
            st.session_state[key] = value or ""
        else:
            st.session_state[key] = value or filter.default or ALL


def apply(queue: Queue, values: dict[str, Any]) -> None:
    """Puts a view back; called from a callback, before the widgets are drawn. Streamlit 1.67 writes a value set by
    a script into the address one click later (measured): the screen shows the view at once, a link to it is
    complete from the next click on."""
    _put(queue, values)
    if values.get("_tri"):
        st.query_params[f"{queue.name}-tri"] = values["_tri"]
    else:
        st.query_params.pop(f"{queue.name}-tri", None)
    st.session_state[f"{queue.name}-page"] = 1


def _picked(queue: Queue, key: str) -> None:
    user = session.require()
    choice = st.session_state[key]
    if choice in (SAVE, FORGET):
        st.session_state[NAMING] = (queue.name, choice)
    elif choice == RESET:
        apply(queue, {})
    elif choice in (views := load(user.username, queue.name)):
        apply(queue, views[choice])


def _close() -> None:
    st.session_state.pop(NAMING, None)


def _keep(queue: Queue, values: dict[str, Any]) -> None:
    user = session.require()
    if name := str(st.session_state.get("_view_name", "")).strip():
        save(user.username, queue.name, name, values)
        _close()


def _drop(queue: Queue) -> None:
    user = session.require()
    forget(user.username, queue.name, st.session_state["_view_drop"])
    _close()


@st.dialog("Vues enregistrées", on_dismiss=_close)
def _dialog(queue: Queue, choice: str, values: dict[str, Any], names: list[str]) -> None:
    session.require()
    if choice == SAVE:
        st.caption("Les filtres et le tri de l'écran seront gardés sous ce nom, pour vous seul.")
        st.text_input("Nom de la vue", key="_view_name", max_chars=80)
        st.button("Enregistrer", type="primary", on_click=_keep, args=(queue, values))
    else:
        st.selectbox("Vue à supprimer", names, key="_view_drop")
        st.button("Supprimer", type="primary", on_click=_drop, args=(queue,), disabled=not names)
    if NAMING not in st.session_state:
        st.rerun()


def menu(queue: Queue, username: str) -> None:
    names = list(load(username, queue.name))
    key = f"{queue.name}:vues"
    options = [*names, RESET, SAVE, *([FORGET] if names else [])]
    st.menu_button("Vues", options, icon=":material/bookmark:", key=key, on_click=_picked, args=(queue, key))


def dialog(queue: Queue, username: str) -> bool:
    """Draws the naming dialog when it was asked for; True when it is open."""
    asked = st.session_state.get(NAMING)
    if not asked or asked[0] != queue.name:
        return False
    _dialog(queue, asked[1], current_values(queue), list(load(username, queue.name)))
    return True
