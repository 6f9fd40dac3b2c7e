"""Tables for other software: CSV, XLSX, Parquet, JSON (spec 80; docs/decisions/documents-exports.md).

A DECIMAL never passes through float: DuckDB writes it as text (CSV, JSON), Arrow carries it (Parquet), XLSX
gets its exact digits. Rows stream through in batches. The query runs on a private connection that can read
the warehouse's file and nothing else, so a user's filter has nowhere to go.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from console.exports import filters
from console.exports.columns import Column, csv_row, csv_text, json_row, kind_of
from console.exports.filters import ExportRefused
from console.exports.workbook import Sheet
from console.warehouse import runs
from console.warehouse.query import NoPublishedRun, Warehouse

FORMATS = ("csv", "xlsx", "parquet", "json")
BATCH_ROWS = 20_000
MEMORY_LIMIT = "400MB"  # of DuckDB; beyond it, sorts spill to disk
__all__ = ["FORMATS", "ExportRefused", "ExportReport", "export"]


@dataclass(frozen=True)
class ExportReport:
    path: Path
    rows: int
    size: int  # bytes


def export(
    source: Warehouse | Path,
    query: str,
    path: Path | str,
    format: str,
    *,
    params: Sequence[Any] = (),
    where: str | None = None,
) -> ExportReport:
    """Writes a dataset (`query` is its name) or the rows of a SELECT (`query` is its text, with `?` for
    `params`) to `path`, which appears only when it is whole.

    `source`: the Warehouse (its run in service) or the path of a warehouse file. `where`: a condition written
    by a user, over the columns of the result. Raises ExportRefused (French sentence), NoPublishedRun."""
    if format not in FORMATS:
        raise ExportRefused(f"Format inconnu : « {format} ». Formats possibles : {', '.join(FORMATS)}.")
    target = Path(path)
    if not target.parent.is_dir():
        raise ExportRefused(f"Le dossier « {target.parent} » n'existe pas.")
    with _reader(_file(source)) as connection:
        sql = _select(connection, query)
        if where is not None and where.strip():
            sql = f"select * from ({sql}) as donnees where ({filters.checked(connection, where)}\n)"
        try:
            columns = _columns(connection, sql, params)
            with _whole(target) as temporary:
                rows = _write(connection, sql, params, columns, temporary, format)
        except duckdb.OutOfMemoryException as error:
            raise ExportRefused("L'export demande trop de mémoire : réduisez-le par un filtre.") from error
        except duckdb.Error as error:
            if where is None:
                raise
            raise filters.explained(error) from error
    return ExportReport(target, rows, target.stat().st_size)


def _write(
    connection: duckdb.DuckDBPyConnection, sql: str, params: Sequence[Any], columns: list[Column],
    target: Path, format: str,
) -> int:  # fmt: skip
    if format == "parquet":
        return _parquet(_batches(connection, sql, params, BATCH_ROWS * 5), target)
    if format == "xlsx":
        return _xlsx(connection, sql, params, columns, target)
    writer = _csv if format == "csv" else _json
    row = csv_row(columns) if format == "csv" else json_row(columns)
    lines = _batches(connection, f"select {row} as ligne from ({sql}) as donnees", params)
    with target.open("wb") as file:
        return writer(file, lines, columns)


def _xlsx(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    params: Sequence[Any],
    columns: list[Column],
    target: Path,
) -> int:
    counted = connection.execute(f"select count(*) from ({sql}) as donnees", list(params)).fetchone()
    sheet = Sheet(columns, counted[0] if counted else 0)
    numbered = f"select *, row_number() over () as _ligne from ({sql}) as donnees"
    return sheet.write(
        _batches(connection, f"select {sheet.row_sql()} as ligne from ({numbered}) as lignes", params), target
    )


def _csv(file: BinaryIO, lines: Iterator[pa.RecordBatch], columns: list[Column]) -> int:
    header = ";".join(csv_text(column.name) for column in columns)
    file.write(b"\xef\xbb\xbf" + header.encode() + b"\r\n")
    rows = 0
    for batch in lines:
        file.write("".join(line + "\r\n" for line in batch.column(0).to_pylist()).encode())
        rows += batch.num_rows
    return rows


def _json(file: BinaryIO, lines: Iterator[pa.RecordBatch], columns: list[Column]) -> int:
    rows = 0
    file.write(b"[")
    for batch in lines:
        text = ",\n".join(batch.column(0).to_pylist())
        file.write(((",\n" if rows else "\n") + text).encode() if text else b"")
        rows += batch.num_rows
    file.write(b"\n]\n")
    return rows


def _parquet(batches: Iterator[pa.RecordBatch], target: Path) -> int:
    rows = 0
    first = next(batches)
    with pq.ParquetWriter(target, first.schema, compression="zstd") as writer:
        for batch in chain([first], batches):
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _batches(
    connection: duckdb.DuckDBPyConnection, sql: str, params: Sequence[Any], size: int = BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    """Batches of at most `size` rows; the first one comes even when there is no row (it has the types)."""
    reader = connection.execute(sql, list(params)).to_arrow_reader(size)
    empty = True
    for batch in reader:
        empty = False
        yield batch
    if empty:
        yield pa.RecordBatch.from_pylist([], schema=reader.schema)


def _columns(connection: duckdb.DuckDBPyConnection, sql: str, params: Sequence[Any]) -> list[Column]:
    described = connection.execute(f"describe {sql}", list(params)).fetchall()
    return [Column(row[0], row[1], kind_of(row[1])) for row in described]


def _select(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    """The SELECT of a dataset's name, or the query itself."""
    if not query.strip().isidentifier():
        return query
    known = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'marts' and table_name = ?",
        [query.strip()],
    ).fetchone()
    if known is None:
        raise ExportRefused(f"Jeu de données inconnu : « {query.strip()} ». Voir « guichet datasets ».")
    return f'select * from marts."{known[0]}"'


def _file(source: Warehouse | Path) -> Path:
    if isinstance(source, Path):
        return source
    run_id = source.run_id
    if run_id is None:
        raise NoPublishedRun
    return runs.warehouse_file(source.home, run_id)


@contextmanager
def _reader(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own, bounded in memory, which can open no other file and change no setting."""
    with tempfile.TemporaryDirectory(prefix="guichet-") as spill, duckdb.connect(":memory:") as connection:
        settings: Callable[[str], Any] = connection.execute
        settings(f"attach '{str(database).replace(chr(39), chr(39) * 2)}' as warehouse (read_only)")
        settings("use warehouse")
        settings(f"set memory_limit = '{MEMORY_LIMIT}'")
        settings(f"set temp_directory = '{spill}'")
        settings("set threads = 2")
        settings("set enable_external_access = false")
        settings("set lock_configuration = true")
        yield connection


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A temporary file beside `target`, which takes its name once it is written and on disk."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        os.replace(temporary, target)
    except OSError as error:
        raise ExportRefused(f"Le fichier n'a pas pu être écrit ({error.strerror or error}).") from error
    finally:
        temporary.unlink(missing_ok=True)
