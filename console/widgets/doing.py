"""From a button to a decision: the dialog of an action, its confirmation, its result item by item, and the
wait until the screens show it (spec 90; spec 00, "you always read your own writes").

The decision is made in an `on_click`, with an idempotency key made when the dialog opens: a double click, a
body that runs twice or a resent request decide once.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from console.actions.registry import ACTIONS, Action, Context, Refused, Result, run_action
from console.web import state
from console.widgets import cells, formats, forms, session

log = logging.getLogger(__name__)
DIALOG, RESULT = "_dialog", "_result"
CHECKED_AT_ONCE = 2_000  # above this many items the check before confirming is asked for by a button


@dataclass
class Pending:
    """A dialog that is open."""

    action: str
    title: str
    ids: list[str]
    ids_parameter: str
    single: bool
    preset: dict[str, Any]
    items: int
    amount: Decimal | None
    noun: tuple[str, str]
    clear: str = ""  # the queue whose selection is forgotten once done
    states: Mapping[str, str] = field(default_factory=dict)
    names: Callable[[list[str]], dict[str, str]] = lambda ids: {}  # what people call these ids
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    check: tuple[str, Result | str] | None = None
    error: str = ""

    def widget(self, name: str) -> str:
        return f"form-{self.key}-{name}"


@dataclass
class Done:
    """A result to show, and what the screens must have seen before they are up to date."""

    title: str
    result: Result
    job_id: str | None
    waiting: bool
    names: Callable[[list[str]], dict[str, str]]


def published_seq() -> int:
    """The journal's number that the published figures have seen; 0 before the first run."""
    warehouse = state.warehouse()
    return warehouse.info().seq if warehouse.run_id is not None else 0


def forget_selection(queue: str) -> None:
    """No row is selected any more; the table is drawn anew, for the browser keeps its own ticks."""
    st.session_state.pop(f"{queue}:selection", None)
    st.session_state[f"{queue}:nonce"] = st.session_state.get(f"{queue}:nonce", 0) + 1


def open_dialog(pending: Pending) -> None:
    st.session_state[DIALOG] = pending


def close_dialog() -> None:
    st.session_state.pop(DIALOG, None)


def _stem(name: str) -> str:
    return re.sub(r"_(id|number)s?$", "", name)


def _asked(pending: Pending) -> list[forms.Field]:
    """What the dialog asks: not what the selection or the screen already says, nor another way to say it."""
    taken = pending.ids_parameter
    found = []
    for asked in forms.fields(ACTIONS[pending.action], [*pending.preset, taken]):
        if asked.kind == "list" and asked.name.endswith(("_ids", "_numbers")):
            continue
        if taken and (
            asked.name == "period" or (_stem(asked.name) == _stem(taken) and asked.name != _stem(taken))
        ):
            continue
        if asked.name == "period":
            asked = replace(asked, required=True)
        if lifecycle := pending.states.get(asked.name):
            known = cells.lifecycle(state.warehouse(), lifecycle)
            labels = {name: label for name, (label, _) in known.items()}
            asked = replace(asked, kind="choice", options=tuple(known), labels=labels)
        found.append(asked)
    return found


def _parameters(pending: Pending) -> dict[str, Any]:
    values = {f.name: st.session_state.get(pending.widget(f.name)) for f in _asked(pending)}
    given = {**pending.preset, **forms.parameters(_asked(pending), values)}
    if pending.ids_parameter:
        given[pending.ids_parameter] = pending.ids[0] if pending.single else pending.ids
    return given


def _run(pending: Pending, simulate: bool) -> Result:
    user = session.require()
    ctx = Context(state.settings(), state.journal(), state.warehouse(), user.username, user.role)
    raw = {**_parameters(pending), "simulate": simulate}
    return run_action(pending.action, raw, ctx, uuid.uuid4().hex if simulate else pending.key)


def enqueue(kind: str, payload: dict[str, Any]) -> str:
    """Leaves a job to the worker, in the name of the user; the caller has checked that they may."""
    user = session.require()
    with state.journal().begin(actor=user.username, now=state.settings().now()) as tx:
        job = tx.enqueue(kind, payload)
        tx.commit()
    return job


def decide() -> None:
    """The `on_click` of "Confirmer"."""
    pending: Pending | None = st.session_state.get(DIALOG)
    if pending is None:
        return
    pending.error = ""
    try:
        result = _run(pending, simulate=False)
    except (Refused, forms.FormError) as error:
        pending.error = str(error)
        return
    except Exception:
        log.exception("L'action %s a échoué", pending.action)
        pending.error = (
            "L'action n'a pas pu se terminer. Confirmez à nouveau : ce qui aurait déjà été enregistré ne le "
            "sera pas une seconde fois."
        )
        return
    waiting = bool(result.done) and result.seq > published_seq()
    job = _refresh() if waiting else None
    st.session_state[RESULT] = Done(pending.title, result, job, waiting, pending.names)
    if pending.clear:
        forget_selection(pending.clear)
    close_dialog()


def _refresh() -> str | None:
    """Asks for new figures. The decision is made by now: a refresh that cannot be asked for must not hide it
    (the worker looks for new decisions by itself)."""
    try:
        return enqueue("warehouse.refresh", {"full": False})
    except SQLAlchemyError:
        log.exception("La mise à jour n'a pas pu être demandée")
        return None


def _summary(pending: Pending) -> str:
    if not pending.ids_parameter:
        return ""
    words = formats.count(pending.items, *pending.noun)
    if len(pending.ids) == 1 and (name := pending.names(pending.ids).get(pending.ids[0])):
        words = cells.markdown(name)
    amount = f" · **{formats.euros(pending.amount)}**" if pending.amount is not None else ""
    return f"**{words}**{amount}"


def reasons(items: Sequence[dict[str, Any]], names: Callable[[list[str]], dict[str, str]]) -> None:
    """Which items were left, under the name people give them, and why."""
    shown = items[:1000]
    known = names([str(item.get("id", "")) for item in shown])
    st.dataframe(
        [
            {
                "name": known.get(str(item.get("id")), str(item.get("id", ""))),
                "reason": str(item.get("reason", "")),
            }
            for item in shown
        ],
        hide_index=True,
        row_height=32,
        height=(min(len(shown), 7) + 1) * 32 + 3,
        alt="Éléments laissés et motifs",
        column_config={
            "name": st.column_config.TextColumn("Élément", width=240),
            "reason": st.column_config.TextColumn("Motif"),
        },
    )


def tally(words: tuple[str, str], number: int, colour: str) -> str:
    return f":{colour}-badge[{formats.count(number, *words)}]" if number else ""


def _show_check(pending: Pending, result: Result | str) -> None:
    if isinstance(result, str):
        st.warning(result)
        return
    left = [*result.skipped, *result.failed]
    st.markdown(
        f":green-badge[{formats.decimal_fr(len(result.done))} à faire] "
        + tally(("laissé de côté", "laissés de côté"), len(left), "orange")
    )
    if left:
        reasons(left, pending.names)


def _check(pending: Pending) -> None:
    """Runs the action without keeping anything: what is left out, and why, is known before confirming."""
    try:
        asked = json.dumps(_parameters(pending), sort_keys=True, default=str)
    except forms.FormError:
        return
    if pending.check is None or pending.check[0] != asked:
        if len(pending.ids) > CHECKED_AT_ONCE and not st.button("Vérifier avant de confirmer"):
            return
        try:
            pending.check = (asked, _run(pending, simulate=True))
        except (Refused, forms.FormError) as error:
            pending.check = (asked, str(error))
        except Exception:
            log.exception("La vérification de %s a échoué", pending.action)
            pending.check = (asked, "La vérification n'a pas abouti.")
    _show_check(pending, pending.check[1])


def _body(pending: Pending) -> None:
    session.require()
    spec: Action = ACTIONS[pending.action]
    if summary := _summary(pending):
        st.markdown(summary)
    if spec.confirm:
        st.caption(cells.markdown(spec.confirm))
    months = _months()
    for asked in _asked(pending):
        forms.ask(
            asked,
            pending.widget(asked.name),
            months,
            lambda month: formats.month(month).capitalize() if str(month)[:1].isdigit() else month,
        )
    _check(pending)
    if pending.error and not (pending.check and pending.check[1] == pending.error):  # said once
        st.error(pending.error)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Annuler", key=pending.widget("_annuler")):
            close_dialog()
            st.rerun()
        st.button(
            "Confirmer", type="primary", key=pending.widget("_ok"), on_click=decide, icon=":material/check:"
        )
    if st.session_state.get(DIALOG) is not pending:
        st.rerun()


def _months() -> list[str]:
    """The current month and the 23 before it."""
    today = state.settings().today()
    found = []
    year, month = today.year, today.month
    for _ in range(24):
        found.append(f"{year:04}-{month:02}")
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return found


def show_dialog() -> None:
    """Called last by a screen: draws the dialog that is open, if any (one per run)."""
    pending: Pending | None = st.session_state.get(DIALOG)
    if pending is not None and pending.action in ACTIONS:
        st.dialog(pending.title, width="medium", on_dismiss=close_dialog)(_body)(pending)
