"""The database under the journal: SQLite in the home by default, PostgreSQL by URL, one behaviour for both.

SQLite's driver would begin transactions late and silently (measured: lost writes), so it is put in autocommit
and every transaction begins by itself: `BEGIN IMMEDIATE` for whoever may write, `BEGIN` for a connection that
has the execution option `reading` (it never waits for a writer). Spec 00, "Journal".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import make_url

from console.journal.schema import metadata

BUSY_MILLISECONDS = 60_000
ADVISORY_LOCK = 4_711_002  # one writer at a time on PostgreSQL, held until the end of the transaction
CHUNK = 20_000
PAGE = 5_000


def open_engine(url: str) -> Engine:
    """An engine whose transactions are serialised; the tables are created when one is missing."""
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": BUSY_MILLISECONDS / 1000})
        event.listen(engine, "connect", _prepare_sqlite)
    else:
        engine = create_engine(parsed, pool_pre_ping=True)
    event.listen(engine, "begin", _begin)
    _create_tables(engine)
    return engine


def reading(engine: Engine) -> Engine:
    """The same database for readers: their transactions take no write lock."""
    return engine.execution_options(reading=True)


def is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def rows_of(connection: Connection, sqlite: str, postgres: str, names: Iterable[Any]) -> Iterator[Any]:
    """Rows of a query over many names, a chunk of names per round trip. The SQLite text takes them as one
    JSON array (`json_each(?)`), the PostgreSQL text as one array (`unnest(%s::…[])`)."""
    values = list(names)
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        if is_sqlite(connection):
            yield from connection.exec_driver_sql(sqlite, (json.dumps(chunk, ensure_ascii=False),))
        else:
            yield from connection.exec_driver_sql(postgres, (chunk,))


def insert_many(
    connection: Connection, table: str, columns: Sequence[tuple[str, str]], rows: list[tuple[Any, ...]],
    ending: str = "",
) -> None:  # fmt: skip
    """Inserts rows in one round trip. `columns`: (name, PostgreSQL type); `ending`: e.g. on conflict…"""
    if not rows:
        return
    names = ", ".join(name for name, _ in columns)
    if is_sqlite(connection):
        marks = ", ".join("?" for _ in columns)
        connection.exec_driver_sql(f"insert into {table} ({names}) values ({marks}) {ending}", rows)
        return
    arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
    connection.exec_driver_sql(
        f"insert into {table} ({names}) select * from unnest({arrays}) {ending}",
        tuple(list(values) for values in zip(*rows, strict=True)),
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_MILLISECONDS}",
        "page_size=8192",  # of a new file: a frozen invoice is about 2.3 kB, one to a page of 4096
        "journal_mode=WAL",
        "synchronous=FULL",
        "cache_size=-65536",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("reading", False)
    if is_sqlite(connection):
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
    elif not read_only:
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({ADVISORY_LOCK})")


def _create_tables(engine: Engine) -> None:
    with reading(engine).connect() as connection:
        present = set(inspect(connection).get_table_names())
    if not set(metadata.tables) <= present:
        with engine.begin() as connection:
            metadata.create_all(connection)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection whose reads all see the same moment."""
    with engine.connect() as connection:
        if not is_sqlite(connection):
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection
        connection.rollback()


def stream_rows(connection: Connection, sql: str) -> Iterator[Any]:
    """Rows of a long result, a few at a time."""
    result = connection.execution_options(stream_results=True).exec_driver_sql(sql)
    try:
        yield from result.yield_per(PAGE)
    finally:
        result.close()


def json_rows(connection: Connection, sql: str) -> Iterator[tuple[Any, Any]]:
    """(first column, second column parsed as JSON) of each row."""
    for first, text in stream_rows(connection, sql):
        yield first, json.loads(text)
