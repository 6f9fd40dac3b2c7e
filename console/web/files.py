"""Exports written to a temporary file, and the rejects of a file as users correct and reload them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from console.exports import tables
from console.warehouse.query import Warehouse

PREFIX = "guichet-export-"
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
}


def write(warehouse: Warehouse, sql: str, params: Sequence[Any], format: str, name: str) -> Path:
    """The rows of `sql` as a file, to be given to `remove` after use. Raises ExportRefused (French)."""
    path = Path(tempfile.mkdtemp(prefix=PREFIX)) / f"{name}.{format}"
    try:
        tables.export(warehouse, sql, path, format, params=params)
    except BaseException:
        remove(path)
        raise
    return path


def remove(path: Path) -> None:
    if path.parent.name.startswith(PREFIX):
        shutil.rmtree(path.parent, ignore_errors=True)


def rejects_csv(warehouse: Warehouse, batch_id: int) -> str | None:
    """The rejects of a batch in the loaders' own format, from the published data; None when there are none.

    The landing itself is not opened here: it belongs to whoever is loading."""
    from loaders.exchange import rejects_csv as written
    from loaders.landing import ensure_landing

    rows = warehouse.rows(
        "select batch_id, source, file_name, row_no, key, raw, errors from marts.rejected_rows "
        "where batch_id = ? order by row_no",
        (batch_id,),
    )
    if not rows:
        return None
    with duckdb.connect() as db:
        ensure_landing(db)
        batch = [batch_id, rows[0]["source"]]
        db.execute("insert into raw.load_batches (batch_id, source) values (?, ?)", batch)
        db.executemany(
            "insert into raw.rejected_rows by name select ? as batch_id, ? as source, ? as file_name, "
            "? as row_no, ? as key, ? as raw, ? as errors",
            [list(row.values()) for row in rows],
        )
        return written(db, batch_id)
