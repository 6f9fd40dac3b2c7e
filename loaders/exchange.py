"""The CSV files that go out so that they may come back: an empty template of a source, the rejects of a
batch."""

from __future__ import annotations

import csv
import io
import json

import duckdb

from loaders.contract import DEFAULT_WORD
from loaders.contracts import SOURCES
from loaders.errors import Refused
from loaders.headers import REASONS_COLUMN, REJECT_COLUMN, match_headers

DELIMITER = ";"


def template_csv(source: str) -> str:
    """Headers and one example row that begins with "#" (ignored when loaded). Raises Refused for no such
    source."""
    if source not in SOURCES:
        raise Refused(f"Source inconnue : « {source} ». Sources connues : {', '.join(SOURCES)}.")
    contract = SOURCES[source]
    example = [field.example for field in contract.fields]
    return _csv([list(contract.columns), ["#" + example[0], *example[1:]]])


def rejects_csv(landing: duckdb.DuckDBPyConnection, batch_id: int) -> str:
    """The rejected rows of a batch in the columns of their file, with `_rejet` (which reject a corrected row
    resolves) and `_motifs` (why; ignored when loaded). Only the header when the batch rejected nothing."""
    rows = landing.execute(
        "SELECT row_no, raw, errors FROM raw.rejected_rows WHERE batch_id = ? ORDER BY row_no", [batch_id]
    ).fetchall()
    cells = [json.loads(raw) for _, raw, _ in rows]
    ours = (REJECT_COLUMN, REASONS_COLUMN)
    headers = [name for name in dict.fromkeys(n for row in cells for n in row) if name not in ours]
    absent = _absent(landing, batch_id, headers)
    lines = [[*headers, *ours]]
    for (row_no, _, errors), row in zip(rows, cells, strict=True):
        reasons = " / ".join(_reason(error) for error in json.loads(errors))
        values = [(row[name] or "") if name in row else absent[name] for name in headers]
        lines.append([*values, f"{batch_id}:{row_no}", reasons])
    return _csv(lines)


def _absent(landing: duckdb.DuckDBPyConnection, batch_id: int, headers: list[str]) -> dict[str, str]:
    """What stands for a column that a JSON object did not have: the word that a missing column lands as."""
    row = landing.execute("SELECT source FROM raw.load_batches WHERE batch_id = ?", [batch_id]).fetchone()
    contract = SOURCES.get(row[0]) if row else None
    words = dict.fromkeys(headers, "")
    if contract is not None:
        for name, header in match_headers(contract, headers).columns.items():
            words[header] = DEFAULT_WORD if contract.by_name[name].inherits else ""
    return words


def _reason(error: dict[str, str | None]) -> str:
    message = error["message"] or ""
    return f"{error['column']} : {message}" if error.get("column") else message


def _csv(lines: list[list[str]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=DELIMITER, lineterminator="\r\n").writerows(lines)
    return stream.getvalue()
