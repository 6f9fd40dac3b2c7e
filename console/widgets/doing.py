"""From a button to a decision: the dialog of an action, its confirmation, its result item by item, and the wait
until the screens show it (spec 90; spec 00, "you always read your own writes").

The decision is made in an `on_click`, with an idempotency key made when the dialog opens: a double click, a
body that runs twice or a resent request decide once.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import streamlit as st
from sqlalchemy import select

from console.actions.registry import ACTIONS, Action, Context, Refused, Result, run_action
from console.exports import formats
from console.journal.schema import jobs
from console.web import state
from console.widgets import cells, forms, session

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
    clear: str = ""  # the session key of the selection to forget once done
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


def published_seq() -> int:
    """The journal's number that the published figures have seen; 0 before the first run."""
    warehouse = state.warehouse()
    return warehouse.info().seq if warehouse.run_id is not None else 0


def open_dialog(pending: Pending) -> None:
    st.session_state[DIALOG] = pending


def close_dialog() -> None:
    st.session_state.pop(DIALOG, None)


def _asked(pending: Pending) -> list[forms.Field]:
    hidden = [*pending.preset, *([pending.ids_parameter] if pending.ids_parameter else [])]
    names = {f.name for f in forms.fields(ACTIONS[pending.action], hidden)}
    if pending.ids_parameter and "period" in names and not pending.preset.get("period"):
        hidden.append("period")  # the selection already says which ones
    return [f for f in forms.fields(ACTIONS[pending.action], hidden) if not _other_ids(f, pending)]


def _other_ids(asked: forms.Field, pending: Pending) -> bool:
    """Where the selection names the items, another list of ids would only contradict it."""
    return bool(pending.ids_parameter) and asked.kind == "list" and asked.name.endswith(("_ids", "_numbers"))


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
    """Leaves a job to the worker, in the name of the user."""
    user = session.require("analyste", "admin")
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
            "L'action n'a pas abouti et rien n'a été enregistré. Vous pouvez confirmer à nouveau sans risque de "
            "doublon."
        )
        return
    waiting = bool(result.done) and result.seq > published_seq()
    job = enqueue("warehouse.refresh", {"full": False}) if waiting else None
    st.session_state[RESULT] = Done(pending.title, result, job, waiting)
    if pending.clear:
        st.session_state.pop(pending.clear, None)
    close_dialog()


def _summary(pending: Pending) -> str:
    if not pending.ids_parameter:
        return ""
    words = formats.count(pending.items, *pending.noun)
    amount = f" · **{formats.euros(pending.amount)}**" if pending.amount is not None else ""
    return f"**{words}**{amount}"


def _reasons(items: Sequence[dict[str, Any]]) -> None:
    st.dataframe(
        [{"id": str(item.get("id", "")), "reason": str(item.get("reason", ""))} for item in items[:1000]],
        hide_index=True, height=min(36 * len(items) + 40, 260), alt="Éléments laissés et motifs",
        column_config={"id": st.column_config.TextColumn("Élément", width=150), "reason": "Motif"},
    )  # fmt: skip


def _show_check(result: Result | str) -> None:
    if isinstance(result, str):
        st.warning(result)
        return
    left = [*result.skipped, *result.failed]
    st.markdown(
        f":green-badge[{len(result.done)} à faire]"
        + (f" :orange-badge[{len(left)} laissé{'s' if len(left) > 1 else ''}]" if left else "")
    )
    if result.message:
        st.caption(cells.markdown(result.message))
    if left:
        _reasons(left)


def _check(pending: Pending) -> None:
    """Runs the action without keeping anything, so that what is left out and why is known before confirming."""
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
    _show_check(pending.check[1])


def _body(pending: Pending) -> None:
    session.require()
    spec: Action = ACTIONS[pending.action]
    if summary := _summary(pending):
        st.markdown(summary)
    if spec.confirm:
        st.caption(cells.markdown(spec.confirm))
    months = _months()
    for asked in _asked(pending):
        forms.ask(asked, pending.widget(asked.name), months, lambda month: formats.month(month).capitalize()
                  if str(month)[:1].isdigit() else month)  # fmt: skip
    _check(pending)
    if pending.error:
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


def _job(job_id: str) -> tuple[str, str]:
    with state.journal().reader.connect() as db:
        row = db.execute(select(jobs.c.status, jobs.c.message).where(jobs.c.job_id == job_id)).first()
    return (row[0], row[1] or "") if row else ("", "")


@st.fragment(run_every=0.6)
def _wait(done: Done) -> None:
    """Progress until the published data has reached the decision; a failed run ends it with its reason."""
    session.require()
    if published_seq() >= done.result.seq:
        done.waiting = False
        st.rerun()
    status, message = _job(done.job_id) if done.job_id else ("", "")
    if status == "failed":
        done.waiting = False
        st.error(
            f"Vos décisions sont enregistrées, mais les écrans n'ont pas pu être mis à jour : {message or 'voir Exécutions'}.",
            title="Mise à jour interrompue",
        )
        return
    st.progress(0.7 if status == "running" else 0.3, text="Enregistré. Mise à jour des écrans en cours…")


def show_result() -> None:
    """The result of the last action, item by item, until it is closed."""
    done: Done | None = st.session_state.get(RESULT)
    if done is None:
        return
    result = done.result
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{cells.markdown(done.title)}** &nbsp; :green-badge[{len(result.done)} fait{'s' if len(result.done) > 1 else ''}]"
                + (
                    f" :orange-badge[{len(result.skipped)} laissé{'s' if len(result.skipped) > 1 else ''}]"
                    if result.skipped
                    else ""
                )
                + (f" :red-badge[{len(result.failed)} en échec]" if result.failed else "")
            )
            st.space("stretch")
            st.button("Fermer", key="_result_close", type="tertiary", icon=":material/close:",
                      on_click=lambda: st.session_state.pop(RESULT, None))  # fmt: skip
        if result.message:
            st.caption(cells.markdown(result.message))
        if left := [*result.failed, *result.skipped]:
            _reasons(left)
        if done.waiting:
            _wait(done)
