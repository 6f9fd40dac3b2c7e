"""What dbt did in a full run, kept so that a refresh can do it again without dbt.

dbt spends 30 to 60 ms on a model and 12 ms on a test before the first query, and two seconds on its own
imports (measured, docs/decisions/warehouse-refresh.md): more than a user waits for after an action. A
refresh has the same models and the same tests, on the same code (the fingerprint tells), so it runs the
very statements that dbt ran, in the order of their dependencies, with the clock of today in place of the
one they were written for. What cannot be replayed so (another materialization, a clock that is not a plain
literal) is left to dbt.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

REPLAYED = {"table", "view"}


@dataclass
class NodeRun:
    """What happened to one model, seed or test, in dbt's own words for statuses."""

    unique_id: str
    name: str
    kind: str  # model | seed | test | …
    status: str  # success | pass | warn | fail | error | skipped
    seconds: float = 0.0
    message: str = ""
    failures: int = 0
    description: str = ""


@dataclass
class Model:
    """A model and the statement that made it. `clock`: "" when the statement has no trace of the run's clock,
    "literal" when `as_of` is written in it, "dbt" when only dbt can render it again."""

    unique_id: str
    name: str
    materialized: str
    sql: str
    clock: str
    uses_clock: bool  # tagged `as_of`, or its statement says so
    depends_on: list[str]
    description: str = ""

    @property
    def replayable(self) -> bool:
        if self.materialized == "ephemeral":  # written inside those that read it
            return True
        return self.materialized in REPLAYED and bool(self.sql) and self.clock != "dbt"


@dataclass
class Test:
    """A data test. `sql` returns the failing rows; thresholds are dbt's."""

    __test__ = False  # not one of pytest's
    name: str
    sql: str
    description: str
    fail_calc: str
    error_if: str
    severity: str
    limit: int | None
    clock: str
    depends_on: list[str]


@dataclass
class Plan:
    """Written for the clock `as_of`; `settings` are those of dbt's connection."""

    as_of: str
    settings: dict[str, Any] = field(default_factory=dict)
    models: list[Model] = field(default_factory=list)
    tests: list[Test] = field(default_factory=list)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Raises OSError or ValueError when it is not there or not readable."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            content["as_of"],
            content["settings"],
            [Model(**model) for model in content["models"]],
            [Test(**test) for test in content["tests"]],
        )

    def select(self, tables: Iterable[str]) -> list[Model]:
        """The models that depend on these tables of `raw`, or on the clock, each after those it reads."""
        endings = tuple(f".raw.{table}" for table in tables)
        touched = {model.unique_id for model in self.models if model.uses_clock}
        graph = {model.unique_id: model.depends_on for model in self.models}
        by_id = {model.unique_id: model for model in self.models}
        ordered = [uid for uid in TopologicalSorter(graph).static_order() if uid in by_id]
        for uid in ordered:
            if any(one in touched or one.endswith(endings) for one in graph[uid]):
                touched.add(uid)
        return [by_id[uid] for uid in ordered if uid in touched]

    def checks(self, rebuilt: set[str]) -> list[Test]:
        """The tests that read something rebuilt, or read a source directly."""
        return [
            test
            for test in self.tests
            if any(uid in rebuilt or uid.startswith("source.") for uid in test.depends_on)
        ]

    def at(self, sql: str, as_of: str) -> str:
        """The same statement for another clock."""
        return sql.replace(self.as_of, as_of)


def clock_of(sql: str, as_of: str) -> str:
    """How a statement depends on the clock. Any trace of the month of `as_of` counts: a needless "dbt"
    costs time, a missed one would show yesterday."""
    month = as_of[:7]
    if not sql:
        return "dbt"
    if not month or month not in sql:
        return ""
    return "literal" if month not in sql.replace(as_of, "") else "dbt"


def replay(plan: Plan, models: list[Model], database: Path, landing: Path, as_of: str) -> list[NodeRun]:
    """Makes the models again, in one transaction: all of them, or none and the reason at the last of the
    results."""
    results: list[NodeRun] = []
    with _connection(plan, database, landing, read_only=False) as connection:
        connection.execute("begin transaction")
        for model in models:
            if model.materialized == "ephemeral":
                continue
            result = NodeRun(model.unique_id, model.name, "model", "success", description=model.description)
            results.append(result)
            started = time.perf_counter()
            try:
                connection.execute(plan.at(model.sql, as_of))
            except duckdb.Error as error:
                result.status, result.message = "error", _one_line(error)
                connection.execute("rollback")
                return results
            finally:
                result.seconds = round(time.perf_counter() - started, 4)
        connection.execute("commit")
    return results


def run_tests(plan: Plan, tests: Iterable[Test], database: Path, landing: Path, as_of: str) -> list[NodeRun]:
    """The result of each test: pass, warn, fail, error."""
    with _connection(plan, database, landing, read_only=True) as connection:
        return [_test(connection, test, plan.at(test.sql, as_of)) for test in tests]


def _test(connection: duckdb.DuckDBPyConnection, test: Test, sql: str) -> NodeRun:
    limit = f"limit {test.limit}" if test.limit else ""
    query = (
        f"select {test.fail_calc}, {test.fail_calc} {test.error_if} "
        f"from (select * from (\n{sql}\n) {limit}) dbt_internal_test"
    )
    started = time.perf_counter()
    result = NodeRun("", test.name, "test", "pass", description=test.description)
    try:
        row = connection.execute(query).fetchone()
        if row is None or row[1]:
            result.status = "fail" if test.severity == "error" else "warn"
            result.failures = int(row[0]) if row and row[0] is not None else 0
    except duckdb.Error as error:
        result.status, result.message = "error", _one_line(error)
    result.seconds = round(time.perf_counter() - started, 4)
    return result


@contextmanager
def _connection(
    plan: Plan, database: Path, landing: Path, read_only: bool
) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(database), read_only=read_only) as connection:
        for name, value in plan.settings.items():
            connection.execute(f"set {name} = {_quoted(str(value))}")
        connection.execute(f"attach {_quoted(str(landing))} as landing (read_only)")
        yield connection


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:600]
