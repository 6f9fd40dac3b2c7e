"""The journal's tables as lines of JSON and back, for backups between databases of different kinds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select

from console.journal import engine as database
from console.journal.schema import events, metadata
from console.settings import Settings

BATCH = 5_000
Row = tuple[str, dict[str, Any]]  # table, values by column


def sqlite_file(settings: Settings) -> Path:
    """The file of a SQLite journal."""
    return Path(settings.database_url().removeprefix("sqlite:///"))


def holds_events(settings: Settings) -> bool:
    """Whether the journal, which may stand outside of the home, has events."""
    if settings.database_url().startswith("sqlite") and not sqlite_file(settings).exists():
        return False
    engine = database.open_engine(settings.database_url())
    try:
        with database.reading(engine).connect() as connection:
            return bool(connection.execute(select(func.count()).select_from(events)).scalar_one())
    finally:
        engine.dispose()


def export(engine: Engine, file: Path) -> int:
    """Writes every table, of one moment; returns the last seq."""
    with database.snapshot(database.reading(engine)) as connection, file.open("w", encoding="utf-8") as out:
        seq = connection.execute(select(func.coalesce(func.max(events.c.seq), 0))).scalar_one()
        for table, values in _rows(connection):
            out.write(json.dumps([table, values], ensure_ascii=False) + "\n")
    return seq


def load(file: Path, settings: Settings) -> None:
    """Replaces the journal of the settings by what `export` wrote, in one transaction."""
    with file.open(encoding="utf-8") as lines:
        _replace(settings, ((table, values) for table, values in map(json.loads, lines)))


def copy_from_sqlite(file: Path, settings: Settings) -> None:
    """Replaces the journal of the settings by that of a SQLite file, in one transaction."""
    source = database.open_engine(f"sqlite:///{file}")
    try:
        with database.snapshot(database.reading(source)) as connection:
            _replace(settings, _rows(connection))
    finally:
        source.dispose()


def _rows(connection: Connection) -> Iterator[Row]:
    for table in metadata.sorted_tables:
        names = ", ".join(column.name for column in table.columns)
        for row in database.stream_rows(connection, f"select {names} from {table.name}"):
            yield table.name, dict(zip(table.columns.keys(), row, strict=True))


def _replace(settings: Settings, rows: Iterable[Row]) -> None:
    engine = database.open_engine(settings.database_url())
    try:
        with engine.begin() as connection:
            for table in metadata.sorted_tables:
                connection.execute(delete(table))
            source = iter(rows)
            while batch := list(islice(source, BATCH)):
                for name in dict.fromkeys(table for table, _ in batch):
                    values = [row for table, row in batch if table == name]
                    connection.execute(insert(metadata.tables[name]), values)
            if not database.is_sqlite(connection):
                connection.exec_driver_sql(
                    "select setval(pg_get_serial_sequence('login_attempts', 'id'), "
                    "coalesce(max(id), 0) + 1, false) from login_attempts"
                )
    finally:
        engine.dispose()
