"""What a screen of rows is made of: a queue is declared, not programmed (spec 00, "Views are declarations").

Pure data: no streamlit here, so that routes and tests can read the same declarations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Format = Literal["text", "euro", "date", "datetime", "int", "hours", "month", "bool", "percent", "badge"]
# Badges: value -> (label, colour). Colours are those of the theme.
Badges = Mapping[str, tuple[str, str]]
COLOURS = ("red", "orange", "yellow", "blue", "green", "violet", "gray")


@dataclass(frozen=True)
class Column:
    """One column of the table. `name` is a column of the mart; money comes as DECIMAL and stays exact."""

    name: str
    label: str
    format: Format = "text"
    width: int | None = None  # pixels
    badges: Badges | None = None
    lifecycle: str = ""  # badges taken from seeds.lifecycle_states


@dataclass(frozen=True)
class Filter:
    """One filter, kept in the URL. `search` looks in all of `columns`; the others in the first one."""

    columns: str | Sequence[str]
    label: str
    kind: Literal["select", "pills", "month", "search", "flag", "dates"] = "select"
    badges: Badges | None = None
    lifecycle: str = ""
    default: str | None = None  # label of the choice taken when the URL says nothing
    width: int = 190

    @property
    def names(self) -> tuple[str, ...]:
        return (self.columns,) if isinstance(self.columns, str) else tuple(self.columns)

    @property
    def name(self) -> str:
        return "texte" if self.kind == "search" else self.names[0]


@dataclass(frozen=True)
class Act:
    """An action of the registry, offered on the selected rows, on the opened one, or on none (`scope`)."""

    action: str
    ids: str = ""  # the parameter that takes the ids; default: the action's own `bulk`
    column: str = ""  # where the ids are; default: the queue's key
    label: str = ""
    icon: str = ""
    scope: Literal["many", "one", "none"] = "many"
    primary: bool = False
    when: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # shown on rows where column ∈ values
    preset: Mapping[str, Any] = field(default_factory=dict)  # parameters already decided by the screen
    single: bool = False  # `ids` takes one value, not a list
    states: Mapping[str, str] = field(default_factory=dict)  # parameter -> lifecycle whose states it takes


@dataclass(frozen=True)
class Queue:
    name: str  # prefix of this screen's parameters in the URL, and of its saved views
    mart: str  # relation of the warehouse: "marts.invoices"
    title: str
    caption: str
    key: str | Sequence[str]
    columns: Sequence[Column]
    noun: tuple[str, str] = ("ligne", "lignes")
    filters: Sequence[Filter] = ()
    actions: Sequence[Act] = ()
    amount: str = ""
    amount_label: str = "au total"
    oldest: str = ""  # a date or timestamp column
    order: str = ""  # "column" or "-column"; the key always breaks ties
    where: Mapping[str, Sequence[Any]] = field(
        default_factory=dict
    )  # what belongs here, whatever the filters
    detail: Callable[[dict[str, Any]], None] | None = None
    empty: str = "Rien à traiter ici."
    page_size: int = 50

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key,) if isinstance(self.key, str) else tuple(self.key)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)
