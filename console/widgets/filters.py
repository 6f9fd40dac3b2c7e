"""The row of filters of a queue: native widgets bound to the URL, turned into conditions.

The URL keeps the French labels that Streamlit shows: a link can be read, and reproduces the view.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import streamlit as st

from console.warehouse.query import Warehouse
from console.widgets import cells, query
from console.widgets.declaration import Filter, Queue
from console.widgets.query import Condition

ALL = "Tous"
EMPTY = "(vide)"


def key_of(queue: Queue, filter: Filter) -> str:
    return f"{queue.name}-{filter.name}"


@st.cache_data(max_entries=500, show_spinner=False)
def _values(run_id: str | None, _warehouse: Warehouse, mart: str, column: str, _sql: query.Sql) -> list[Any]:
    """Distinct values of a column, once per run."""
    return [row["value"] for row in _warehouse.rows(_sql.text, _sql.params)]


def choices(queue: Queue, filter: Filter, warehouse: Warehouse) -> dict[str, Any]:
    """Label -> value, in the order shown."""
    column = filter.names[0]
    scope = f"{queue.mart}|{query.to_json(query.base_conditions(queue))}"
    values = _values(warehouse.run_id, warehouse, scope, column, query.distinct(queue, column))
    badges = cells.lifecycle(warehouse, filter.lifecycle) if filter.lifecycle else filter.badges
    if filter.kind == "month":
        values = sorted((v for v in values if v), reverse=True)
        return {cells.written(value, "month"): value for value in values}
    if badges:
        order = {value: rank for rank, value in enumerate(badges)}
        values = sorted(values, key=lambda value: (order.get(value, len(order)), str(value)))
    return {(cells.label_of(value, badges) if value not in (None, "") else EMPTY): value for value in values}


def _choice(
    queue: Queue, filter: Filter, warehouse: Warehouse, on_change: Callable[[], None]
) -> Condition | None:
    options = choices(queue, filter, warehouse)
    key = key_of(queue, filter)
    if not options:
        return None
    if filter.kind == "pills":
        picked = st.pills(
            filter.label, list(options), selection_mode="multi", key=key, bind="query-params",
            on_change=on_change, default=[filter.default] if filter.default in options else None,
        )  # fmt: skip
        values = tuple(options[label] for label in picked or [] if label in options)
        return Condition((filter.names[0],), "in", values) if values else None
    labels = [ALL, *options]
    index = labels.index(filter.default) if filter.default in labels else 0
    label = st.selectbox(
        filter.label,
        labels,
        index=index,
        key=key,
        bind="query-params",
        on_change=on_change,
        width=filter.width,
    )
    return Condition((filter.names[0],), "in", (options[label],)) if label in options else None


def _search(queue: Queue, filter: Filter, on_change: Callable[[], None]) -> Condition | None:
    text = st.text_input(
        "Rechercher", key=key_of(queue, filter), placeholder=filter.label, type="search",
        bind="query-params", on_change=on_change, width=filter.width,
    )  # fmt: skip
    return Condition(filter.names, "search", (text.strip(),)) if text and text.strip() else None


def _flag(queue: Queue, filter: Filter, on_change: Callable[[], None]) -> Condition | None:
    label = st.selectbox(
        filter.label, [ALL, "Oui", "Non"], key=key_of(queue, filter), bind="query-params",
        index=[ALL, "Oui", "Non"].index(filter.default or ALL), on_change=on_change, width=filter.width,
    )  # fmt: skip
    return (
        Condition((filter.names[0],), "true" if label == "Oui" else "false")
        if label in ("Oui", "Non")
        else None
    )


def _dates(queue: Queue, filter: Filter, on_change: Callable[[], None]) -> list[Condition]:
    picked: Any = st.date_input(  # type: ignore[call-overload]
        filter.label, value=(), format="DD/MM/YYYY", key=key_of(queue, filter), bind="query-params",
        on_change=on_change, width=filter.width,
    )  # fmt: skip
    days = picked if isinstance(picked, tuple) else (picked,)
    found = [day for day in days if isinstance(day, date)]
    ops: list[query.Op] = ["ge", "le"]
    return [Condition(filter.names[:1], op, (day.isoformat(),)) for op, day in zip(ops, found, strict=False)]


def show(queue: Queue, warehouse: Warehouse, on_change: Callable[[], None]) -> list[Condition]:
    """Draws the filters in one row and returns what they ask for, on top of what the queue always asks."""
    conditions = query.base_conditions(queue)
    if not queue.filters:
        return conditions
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for filter in queue.filters:
            if filter.kind == "search":
                found = _search(queue, filter, on_change)
            elif filter.kind == "flag":
                found = _flag(queue, filter, on_change)
            elif filter.kind == "dates":
                conditions += _dates(queue, filter, on_change)
                continue
            else:
                found = _choice(queue, filter, warehouse, on_change)
            if found:
                conditions.append(found)
    return conditions
