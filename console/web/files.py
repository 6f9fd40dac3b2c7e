"""Exports written to a temporary file, straight from the published run; and the rejects as users correct them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from console.warehouse.query import Warehouse

PREFIX = "guichet-export-"
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


def write(warehouse: Warehouse, sql: str, params: Sequence[Any], format: str, name: str) -> Path:
    """The rows of `sql` as a file. Raises duckdb.Error for parameters that do not fit, ExportError (French)."""
    from console.exports import tables

    path = Path(tempfile.mkdtemp(prefix=PREFIX)) / f"{name}.{format}"
    try:
        tables.write(warehouse, sql, params, path, format, name)
    except BaseException:
        remove(path)
        raise
    return path


def remove(path: Path) -> None:
    if path.parent.name.startswith(PREFIX):
        shutil.rmtree(path.parent, ignore_errors=True)


def rejects_csv(rows: Sequence[dict[str, Any]]) -> str:
    """The rejected rows as they came, with `_rejet` (which one it is) and `_motif`, ready to correct and reload."""
    names: dict[str, None] = {}
    lines = []
    for row in rows:
        values = json.loads(row["raw"])
        names.update(dict.fromkeys(values))
        with contextlib.suppress(ValueError):
            values["_motif"] = " ; ".join(str(error.get("message", "")) for error in json.loads(row["errors"]))
        lines.append({**values, "_rejet": f"{row['batch_id']}:{row['row_no']}"})
    out = io.StringIO()
    writer = csv.DictWriter(out, [*names, "_rejet", "_motif"], delimiter=";", restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _inert(value) for name, value in line.items()} for line in lines)
    return out.getvalue()


def _inert(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula is kept as a text."""
    text = "" if value is None else str(value)
    return "'" + text if text[:1] in ("=", "@") or (text[:1] in "+-" and text[1:2].isalpha()) else text
