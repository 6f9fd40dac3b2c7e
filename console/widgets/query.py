"""The SQL of a queue: server-side filter, sort and pages, every value a parameter (spec 90).

Column names come from declarations or are checked against the dataset (`checked`); values never enter the
text. No streamlit here: the export route builds the very same conditions.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from console.widgets.declaration import Queue

Op = Literal["in", "search", "ge", "le", "true", "false"]
OPS = ("in", "search", "ge", "le", "true", "false")
MAX_IDS = 100_000


class BadQuery(Exception):
    """A filter or a sort that does not fit the dataset; the message is one French sentence."""


@dataclass(frozen=True)
class Condition:
    columns: tuple[str, ...]
    op: Op
    values: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Sql:
    text: str
    params: tuple[Any, ...] = ()


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def relation(mart: str) -> str:
    return ".".join(quoted(part) for part in mart.split("."))


def key_expression(keys: Sequence[str]) -> str:
    """One text that names a row: the key, or its parts joined by `|`."""
    parts = [f"cast({quoted(key)} as varchar)" for key in keys]
    return parts[0] if len(parts) == 1 else f"concat_ws('|', {', '.join(parts)})"


def _predicate(condition: Condition) -> tuple[str, list[Any]]:
    column = quoted(condition.columns[0])
    if condition.op == "true":
        return f"coalesce({column}, false)", []
    if condition.op == "false":
        return f"not coalesce({column}, false)", []
    if condition.op == "ge":
        return f"{column} >= ?", [condition.values[0]]
    if condition.op == "le":
        return f"{column} <= ?", [condition.values[0]]
    if condition.op == "in":
        known = [value for value in condition.values if value is not None]
        parts = [f"{column} in ({', '.join('?' * len(known))})"] if known else []
        if len(known) < len(condition.values):
            parts.append(f"{column} is null")
        return f"({' or '.join(parts) or 'false'})", known
    words = str(condition.values[0]).split()
    haystack = "concat_ws(' ', " + ", ".join(_folded(name) for name in condition.columns) + ")"
    each = f"contains({haystack}, strip_accents(lower(?)))"
    return f"({' and '.join([each] * len(words)) or 'true'})", list(words)


def _folded(name: str) -> str:
    """Without capitals and accents. Columns in `_search` are stored so: folding names costs more than the search."""
    return quoted(name) if name.endswith("_search") else f"strip_accents(lower({quoted(name)}))"


def where(conditions: Iterable[Condition]) -> Sql:
    texts, params = [], []
    for condition in conditions:
        text, values = _predicate(condition)
        texts.append(text)
        params += values
    return Sql(" where " + " and ".join(texts) if texts else "", tuple(params))


def base_conditions(queue: Queue) -> list[Condition]:
    return [Condition((column,), "in", tuple(values)) for column, values in queue.where.items()]


def order_by(queue: Queue, sort: str) -> str:
    """`sort` is "column" or "-column" of the declared columns; anything else means the queue's own order. The
    order always ends in the key, so that pages neither repeat nor lose a row."""
    name = sort.lstrip("-")
    if queue.column(name) is None:
        sort, name = queue.order, queue.order.lstrip("-")
    parts = [f"{quoted(name)} {'desc' if sort.startswith('-') else 'asc'} nulls last"] if name else []
    return " order by " + ", ".join(parts + [quoted(key) for key in queue.keys])


def totals(queue: Queue, conditions: Iterable[Condition]) -> Sql:
    found = where(conditions)
    amount = f"sum({quoted(queue.amount)})" if queue.amount else "null"
    oldest = f"min({quoted(queue.oldest)})" if queue.oldest else "null"
    text = f"select count(*) as items, {amount} as amount, {oldest} as oldest from {relation(queue.mart)}"
    return Sql(text + found.text, found.params)


def page(queue: Queue, conditions: Iterable[Condition], sort: str, number: int) -> Sql:
    """The rows of page `number` (from 1), with `_id`."""
    found = where(conditions)
    names = dict.fromkeys([*(column.name for column in queue.columns), *queue.keys])
    columns = ", ".join(quoted(name) for name in names)
    text = (
        f"select {key_expression(queue.keys)} as _id, {columns} from {relation(queue.mart)}"
        f"{found.text}{order_by(queue, sort)} limit ? offset ?"
    )
    return Sql(text, (*found.params, queue.page_size, (number - 1) * queue.page_size))


def ids(queue: Queue, conditions: Iterable[Condition], sort: str) -> Sql:
    """Every `_id` that the filters keep, at most MAX_IDS."""
    found = where(conditions)
    text = f"select {key_expression(queue.keys)} as _id from {relation(queue.mart)}"
    return Sql(f"{text}{found.text}{order_by(queue, sort)} limit {MAX_IDS}", found.params)


def row(queue: Queue, identifier: str) -> Sql:
    """The whole row of one `_id`, within what belongs to the queue."""
    found = where(base_conditions(queue))
    link = " and " if found.text else " where "
    text = f"select {key_expression(queue.keys)} as _id, * from {relation(queue.mart)}{found.text}{link}"
    return Sql(f"{text}{key_expression(queue.keys)} = ? limit 1", (*found.params, identifier))


def chosen(queue: Queue, identifiers: Sequence[str], column: str = "") -> Sql:
    """Of the given `_id`s that are still there: their number, their amount, and the ids an action takes."""
    amount = f"sum({quoted(queue.amount)})" if queue.amount else "null"
    wanted = f"cast({quoted(column)} as varchar)" if column else key_expression(queue.keys)
    text = (
        f"select count(*) as items, {amount} as amount, list(distinct {wanted} order by {wanted}) as ids "
        f"from {relation(queue.mart)} where {key_expression(queue.keys)} in (select unnest(?::varchar[]))"
    )
    return Sql(text, (list(identifiers),))


def named(queue: Queue, names: Sequence[str], column: str, identifiers: Sequence[str]) -> Sql:
    """Columns that tell rows apart for people, by the ids that an action speaks of."""
    wanted = f"cast({quoted(column)} as varchar)" if column else key_expression(queue.keys)
    listed = ", ".join(quoted(name) for name in dict.fromkeys(names))
    text = f"select {wanted} as _id, {listed} from {relation(queue.mart)}"
    return Sql(f"{text} where {wanted} in (select unnest(?::varchar[]))", (list(identifiers),))


def distinct(queue: Queue, column: str, limit: int = 500) -> Sql:
    found = where(base_conditions(queue))
    name = quoted(column)
    text = f"select distinct {name} as value from {relation(queue.mart)}{found.text} order by 1 nulls last"
    return Sql(f"{text} limit {limit}", found.params)


def to_json(conditions: Iterable[Condition]) -> str:
    """Conditions as the export route takes them."""

    def plain(value: Any) -> Any:
        return str(value) if isinstance(value, Decimal | date | datetime) else value

    return json.dumps(
        [[list(c.columns), c.op, [plain(value) for value in c.values]] for c in conditions],
        ensure_ascii=False,
    )


def from_json(text: str, columns: Collection[str]) -> list[Condition]:
    """Conditions of an export request, checked against the dataset's columns. Raises BadQuery."""
    try:
        given = json.loads(text or "[]")
        conditions = [Condition(tuple(names), op, tuple(values)) for names, op, values in given]
    except (ValueError, TypeError) as error:
        raise BadQuery("Les filtres de l'export ne sont pas lisibles.") from error
    return [checked(condition, columns) for condition in conditions]


def checked(condition: Condition, columns: Collection[str]) -> Condition:
    if condition.op not in OPS or not condition.columns:
        raise BadQuery("Ce filtre n'existe pas.")
    for name in condition.columns:
        if name not in columns:
            raise BadQuery(f"Cette donnée n'a pas de colonne « {name} ».")
    if condition.op in ("ge", "le", "search") and len(condition.values) != 1:
        raise BadQuery("Ce filtre demande une valeur.")
    if not all(value is None or isinstance(value, str | int | bool) for value in condition.values):
        raise BadQuery("Ce filtre demande des valeurs simples.")
    return condition


def checked_order(sort: str, columns: Collection[str]) -> str:
    """An `order by` for an export; empty when the sort is not a column of the dataset."""
    name = sort.lstrip("-")
    if name not in columns:
        return ""
    return f" order by {quoted(name)} {'desc' if sort.startswith('-') else 'asc'} nulls last"


def matches(row_values: Mapping[str, Any], when: Mapping[str, Sequence[Any]]) -> bool:
    return all(row_values.get(column) in values for column, values in when.items())
