"""The screen of a queue, from its declaration (spec 90, "Each screen"; `declaration.py` says what can be
declared).

Only one page of rows is ever in the browser. The selection is kept by business id, so that it survives
paging, sorting and a new run; what a row's position means is fixed when the page is drawn.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlencode

import pyarrow as pa
import streamlit as st

from console.actions.registry import ACTIONS
from console.auth import User
from console.warehouse.query import Warehouse
from console.web import state
from console.widgets import cells, doing, filters, formats, freshness, query, results, saved_views, session
from console.widgets.declaration import Act, Column, Queue
from console.widgets.query import Condition, Sql

ROW = 32  # pixels, the header too


def _rows(warehouse: Warehouse, sql: Sql) -> list[dict[str, Any]]:
    return warehouse.rows(sql.text, sql.params)


def _selection(queue: Queue) -> dict[str, bool]:
    return st.session_state.setdefault(f"{queue.name}:selection", {})


def _first_page(queue: Queue) -> None:
    st.session_state[f"{queue.name}-page"] = 1


def _sort_of(queue: Queue) -> str:
    sort = st.query_params.get(f"{queue.name}-tri", "")
    return sort if queue.column(sort.lstrip("-")) else queue.order


def _on_table(queue: Queue, key: str, page_ids: list[str]) -> None:
    """A box ticked, a cell opened or a header clicked. `page_ids` are the rows as the browser showed them."""
    event = st.session_state[key]["selection"]
    chosen = _selection(queue)
    for identifier in page_ids:
        chosen.pop(identifier, None)
    chosen.update({page_ids[position]: True for position in event["rows"] if position < len(page_ids)})
    for position, _ in event["cells"][:1]:
        if position < len(page_ids):
            st.query_params[f"{queue.name}-ouvert"] = page_ids[position]
    for name in event["columns"][:1]:
        st.query_params[f"{queue.name}-tri"] = f"-{name}" if _sort_of(queue) == name else name
        _first_page(queue)


def _header(queue: Queue, user: User, conditions: list[Condition], warehouse: Warehouse, box: Any) -> None:
    with box.container(horizontal=True, horizontal_alignment="right", width="content"):
        if session.may_export(user) and queue.mart.startswith("marts."):
            with st.popover("Exporter", icon=":material/download:"):
                st.caption("Toutes les lignes filtrées, pas seulement cette page.")
                for format, label in (("xlsx", "Excel"), ("csv", "CSV"), ("parquet", "Parquet")):
                    st.link_button(label, export_address(queue, conditions, format), width="stretch")
        saved_views.menu(queue, user.username)


def export_address(queue: Queue, conditions: list[Condition], format: str) -> str:
    return "/telechargement/export?" + urlencode(
        {
            "donnees": queue.mart.removeprefix("marts."),
            "format": format,
            "filtres": query.to_json(conditions),
            "tri": _sort_of(queue),
        }
    )


def _totals(queue: Queue, totals: dict[str, Any], run_id: str | None) -> None:
    with st.container(horizontal=True, border=True, gap="large", vertical_alignment="center"):
        number, _, word = formats.count(totals["items"], *queue.noun).partition(" ")
        st.markdown(f"**{number}** {word}", width="content")
        if queue.amount:
            amount = totals["amount"] if totals["amount"] is not None else Decimal("0.00")
            st.markdown(f"**{formats.euros(amount)}** {queue.amount_label}", width="content")
        if queue.oldest and totals["oldest"] is not None:
            st.markdown(f"la plus ancienne : **{age(totals['oldest'])}**", width="content")
        st.space("stretch")
        with st.container(width="content"):
            freshness.show(run_id)


def age(moment: Any) -> str:
    """`22 jours`, `aujourd'hui`, counted in the agency's days."""
    from datetime import UTC, datetime

    if isinstance(moment, datetime):
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(state.settings().zone).date()
    days = (state.settings().today() - moment).days
    return "aujourd'hui" if days == 0 else formats.count(days, "jour")


def _column_config(column: Column, sort: str, warehouse: Warehouse) -> Any:
    arrow = {column.name: " ↑", f"-{column.name}": " ↓"}.get(sort, "")
    if column.format == "badge":
        known = list((cells.badges_of(column, warehouse) or {}).values())
        return st.column_config.MultiselectColumn(
            column.label + arrow,
            width=column.width,
            options=[label for label, _ in known] or None,
            color=[colour for _, colour in known] or None,
        )
    alignment: Literal["left", "right"] = "right" if column.format in cells.RIGHT_ALIGNED else "left"
    return st.column_config.TextColumn(column.label + arrow, width=column.width, alignment=alignment)


def _table(queue: Queue, rows: list[dict[str, Any]], sql: Sql, sort: str, warehouse: Warehouse) -> None:
    columns = list(queue.columns)
    page_ids = [row["_id"] for row in rows]
    shown = [cells.record(row, columns, warehouse) for row in rows]
    table = pa.table({c.name: pa.array([r[c.name] for r in shown], _type(c)) for c in columns})
    nonce = st.session_state.get(f"{queue.name}:nonce", 0)
    mark = hashlib.sha256(f"{warehouse.run_id}{sql.text}{sql.params}{nonce}".encode()).hexdigest()[:16]
    key = f"{queue.name}:table:{mark}"
    chosen = _selection(queue)
    st.dataframe(
        table,
        key=key,
        hide_index=True,
        lazy=False,
        row_height=ROW,
        height=(min(len(rows), 15) + 1) * ROW + 3,
        column_config={c.name: _column_config(c, sort, warehouse) for c in columns},
        selection_mode=["multi-row", "single-cell", "single-column"],
        selection_default={"selection": {"rows": [i for i, one in enumerate(page_ids) if one in chosen]}},
        on_select=lambda: _on_table(queue, key, page_ids),
        alt=queue.title,
    )


def _type(column: Column) -> pa.DataType:
    return pa.list_(pa.string()) if column.format == "badge" else pa.string()


def _select_all(queue: Queue, sql: Sql) -> None:
    found = _rows(state.warehouse(), sql)
    doing.forget_selection(queue.name)
    st.session_state[f"{queue.name}:selection"] = {row["_id"]: True for row in found}


def start(queue: Queue, act: Act, identifiers: list[str], place: str) -> None:
    """The `on_click` of an action's button: opens its dialog on these rows."""
    session.require()
    spec = ACTIONS[act.action]
    parameter = "" if act.scope == "none" else (act.ids or spec.bulk)
    ids: list[str] = []
    found: dict[str, Any] = {"items": 0, "amount": None}
    if parameter:
        found = _rows(state.warehouse(), query.chosen(queue, identifiers, act.column))[0]
        ids = list(found["ids"] or [])
    column = act.column
    doing.open_dialog(
        doing.Pending(
            action=act.action,
            title=act.label or spec.label,
            ids=ids,
            ids_parameter=parameter,
            single=act.single,
            preset=dict(act.preset),
            items=found["items"],
            amount=found["amount"],
            noun=queue.noun,
            clear=queue.name if place == "bar" else "",
            states=act.states,
            names=lambda asked: _names(queue, column, asked),
        )
    )


def _names(queue: Queue, column: str, identifiers: list[str]) -> dict[str, str]:
    """What people call these ids: the first column of the queue, and the client."""
    shown = [c for c in queue.columns if c == queue.columns[0] or c.name == "client_name"]
    sql = query.named(queue, [c.name for c in shown], column, identifiers)
    return {
        row["_id"]: " · ".join(filter(None, (cells.written(row[c.name], c.format, c.badges) for c in shown)))
        for row in _rows(state.warehouse(), sql)
    }


def button(queue: Queue, act: Act, identifiers: list[str], user: User, place: str) -> None:
    """One action's button; nothing for whoever may not act."""
    spec = ACTIONS.get(act.action)
    if spec is None or not session.may_act(user, spec.role):
        return
    st.button(
        act.label or spec.label,
        key=f"{queue.name}:{place}:{act.action}:{act.label}",
        icon=act.icon or None,
        type="primary" if act.primary else "secondary",
        disabled=act.scope != "none" and not identifiers,
        on_click=start,
        args=(queue, act, identifiers, place),
    )


def _bar(
    queue: Queue, user: User, totals: dict[str, Any], all_ids: Sql, pages: int, warehouse: Warehouse
) -> None:
    identifiers = list(_selection(queue))
    bulk = [act for act in queue.actions if act.scope in ("many", "none")]
    with st.container(horizontal=True, vertical_alignment="center"):
        for act in bulk:
            button(queue, act, identifiers if act.scope == "many" else [], user, "bar")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.pagination(pages, key=f"{queue.name}-page", bind="query-params")
        st.space("stretch")
        if identifiers:
            found = _rows(warehouse, query.chosen(queue, identifiers))[0]
            words = formats.count(found["items"], "sélectionnée", "sélectionnées")
            amount = f" · {formats.euros(found['amount'])}" if found["amount"] is not None else ""
            st.caption(words + amount, width="content")
            st.button(
                "Tout désélectionner", type="tertiary", on_click=doing.forget_selection, args=(queue.name,)
            )
        if bulk and len(identifiers) < totals["items"]:
            label = f"Tout sélectionner ({formats.decimal_fr(min(totals['items'], query.MAX_IDS))})"
            st.button(label, type="tertiary", on_click=_select_all, args=(queue, all_ids))


def _panel(queue: Queue, rows: list[dict[str, Any]], user: User, warehouse: Warehouse) -> None:
    """The opened row: the one of the URL, else the first of the page."""
    asked = st.query_params.get(f"{queue.name}-ouvert")
    found = _rows(warehouse, query.row(queue, asked)) if asked else []
    if not found and rows:
        found = _rows(warehouse, query.row(queue, rows[0]["_id"]))
    if not found or queue.detail is None:
        return
    row = found[0]
    with st.container(border=True):
        if asked and row["_id"] != asked:
            st.caption("La ligne demandée n'est plus dans cette liste.")
        queue.detail(row)


def row_buttons(queue: Queue, row: dict[str, Any]) -> None:
    """The actions that the opened row allows; a detail panel says where they go. What the row calls for by
    itself (`when`) comes first, and only the first one is in the accent colour."""
    user = session.require()
    acts = [act for act in queue.actions if act.scope != "none" and query.matches(row, act.when)]
    acts = [act for act in acts if act.action in ACTIONS and session.may_act(user, ACTIONS[act.action].role)]
    acts.sort(key=lambda act: (not act.when, not act.primary))
    if acts:
        with st.container(horizontal=True):
            for position, act in enumerate(acts):
                button(queue, replace(act, primary=position == 0), [row["_id"]], user, "row")


def show(queue: Queue) -> None:
    """Draws the whole screen."""
    user, warehouse = session.require(), state.warehouse()
    left, right = st.columns([4, 2], vertical_alignment="bottom")
    left.markdown(f"## {queue.title}")
    left.caption(queue.caption)
    if warehouse.run_id is None:
        no_data()
        return
    header = right.container(horizontal=True, horizontal_alignment="right")
    results.show()
    conditions = filters.show(queue, warehouse, lambda: _first_page(queue))
    _header(queue, user, conditions, warehouse, header)
    sort = _sort_of(queue)
    totals = _rows(warehouse, query.totals(queue, conditions))[0]
    _totals(queue, totals, warehouse.run_id)
    if totals["items"]:
        _list(queue, user, conditions, sort, totals, warehouse)
    else:
        _empty(queue, conditions)
    if not saved_views.dialog(queue, user.username):
        doing.show_dialog()


def _list(
    queue: Queue,
    user: User,
    conditions: list[Condition],
    sort: str,
    totals: dict[str, Any],
    warehouse: Warehouse,
) -> None:
    pages = -(-totals["items"] // queue.page_size)
    page_key = f"{queue.name}-page"
    if st.session_state.get(page_key, 1) > pages:
        st.session_state[page_key] = pages
    main, side = st.columns([5, 2], gap="medium") if queue.detail else (st.container(), None)
    with main:
        table = st.container()
        _bar(queue, user, totals, query.ids(queue, conditions, sort), pages, warehouse)
    sql = query.page(queue, conditions, sort, st.session_state.get(page_key, 1))
    rows = _rows(warehouse, sql)
    with table:
        _table(queue, rows, sql, sort, warehouse)
    if side is not None:
        with side:
            _panel(queue, rows, user, warehouse)


def _empty(queue: Queue, conditions: list[Condition]) -> None:
    filtered = len(conditions) > len(query.base_conditions(queue))
    with st.container(border=True):
        if filtered:
            st.markdown("**Aucune ligne ne répond à ces filtres.**")
            st.button("Effacer les filtres", on_click=saved_views.apply, args=(queue, {}))
        else:
            st.markdown(f"**{queue.empty}**")


def no_data() -> None:
    with st.container(border=True):
        st.markdown("**Aucune donnée n'a encore été calculée.**")
        st.caption(
            "Chargez des fichiers dans Imports, puis lancez une exécution dans Administration › Exécutions."
        )
