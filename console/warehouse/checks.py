"""Runs compiled data tests against a run's file, in one pass.

A refresh runs the same tests as a full run, as dbt compiled them there: dbt spends about 12 ms on each of
them before the first query (measured), DuckDB one or two. Tests whose SQL depends on the clock in a way
that text cannot follow are left to dbt.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import duckdb

from console.warehouse.dbt_build import CompiledTest, NodeRun


def keep(path: Path, tests: list[CompiledTest], as_of: str) -> None:
    """Writes the compiled tests of a run beside its file, with the clock they were compiled for."""
    content = {"as_of": as_of, "tests": [asdict(test) for test in tests]}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def kept(path: Path, as_of: str) -> list[CompiledTest]:
    """The tests of a run, made to speak of another clock. Raises OSError or ValueError when they cannot
    be read."""
    content = json.loads(path.read_text(encoding="utf-8"))
    tests = [CompiledTest(**test) for test in content["tests"]]
    for test in tests:
        if test.clock == "literal":
            test.sql = test.sql.replace(content["as_of"], as_of)
    return tests


def concerned(tests: Iterable[CompiledTest], rebuilt: set[str]) -> list[CompiledTest]:
    """The tests that read something rebuilt, or read a source directly."""
    return [test for test in tests if any(uid in rebuilt or uid.startswith("source.") for uid in test.models)]


def run_tests(tests: Iterable[CompiledTest], database: Path, landing: Path) -> list[NodeRun]:
    """The result of each test, with dbt's own words for statuses (pass, warn, fail, error)."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{str(landing).replace(chr(39), chr(39) * 2)}' as landing (read_only)")
        return [_run(connection, test) for test in tests]


def _run(connection: duckdb.DuckDBPyConnection, test: CompiledTest) -> NodeRun:
    limit = f"limit {test.limit}" if test.limit else ""
    sql = (
        f"select {test.fail_calc}, {test.fail_calc} {test.error_if} "
        f"from (select * from (\n{test.sql}\n) {limit}) dbt_internal_test"
    )
    started = time.perf_counter()
    result = NodeRun("", test.name, "test", "pass", 0.0, description=test.description)
    try:
        row = connection.execute(sql).fetchone()
        if row is None or row[1]:
            result.status = "fail" if test.severity == "error" else "warn"
            result.failures = int(row[0]) if row and row[0] is not None else 0
    except duckdb.Error as error:
        result.status = "error"
        result.message = str(error).splitlines()[0]
    result.seconds = round(time.perf_counter() - started, 4)
    return result
