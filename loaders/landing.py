"""The landing database: what others told us, as they told it. Every table exists from the first opening,
empty or not, so that dbt's sources always resolve (docs/architecture.md, "Landing").
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from loaders.contract import Contract
from loaders.contracts import SOURCES

# Equal to console.journal.events.DOMAINS (a test compares them; loaders never import the console).
EVENT_DOMAINS = (
    "activity", "clients", "billing", "documents", "home_plus", "settlement",
    "funding", "vouchers", "repairs", "attestations", "access",
)  # fmt: skip

_EVENT_COLUMNS = (
    "seq BIGINT, event_id VARCHAR, stream VARCHAR, version INTEGER, kind VARCHAR, payload VARCHAR, "
    "actor VARCHAR, occurred_at TIMESTAMP, hash VARCHAR"
)
_FIXED_TABLES = {
    "load_batches": (
        "batch_id BIGINT, source VARCHAR, file_name VARCHAR, sha256 VARCHAR, loaded_at TIMESTAMP, "
        "status VARCHAR, profile VARCHAR, rows_total BIGINT, rows_new BIGINT, rows_unchanged BIGINT, "
        "rows_rejected BIGINT, message VARCHAR, journal_seq BIGINT, response_seq BIGINT"
    ),
    "rejected_rows": (
        "batch_id BIGINT, source VARCHAR, file_name VARCHAR, row_no BIGINT, "
        "key VARCHAR, raw VARCHAR, errors VARCHAR"
    ),
    "responses": (
        'seq BIGINT, job_id VARCHAR, "at" TIMESTAMP, gateway VARCHAR, operation VARCHAR, outcome VARCHAR, '
        "http_status INTEGER, request VARCHAR, response VARCHAR, items VARCHAR"
    ),
    "journal_marks": "name VARCHAR, seq BIGINT, hash VARCHAR",
}
_SOURCE_TAIL = {
    "_extra": "VARCHAR", "_key": "VARCHAR", "_hash": "VARCHAR", "_batch": "BIGINT", "_row": "BIGINT",
}  # fmt: skip


def source_columns(contract: Contract) -> dict[str, str]:
    """Columns of `raw.<source>` with their types, in order."""
    return {**dict.fromkeys(contract.columns, "VARCHAR"), **_SOURCE_TAIL}


def ensure_landing(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing, schema by schema and column by column; never drops or changes anything.

    A contract that gained a column gains it here, null for the rows already landed.
    """
    connection.execute("CREATE SCHEMA IF NOT EXISTS raw")
    existing = _existing_columns(connection)
    for table, columns in _fixed_and_event_tables().items():
        if table not in existing:
            connection.execute(f"CREATE TABLE raw.{table} ({columns})")
    for name, contract in SOURCES.items():
        _ensure_source(connection, name, source_columns(contract), existing.get(name))


def open_landing(path: str | Path) -> duckdb.DuckDBPyConnection:
    """A read-write connection with every table ensured. The caller holds the batch lock: DuckDB refuses any
    other process, readers too, while this is open."""
    connection = duckdb.connect(str(path))
    ensure_landing(connection)
    return connection


def _fixed_and_event_tables() -> dict[str, str]:
    return {**_FIXED_TABLES, **{f"events_{domain}": _EVENT_COLUMNS for domain in EVENT_DOMAINS}}


def _existing_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    rows = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE database_name = current_database() AND schema_name = 'raw'"
    ).fetchall()
    tables: dict[str, set[str]] = {}
    for table, column in rows:
        tables.setdefault(table, set()).add(column)
    return tables


def _ensure_source(
    connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], existing: set[str] | None
) -> None:
    if existing is None:
        definition = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        connection.execute(f'CREATE TABLE raw."{name}" ({definition})')
        return
    for column, kind in columns.items():
        if column not in existing:
            connection.execute(f'ALTER TABLE raw."{name}" ADD COLUMN "{column}" {kind}')
