"""A landing database of one test, and a way to load text into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from loaders import api
from loaders.landing import open_landing
from loaders.report import BatchReport

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 5, 9, 0, tzinfo=UTC)

SERVICES = "service_code;label;kind;unit;vat_rate\n"
INTERVENTIONS = "intervention_id;client_id;worker_id;service_code;starts_at;ends_at;status\n"
CLIENTS = "client_id;last_name;first_name;payment_method;invoice_delivery\n"


class Landing:
    def __init__(self, folder: Path):
        self.folder = folder
        self.connection: duckdb.DuckDBPyConnection = open_landing(folder / "landing.duckdb")

    def load(self, *paths: Path, **options: Any) -> list[BatchReport]:
        options = {"zone": PARIS, "now": NOW, "journal_seq": 7, "response_seq": 3, **options}
        return api.load(paths, landing=self.connection, **options)

    def text(self, name: str, content: str | bytes, **options: Any) -> BatchReport:
        """Write a file of that name and load it."""
        path = self.folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return self.load(path, **options)[0]

    def rows(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        cursor = self.connection.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def errors(self) -> dict[int, list[tuple[str | None, str]]]:
        """(column, check) of every rejected row, by row number."""
        import json

        return {
            row["row_no"]: [(error["column"], error["check"]) for error in json.loads(row["errors"])]
            for row in self.rows("SELECT row_no, errors FROM raw.rejected_rows ORDER BY row_no")
        }


@pytest.fixture
def landing(tmp_path: Path) -> Iterator[Landing]:
    made = Landing(tmp_path)
    yield made
    made.connection.close()


@pytest.fixture
def intervention() -> Callable[..., str]:
    """One line of an interventions file, right unless told otherwise."""

    def line(identifier: str = "I1", start: str = "2026-10-05 09:00", end: str = "2026-10-05 11:00",
             status: str = "realisee") -> str:  # fmt: skip
        return f"{identifier};C1;W1;MENAGE;{start};{end};{status}\n"

    return line
