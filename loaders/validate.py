"""Normalise, then check: from text as read to canonical text, and the errors of each row that has some.

Steps are visible: `clean` (trim, blank to null) -> `canonical` (one column at a time, each distinct value
once) ->
`check` (pandera). The good path never looks at a row; only rows in error are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.compute as pc

from loaders.contract import DEFAULT_WORD, Contract
from loaders.readers.base import ABSENT
from loaders.values import UNREADABLE, Canonical, canonical_for

Error = dict[str, Any]  # {column, value, check, message}
Errors = dict[int, list[Error]]  # by position in the chunk
_SPACE = " \t\r\n\x0b\x0c\u00a0\u2007\u202f\u2009\u200b\ufeff"


def clean(table: pa.Table) -> pa.Table:
    """Trimmed text in composed Unicode, empty is null. A value that a JSON object does not have keeps its
    mark."""
    return pa.table({name: _clean(table[name]) for name in table.column_names})


def _clean(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_null(array.type):
        array = array.cast(pa.string())
    array = pc.utf8_trim(array, _SPACE)
    if not pc.all(pc.string_is_ascii(array)).as_py():
        array = pc.utf8_normalize(array, "NFC")
    return pc.if_else(pc.equal(pc.binary_length(array), 0), pa.scalar(None, pa.string()), array)


class Normaliser:
    """Canonical text of a contract's columns. Keeps what it has already read, for the whole file."""

    def __init__(self, contract: Contract, zone: ZoneInfo):
        self.contract = contract
        self._readers = {field.name: canonical_for(field, zone) for field in contract.fields}
        self._known: dict[str, dict[str, str]] = {}

    def table(self, cleaned: pa.Table, headers: Mapping[str, str]) -> pa.Table:
        """Every column of the contract, in its order. `headers`: contract column -> column of `cleaned`."""
        columns = {}
        for field in self.contract.fields:
            header = headers.get(field.name)
            missing = pa.scalar(DEFAULT_WORD if field.inherits else None, pa.string())
            if header is None:
                columns[field.name] = pa.repeat(missing, cleaned.num_rows)
                continue
            column = cleaned[header].combine_chunks()
            column = pc.if_else(pc.fill_null(pc.equal(column, ABSENT), False), missing, column)
            columns[field.name] = self._canonical(field.name, column)
        return pa.table(columns)

    def _canonical(self, name: str, column: pa.Array) -> pa.Array:
        read = self._readers[name]
        if read is None:
            return column
        encoded = pc.dictionary_encode(column)
        known = self._known.setdefault(self._shared(name), {})
        values = [_read(read, text, known) for text in encoded.dictionary.to_pylist()]
        return pa.array(values, pa.string()).take(encoded.indices)

    def _shared(self, name: str) -> str:
        """Times of all columns are read alike."""
        return "time" if self.contract.by_name[name].kind == "time" else name


def _read(read: Canonical, text: str, known: dict[str, str]) -> str:
    value = known.get(text)
    if value is None:
        found = read(text)
        value = UNREADABLE + text if found is None else found
        if len(known) < 500_000:
            known[text] = value
    return value


def blank_rows(cleaned: pa.Table) -> np.ndarray:
    """Rows without a single value (spreadsheets have many at their end)."""
    blank = np.ones(cleaned.num_rows, dtype=bool)
    for column in cleaned.columns:
        if not blank.any():
            break
        blank &= pc.is_null(column).to_numpy(zero_copy_only=False)
    return blank


def check(contract: Contract, table: pa.Table) -> Errors:
    """What pandera finds in a chunk of canonical text: every failing check of every row."""
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    errors: Errors = {}
    _collect(contract.schema, frame, errors)
    for rule in contract.rules:
        found: Errors = {}
        _collect(rule.schema, frame[list(rule.columns)], found)
        for position, of_row in found.items():
            errors.setdefault(position, []).append({**of_row[0], "column": rule.columns[0]})
    return errors


def _collect(schema: pandera.DataFrameSchema, frame: pd.DataFrame, errors: Errors) -> None:
    try:
        schema.validate(frame, lazy=True, inplace=True)
    except pandera.errors.SchemaErrors as failure:
        cases = failure.failure_cases
        for column, number, message, position in zip(
            cases["column"], cases["check_number"], cases["check"], cases["index"], strict=True
        ):
            if position is None or pd.isna(position):
                raise RuntimeError(f"schema of {schema.name}: {message}") from failure
            own = schema.columns.get(column)
            name = (own.checks if own is not None else schema.checks)[int(number)].name
            errors.setdefault(int(position), []).append({"column": column, "check": name, "message": message})


def with_values(errors: Errors, raw: Mapping[str, pa.ChunkedArray]) -> Errors:
    """The value of the file beside each error. `raw`: contract column -> what the file says."""
    for position, of_row in errors.items():
        for error in of_row:
            column = raw.get(error["column"])
            value = None if column is None else column[position].as_py()
            error.setdefault("value", None if value == ABSENT else value)
    return errors


@dataclass(frozen=True)
class Keys:
    """The business key of rows, as text joined by `|`."""

    contract: Contract

    def of(self, table: pa.Table, position: int, failing: Iterable[str] = ()) -> str | None:
        """The key of one row; None when a part of it is missing or wrong."""
        parts = []
        for name in self.contract.key:
            value = table[name][position].as_py()
            if value is None or value.startswith(UNREADABLE) or name in failing:
                return None
            parts.append(value)
        return "|".join(parts)
