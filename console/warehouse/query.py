"""Reads the run in service. A reader never waits for a writer, nor a writer for a reader (spec 00,
"Warehouse").

A run is a file of its own at a path of its own, opened read-only; when another is put in service the next
query opens it, and queries under way finish on theirs. One cursor per call: a connection shared by threads
gives wrong rows.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from console.paths import Home
from console.warehouse import datasets as published
from console.warehouse import runs
from console.warehouse.datasets import Column, Dataset

__all__ = ["Column", "Dataset", "NoPublishedRun", "RunInfo", "Warehouse"]

Params = Sequence[Any] | Mapping[str, Any]


class NoPublishedRun(Exception):
    """There is nothing to read yet; the message is for the reader."""

    def __init__(self) -> None:
        super().__init__("Aucune exécution publiée : lancez « guichet run ».")


@dataclass(frozen=True)
class RunInfo:
    """The run in service. Times are UTC; `as_of` is the clock its figures were computed for."""

    run_id: str
    as_of: datetime
    seq: int
    response_seq: int
    finished_at: datetime
    kind: str
    trigger: str


class Warehouse:
    """The published data of one agency. Cheap to open; meant to be shared by the threads of a process."""

    def __init__(self, home: Home):
        self.home = home
        self._guard = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._opened: str | None = None
        self._record: runs.RunRecord | None = None

    @classmethod
    def open(cls, home: Home) -> Warehouse:
        return cls(home)

    def close(self) -> None:
        with self._guard:
            if self._connection is not None:
                self._connection.close()
            self._connection = self._opened = self._record = None

    @property
    def run_id(self) -> str | None:
        """The run in service; None before the first."""
        return runs.current_id(self.home)

    def info(self) -> RunInfo:
        """Raises NoPublishedRun when there is none."""
        with self._guard:
            self._follow()
            record = self._record
        if record is None:
            raise NoPublishedRun
        return RunInfo(
            record.run_id,
            datetime.fromisoformat(record.as_of).replace(tzinfo=UTC),
            record.seq,
            record.response_seq,
            datetime.fromisoformat(record.finished_at),
            record.kind,
            record.trigger,
        )

    def rows(self, sql: str, params: Params = ()) -> list[dict[str, Any]]:
        """Rows as dicts. DECIMAL stays Decimal, dates and times are Python's. Raises NoPublishedRun,
        duckdb.Error."""
        cursor = self._cursor()
        try:
            cursor.execute(sql, params)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def arrow(self, sql: str, params: Params = ()) -> pa.Table:
        """The same as an Arrow table (DECIMAL stays decimal128)."""
        cursor = self._cursor()
        try:
            return cursor.execute(sql, params).to_arrow_table()
        finally:
            cursor.close()

    def value(self, sql: str, params: Params = ()) -> Any:
        """The first column of the first row; None when there is no row."""
        cursor = self._cursor()
        try:
            row = cursor.execute(sql, params).fetchone()
            return row[0] if row else None
        finally:
            cursor.close()

    def datasets(self) -> list[Dataset]:
        """The tables of `marts`, described."""
        with self._guard:
            run_id = self._follow()
        return published.read(runs.warehouse_file(self.home, run_id))

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._guard:
            self._follow()
            assert self._connection is not None
            return self._connection.cursor()

    def _follow(self) -> str:
        """Opens the run in service unless it is the one open already; returns its id."""
        for _ in range(20):
            run_id = runs.current_id(self.home)
            if run_id is None:
                raise NoPublishedRun
            if run_id == self._opened:
                return run_id
            record = runs.read_record(self.home, run_id)
            path = runs.warehouse_file(self.home, run_id)
            if record is not None and path.exists():
                # The connection left behind is not closed: other threads may still be reading from it.
                self._connection = duckdb.connect(str(path), read_only=True, config=self._config())
                self._opened, self._record = run_id, record
                return run_id
        raise NoPublishedRun

    def _config(self) -> dict[str, Any]:
        """Spilling goes beside the runs: the folder of an old run may be gone while it is being read."""
        return {"temp_directory": str(self.home.root / "tmp")}
