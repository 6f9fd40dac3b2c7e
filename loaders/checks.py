"""The pandera checks of the contracts, on columns of text.

Values have been brought to canonical text where they could be (`values.py`); what could not be is left as
it was behind a mark, and is told here, one French message per check. Nothing is coerced: a bad value fails
its own row and no other (spec 95). A check on a column looks at each distinct text once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.compute as pc

from loaders.contract import DEFAULT_WORD
from loaders.values import SKIPPED_TIME, UNREADABLE

if TYPE_CHECKING:
    from loaders.contract import Contract, Field

AMOUNT_LIMIT = Decimal(10) ** 10  # DECIMAL(12,2): ten digits before the point
FIRST_YEAR, LAST_YEAR = "1900", "2199"
TEXT_DTYPE = pd.ArrowDtype(pa.string())

_FORMATS = {
    "date": (
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
        "Date attendue, sous la forme AAAA-MM-JJ ou JJ/MM/AAAA.",
    ),
    "time": (
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"),
        "Date et heure attendues, sous la forme AAAA-MM-JJ HH:MM ou JJ/MM/AAAA HH:MM.",
    ),
    "money": (re.compile(r"-?[0-9]+\.[0-9]{2,}"), "Montant attendu, par exemple 1 234,56."),
    "quantity": (re.compile(r"-?[0-9]+\.[0-9]{2,}"), "Nombre attendu, par exemple 12,5."),
    "rate": (re.compile(r"-?[0-9]+\.[0-9]{4,}"), "Taux attendu, par exemple 80 %, 80 ou 0,8."),
    "integer": (re.compile(r"-?[0-9]+"), "Nombre entier attendu."),
    "boolean": (re.compile(r"true|false"), "Réponse attendue : oui ou non."),
}
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_SPREADSHEET_ERROR = r"^#(N/A|REF!|VALUE!|VALEUR!|DIV/0!|NAME\?|NOM\?|NUM!|NOMBRE!|NULL!|NUL!)$"
_CONTROL_SIGNS = bytes([*range(9), 11, 12, *range(14, 32), 127])
_ID_LENGTH = 200  # bytes of UTF-8

Holds = Callable[[str], bool]


@dataclass(frozen=True)
class RowRule:
    """A check over several columns of a row, said about the first of them. `holds(table)` answers true,
    false, or null where a value is missing or unreadable (that value's own check says so)."""

    name: str
    columns: tuple[str, ...]
    message: str
    holds: Callable[[pa.Table], pa.Array]

    @property
    def schema(self) -> pandera.DataFrameSchema:
        """A schema of its own, on its columns only: pandera reports a failing row once per column it was
        given."""
        check = pandera.Check(
            lambda frame: _verdict(self.holds(_table(frame)), frame.index),
            name=self.name, error=self.message, ignore_na=False,
        )  # fmt: skip
        return pandera.DataFrameSchema(checks=[check])


def build_schema(contract: Contract) -> pandera.DataFrameSchema:
    """Every column is text and may be null as far as pandera knows; "required" is a check with its own
    message."""
    composite = len(contract.key) > 1
    return pandera.DataFrameSchema(
        {
            field.name: pandera.Column(
                TEXT_DTYPE,
                checks=field_checks(field, composite and field.name in contract.key),
                nullable=True,
            )
            for field in contract.fields
        }
    )


def field_checks(field: Field, in_composite_key: bool = False) -> list[pandera.Check]:
    checks = []
    if field.required:
        checks.append(_on_column("obligatoire", "Valeur obligatoire absente.", pc.is_valid))
    elif field.filled:
        message = f"Indiquer une valeur ou le mot « {DEFAULT_WORD} »."
        checks.append(_on_column("obligatoire", message, pc.is_valid))
    if field.kind in ("text", "id"):
        checks += _text_checks(field, in_composite_key)
    elif field.kind == "choice":
        checks += _choice_checks(field)
    else:
        checks += _format_checks(field)
    if field.kind in ("date", "time"):
        message = f"Année attendue entre {FIRST_YEAR} et {LAST_YEAR}."
        checks.append(_on_text("annee", message, _canonical(field, _plausible_year)))
    if field.kind in ("money", "quantity", "rate", "integer"):
        checks += _number_checks(field)
    return checks


def after(later: str, earlier: str, message: str) -> RowRule:
    """Strictly later; canonical times and dates compare as text."""
    return RowRule(
        "chronologie", (later, earlier), message, lambda t: pc.greater(*_moments(t, later, earlier))
    )


def not_before(later: str, earlier: str, message: str) -> RowRule:
    return RowRule(
        "chronologie", (later, earlier), message, lambda t: pc.greater_equal(*_moments(t, later, earlier))
    )


def at_most_a_day(later: str, earlier: str, message: str) -> RowRule:
    """At most 24 hours elapsed: landing times are UTC, so a clock change does not count (spec 00, Time)."""

    def holds(table: pa.Table) -> pa.Array:
        end, start = (_seconds(column) for column in _moments(table, later, earlier))
        return pc.less_equal(pc.subtract(end, start), 86_400)

    return RowRule("duree", (later, earlier), message, holds)


def client_or_payer() -> RowRule:
    """A payment belongs to a client or to a payer, unless the issuer of vouchers made it."""

    def holds(table: pa.Table) -> pa.Array:
        known = pc.or_(pc.is_valid(table["client_id"]), pc.is_valid(table["payer_id"]))
        return pc.or_(known, pc.fill_null(pc.equal(table["emitter"], "emetteur_ts"), False))

    columns = ("client_id", "payer_id", "emitter")
    return RowRule("emetteur", columns, "Indiquer un client ou un organisme.", holds)


def _text_checks(field: Field, in_composite_key: bool) -> list[pandera.Check]:
    message = "Caractère de contrôle ou erreur de tableur (#N/A…) dans le texte."
    wrong = _none_match(rf"{_CONTROL}|{_SPREADSHEET_ERROR}", _CONTROL_SIGNS + b"#")
    checks = [_on_column("texte", message, wrong)]
    if field.kind == "id":
        checks.append(
            _on_column(
                "identifiant", "Identifiant attendu sur une ligne.", _none_match("[\r\n\t]", b"\r\n\t")
            )
        )
        message = f"Identifiant de {_ID_LENGTH} caractères au plus attendu."
        checks.append(
            _on_column("longueur", message, lambda c: pc.less_equal(pc.binary_length(c), _ID_LENGTH))
        )
    if in_composite_key and field.kind in ("id", "text"):
        checks.append(
            _on_column("identifiant", "Le signe « | » n'est pas admis ici.", _none_match(r"\|", b"|"))
        )
    return checks


def _choice_checks(field: Field) -> list[pandera.Check]:
    if field.open_choices:
        message = "Caractère de contrôle dans le texte."
        return [_on_column("texte", message, _none_match(_CONTROL, _CONTROL_SIGNS))]
    values = [*field.choices, *([DEFAULT_WORD] if field.inherits else [])]
    message = f"Valeur attendue : {', '.join(values)}."
    return [_on_text("liste", message, set(values).__contains__)]


def _format_checks(field: Field) -> list[pandera.Check]:
    shape, message = _FORMATS[field.kind]
    skipped = "Cette heure n'existe pas : les horloges avancent ce jour-là."
    checks = []
    if field.kind == "time":
        checks.append(_on_text("heure_inexistante", skipped, lambda text: not text.startswith(SKIPPED_TIME)))
    checks.append(
        _on_text(
            "format",
            message,
            lambda text: (
                bool(shape.fullmatch(text))
                or text.startswith(SKIPPED_TIME)
                or (field.inherits and text == DEFAULT_WORD)
            ),
        )
    )
    return checks


def _number_checks(field: Field) -> list[pandera.Check]:
    checks = []

    def add(name: str, message: str, holds: Callable[[Decimal], bool]) -> None:
        checks.append(_on_text(name, message, _canonical(field, lambda text: holds(Decimal(text)))))

    if field.kind in ("money", "quantity"):
        add(
            "decimales",
            "Deux décimales au plus.",
            lambda v: v == v.quantize(Decimal("0.01")) if _fits(v) else True,
        )
        add("grandeur", "Nombre trop grand (dix chiffres avant la virgule au plus).", _fits)
    if field.kind == "rate":
        message = "Quatre décimales au plus une fois ramené à une fraction (par exemple 33,33 %)."
        add("decimales", message, lambda v: v == v.quantize(Decimal("0.0001")) if _fits(v) else True)
    if field.minimum is not None:
        low = Decimal(field.minimum)
        add("minimum", "Nombre négatif refusé ici." if not low else f"Au moins {low}.", lambda v: v >= low)
    if field.maximum is not None:
        high = Decimal(field.maximum)
        add(
            "maximum",
            "Taux de 100 % au plus." if field.kind == "rate" else f"Au plus {high}.",
            lambda v: v <= high,
        )
    if field.positive:
        add("positif", "Montant strictement positif attendu.", lambda v: v > 0)
    if field.nonzero:
        add("non_nul", "Zéro refusé ici.", lambda v: v != 0)
    return checks


def _fits(value: Decimal) -> bool:
    return abs(value) < AMOUNT_LIMIT


def _plausible_year(text: str) -> bool:
    return FIRST_YEAR <= text[:4] <= LAST_YEAR


def _canonical(field: Field, holds: Holds) -> Holds:
    """True of what is not canonical: the check of the format has said it already."""
    shape = _FORMATS[field.kind][0]
    return lambda text: not shape.fullmatch(text) or holds(text)


def _on_text(name: str, message: str, holds: Holds) -> pandera.Check:
    """A check of single texts, made once per distinct text. Null passes."""

    def verdict(column: pa.Array) -> pa.Array:
        encoded = pc.dictionary_encode(column)
        answers = pa.array([holds(text) for text in encoded.dictionary.to_pylist()], pa.bool_())
        return answers.take(encoded.indices)

    return _on_column(name, message, verdict)


def _on_column(name: str, message: str, verdict: Callable[[pa.Array], pa.Array]) -> pandera.Check:
    return pandera.Check(
        lambda series: _verdict(verdict(_array(series)), series.index),
        name=name, error=message, ignore_na=False,
    )  # fmt: skip


def _none_match(pattern: str, signs: bytes) -> Callable[[pa.Array], pa.Array]:
    """No text matches. `signs`: bytes without which none can, looked for first in the whole column at
    once."""
    suspect = np.zeros(256, dtype=bool)
    suspect[list(signs)] = True

    def verdict(column: pa.Array) -> pa.Array:
        buffer = column.buffers()[2] if len(column) else None
        if buffer is None or not suspect[np.frombuffer(buffer, dtype=np.uint8)].any():
            return pa.array(np.ones(len(column), dtype=bool))
        return pc.invert(pc.match_substring_regex(column, pattern))

    return verdict


def _verdict(answers: pa.Array, index: pd.Index) -> pd.Series:
    if isinstance(answers, pa.ChunkedArray):
        answers = answers.combine_chunks()
    return pd.Series(pc.fill_null(answers, True).to_numpy(zero_copy_only=False), index=index)


def _array(series: pd.Series) -> pa.Array:
    array = pa.array(series, type=pa.string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _table(frame: pd.DataFrame) -> pa.Table:
    return pa.table({name: _array(frame[name]) for name in frame.columns})


def _moments(table: pa.Table, *names: str) -> tuple[pa.Array, ...]:
    """The columns, null where one could not be read: its own check says so."""
    columns = []
    for name in names:
        column = table[name].combine_chunks()
        unreadable = pc.starts_with(column, UNREADABLE)
        if pc.any(unreadable).as_py():
            column = pc.if_else(unreadable, pa.scalar(None, pa.string()), column)
        columns.append(column)
    return tuple(columns)


def _seconds(column: pa.Array) -> pa.Array:
    return pc.cast(pc.cast(column, pa.timestamp("s")), pa.int64())
