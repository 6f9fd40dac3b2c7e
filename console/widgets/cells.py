"""How a value of a mart is written on a screen: exact, French, the same in tables, panels and totals.

Cells are text already formatted by the server: Streamlit's own number formats follow the browser's language
and pass through floating point.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from console.warehouse.query import Warehouse
from console.web import state
from console.widgets import formats
from console.widgets.declaration import COLOURS, Badges, Column, Format

RIGHT_ALIGNED: tuple[Format, ...] = ("euro", "int", "hours", "percent")


def written(value: Any, format: Format, badges: Badges | None = None) -> str:
    """One cell. None is an empty text, never a zero."""
    if value is None or value == "":
        return ""
    if format == "euro":
        return formats.euros(value)
    if format == "date":
        return formats.day(value)
    if format == "datetime":
        return formats.moment(value, state.settings().zone)
    if format == "int":
        return formats.decimal_fr(value)
    if format == "hours":
        return formats.duration(int(value))
    if format == "month":
        return formats.month(str(value)).capitalize()
    if format == "bool":
        return "oui" if value else ""
    if format == "percent":
        return formats.percent(value)
    if format == "badge":
        return label_of(value, badges)
    return str(value)


def label_of(value: Any, badges: Badges | None) -> str:
    return badges[value][0] if badges and value in badges else str(value)


def colour_of(value: Any, badges: Badges | None) -> str:
    colour = badges[value][1] if badges and value in badges else "gray"
    return colour if colour in COLOURS else "gray"


def guess(value: Any) -> Format:
    """The format of a fact that no one declared."""
    if isinstance(value, Decimal):
        return "euro"
    if isinstance(value, datetime):
        return "datetime"
    if isinstance(value, date):
        return "date"
    return "bool" if isinstance(value, bool) else "text"


def markdown(text: Any) -> str:
    """Text of others, shown as it is: no character of it is markup."""
    return "".join("\\" + c if c in r"\`*_{}[]()#+-.!|<>~$:" else c for c in str(text)).replace("\n", " ")


def badge(value: Any, badges: Badges | None) -> str:
    """A coloured badge in Markdown; colour always comes with its word."""
    return f":{colour_of(value, badges)}-badge[{markdown(label_of(value, badges))}]" if value else ""


_lifecycles: dict[tuple[str | None, str], Badges] = {}


def lifecycle(warehouse: Warehouse, name: str) -> Badges:
    """Labels and colours of a lifecycle, from the seeds of the current run."""
    known = (warehouse.run_id, name)
    if known not in _lifecycles:
        rows = warehouse.rows(
            "select state, label_fr, colour from seeds.lifecycle_states where lifecycle = ? "
            "order by cast(rank as integer), state",
            (name,),
        )
        if len(_lifecycles) > 200:
            _lifecycles.clear()
        _lifecycles[known] = {row["state"]: (row["label_fr"], row["colour"]) for row in rows}
    return _lifecycles[known]


def badges_of(column: Column, warehouse: Warehouse) -> Badges | None:
    return lifecycle(warehouse, column.lifecycle) if column.lifecycle else column.badges


def record(row: Mapping[str, Any], columns: list[Column], warehouse: Warehouse) -> dict[str, Any]:
    """One row of the table: text, or a list of one label for badges."""
    shown: dict[str, Any] = {}
    for column in columns:
        text = written(row[column.name], column.format, badges_of(column, warehouse))
        shown[column.name] = ([text] if text else []) if column.format == "badge" else text
    return shown
