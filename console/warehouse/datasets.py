"""What a run publishes: the tables of `marts`, described once per run in `datasets.json` so that nobody
has to read dbt's files to list them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Column:
    name: str
    type: str  # DuckDB's, e.g. DECIMAL(12,2)
    description: str = ""


@dataclass(frozen=True)
class Dataset:
    name: str
    description: str
    columns: tuple[Column, ...] = field(default_factory=tuple)


def write(database: Path, descriptions: dict[str, tuple[str, dict[str, str]]]) -> None:
    """Writes `datasets.json` beside a run's file. `descriptions`: per table, its own and those of its
    columns."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select table_name, column_name, data_type from duckdb_columns() "
            "where database_name = current_database() and schema_name = 'marts' "
            "order by table_name, column_index"
        ).fetchall()
    tables: dict[str, list[Column]] = {}
    for table, name, data_type in rows:
        own = descriptions.get(table, ("", {}))[1]
        tables.setdefault(table, []).append(Column(name, data_type, own.get(name, "")))
    content = [
        asdict(Dataset(table, descriptions.get(table, ("", {}))[0], tuple(columns)))
        for table, columns in tables.items()
    ]
    database.with_name("datasets.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def read(database: Path) -> list[Dataset]:
    content = json.loads(database.with_name("datasets.json").read_text(encoding="utf-8"))
    return [
        Dataset(one["name"], one["description"], tuple(Column(**column) for column in one["columns"]))
        for one in content
    ]
