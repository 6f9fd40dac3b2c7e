"""What a contract is: the columns a source of facts must or may have, how they may be called in a file, the
key that tells two versions of the same fact from two facts. Declarations only; `checks.py` turns one into a
pandera schema, `landing.py` into a table. One contract a file, in `contracts/` (spec 10).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandera.pandas as pandera

    from loaders.checks import RowRule

Kind = Literal["text", "id", "date", "time", "money", "quantity", "rate", "integer", "boolean", "choice"]

DEFAULT_WORD = "defaut"  # care plans: take the payer's default value (spec 10)


@dataclass(frozen=True)
class Field:
    """One column of a contract.

    `aliases`: other headers it goes by (case, accents, spaces and punctuation do not count).
    `choices`: accepted values, each with its synonyms. `minimum`/`maximum`: inclusive bounds as decimal text;
    `positive`: strictly above 0; `nonzero`: not 0. `default` is what an empty value means: it stays null in
    landing, and a value equal to it is no new version. `inherits`: the word "defaut" is a value, and what a
    missing column lands as.
    """

    name: str
    kind: Kind = "text"
    label: str = ""
    required: bool = False
    aliases: tuple[str, ...] = ()
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    open_choices: bool = False  # other values than `choices` are accepted as they are
    minimum: str | None = None
    maximum: str | None = None
    positive: bool = False
    nonzero: bool = False
    default: str | None = None
    inherits: bool = False
    filled: bool = False  # the column may be missing (or say "defaut") but a cell may not be empty
    example: str = ""

    def with_(self, **changes: object) -> Field:
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Contract:
    """A source of facts. `key`: names of the columns of the business key, in order. `names`: French words
    that designate it in a file's or folder's name. `row_rules`: checks over several columns of a row."""

    name: str
    label: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    names: tuple[str, ...] = ()
    row_rules: tuple[Callable[[], RowRule], ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {f.name: f for f in self.fields}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields)

    @cached_property
    def required(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields if f.required)

    @cached_property
    def schema(self) -> pandera.DataFrameSchema:
        """The pandera schema of the contract, on columns of canonical text."""
        from loaders.checks import build_schema

        return build_schema(self)

    @cached_property
    def rules(self) -> tuple[RowRule, ...]:
        return tuple(make() for make in self.row_rules)


def text(name: str, label: str, **options: object) -> Field:
    return Field(name, "text", label, **options)  # type: ignore[arg-type]


def ident(name: str, label: str, **options: object) -> Field:
    return Field(name, "id", label, **options)  # type: ignore[arg-type]


def date(name: str, label: str, **options: object) -> Field:
    return Field(name, "date", label, **options)  # type: ignore[arg-type]


def time(name: str, label: str, **options: object) -> Field:
    return Field(name, "time", label, **options)  # type: ignore[arg-type]


def money(name: str, label: str, **options: object) -> Field:
    return Field(name, "money", label, **options)  # type: ignore[arg-type]


def quantity(name: str, label: str, **options: object) -> Field:
    return Field(name, "quantity", label, **options)  # type: ignore[arg-type]


def rate(name: str, label: str, **options: object) -> Field:
    return Field(name, "rate", label, **{"minimum": "0", "maximum": "1", **options})  # type: ignore[arg-type]


def integer(name: str, label: str, **options: object) -> Field:
    return Field(name, "integer", label, **options)  # type: ignore[arg-type]


def boolean(name: str, label: str, **options: object) -> Field:
    return Field(name, "boolean", label, **options)  # type: ignore[arg-type]


def choice(name: str, label: str, choices: dict[str, tuple[str, ...]], **options: object) -> Field:
    return Field(name, "choice", label, choices=choices, **options)  # type: ignore[arg-type]
