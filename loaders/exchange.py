"""The CSV files that go out so that they may come back: an empty template of a source, the rejects of a
batch."""

from __future__ import annotations

import csv
import io
import json

import duckdb

from loaders.contracts import SOURCES
from loaders.errors import Refused
from loaders.headers import REASONS_COLUMN, REJECT_COLUMN

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
    lines = [[*headers, *ours]]
    for (row_no, _, errors), row in zip(rows, cells, strict=True):
        reasons = " / ".join(_reason(error) for error in json.loads(errors))
        lines.append([*(row.get(name, "") for name in headers), f"{batch_id}:{row_no}", reasons])
    return _csv(lines)


def _reason(error: dict[str, str | None]) -> str:
    message = error["message"] or ""
    return f"{error['column']} : {message}" if error.get("column") else message


def _csv(lines: list[list[str]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=DELIMITER, lineterminator="\r\n").writerows(lines)
    return stream.getvalue()
