"""The pandera checks of the contracts, on columns of text.

Values have been brought to canonical text where they could be (`values.py`); what could not be is left as it was,
and is told here, one French message per check. Nothing is coerced: a bad value fails its own row and no other
(spec 95). A check on a column looks at each distinct text once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.compute as pc

from loaders.contract import DEFAULT_WORD, Contract, Field

MAX_AMOUNT = Decimal("9999999999.99")  # DECIMAL(12,2)
MAX_TEXT = 32_767  # characters of a cell, the limit of spreadsheets
FIRST_YEAR, LAST_YEAR = 1900, 2199

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_DECIMAL = re.compile(r"-?[0-9]+\.[0-9]{2,}")
_RATE = re.compile(r"-?[0-9]+\.[0-9]{4,}")
_INTEGER = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True)
class RowRule:
    """A check over several columns of a row. `holds(table)` answers true, false or null (cannot be told)."""

    name: str
    column: str  # the column the message is about
    message: str
    holds: Callable[[pa.Table], pa.Array]


def after(later: str, earlier: str, message: str) -> RowRule:
    """Strictly later; canonical times and dates compare as text."""
    return RowRule("chronologie", later, message, lambda t: pc.greater(*_moments(t, later, earlier)))


def not_before(later: str, earlier: str, message: str) -> RowRule:
    return RowRule("chronologie", later, message, lambda t: pc.greater_equal(*_moments(t, later, earlier)))


def at_most_a_day(later: str, earlier: str, message: str) -> RowRule:
    """At most 24 hours elapsed: landing times are UTC, so a clock change does not count (spec 00, Time)."""

    def holds(table: pa.Table) -> pa.Array:
        end, start = (_seconds(column) for column in _moments(table, later, earlier))
        return pc.less_equal(pc.subtract(end, start), 86_400)

    return RowRule("duree", later, message, holds)


def client_or_payer() -> RowRule:
    """A payment belongs to a client or to a payer, unless the issuer of vouchers made it."""

    def holds(table: pa.Table) -> pa.Array:
        known = pc.or_(pc.is_valid(table["client_id"]), pc.is_valid(table["payer_id"]))
        return pc.or_(known, pc.fill_null(pc.equal(table["emitter"], "emetteur_ts"), False))

    return RowRule("emetteur", "client_id", "Indiquer un client ou un organisme.", holds)


def _moments(table: pa.Table, later: str, earlier: str) -> tuple[pa.Array, pa.Array]:
    """Both columns, null where either is not canonical: its own check says so, this one has nothing to add."""
    columns = []
    for name in (later, earlier):
        column = table[name].combine_chunks() if isinstance(table[name], pa.ChunkedArray) else table[name]
        shape = pc.match_substring_regex(column, r"^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?$")
        columns.append(pc.if_else(shape, column, None))
    return columns[0], columns[1]


def _seconds(column: pa.Array) -> pa.Array:
    return pc.cast(pc.cast(column, pa.timestamp("s")), pa.int64())
