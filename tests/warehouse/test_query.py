"""Readers: exact types, whole runs, never waiting, never mixed."""

from __future__ import annotations

import datetime as dt
import shutil
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from console.settings import Settings
from console.warehouse import pipeline, runs
from console.warehouse.query import Column, NoPublishedRun, Warehouse


def _publish(settings: Settings, value: int) -> str:
    """A published run without dbt: one table that holds `value` 1 000 times."""
    import duckdb

    run_id = runs.new_run_id()
    file = runs.warehouse_file(settings.paths, run_id)
    file.parent.mkdir(parents=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.amounts as select range as id, "
            f"cast({value} as decimal(12,2)) as amount, date '2026-11-21' as day from range(1000)"
        )
    from console.warehouse import datasets

    datasets.write(file, {"amounts": ("Une ligne par montant.", {"amount": "Le montant."})})
    record = runs.RunRecord(
        run_id, "full", "test", "2026-11-21 12:00:00", value, 0, "", "", {}, "2026-11-21T12:00:00+00:00",
        "2026-11-21T12:00:01+00:00", [],
    )  # fmt: skip
    runs.publish(settings.paths, record)
    return run_id


def test_types_are_exact(settings: Settings) -> None:
    run_id = _publish(settings, 7)
    warehouse = Warehouse.open(settings.paths)
    assert warehouse.rows("select amount, day from marts.amounts where id = ?", [3]) == [
        {"amount": Decimal("7.00"), "day": dt.date(2026, 11, 21)}
    ]
    assert warehouse.value("select sum(amount) from marts.amounts where id < $n", {"n": 2}) == Decimal(
        "14.00"
    )
    assert warehouse.value("select id from marts.amounts where false") is None
    table = warehouse.arrow("select amount from marts.amounts limit 2")
    assert table.schema.field("amount").type == pa.decimal128(12, 2)
    info = warehouse.info()
    assert (info.run_id, info.seq, info.as_of.hour) == (run_id, 7, 12)
    (dataset,) = warehouse.datasets()
    assert dataset.description == "Une ligne par montant."
    assert Column("amount", "DECIMAL(12,2)", "Le montant.") in dataset.columns


def test_a_home_without_run(settings: Settings) -> None:
    warehouse = Warehouse.open(settings.paths)
    assert warehouse.run_id is None
    for read in (warehouse.info, warehouse.datasets, lambda: warehouse.rows("select 1")):
        with pytest.raises(NoPublishedRun, match="Aucune exécution publiée : lancez « guichet run »"):
            read()


def test_readers_follow_publications_without_mixing(settings: Settings) -> None:
    """Eight threads read while runs are published and old ones removed: each answer is of one run."""
    _publish(settings, 1)
    warehouse = Warehouse.open(settings.paths)
    stop = threading.Event()
    wrong: list[object] = []
    seen: set[int] = set()

    def read() -> None:
        while not stop.is_set():
            try:
                rows = warehouse.rows("select amount from marts.amounts")
                values = {row["amount"] for row in rows}
                if len(rows) != 1000 or len(values) != 1:
                    wrong.append((len(rows), values))
                seen.update(int(value) for value in values)
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for value in range(2, 12):
        _publish(settings, value)
        runs.clean(settings.paths, 1)
    stop.set()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    assert len(seen) > 1
    assert warehouse.value("select max(amount) from marts.amounts") == 11
    assert len([path for path in settings.paths.runs.iterdir() if path.is_dir()]) == 1


def test_reading_goes_on_when_the_run_is_removed(settings: Settings) -> None:
    old = _publish(settings, 1)
    warehouse = Warehouse.open(settings.paths)
    warehouse.value("select 1")
    shutil.rmtree(settings.paths.runs / old)
    assert warehouse.value("select sum(amount) from marts.amounts") == 1000


def test_reading_during_a_refresh(settings: Settings, project: Path, decide: Callable[..., int]) -> None:
    """A reader in the process that builds: nothing waits, nothing is locked."""
    decide("I1")
    pipeline.run(settings, project=project)
    warehouse = Warehouse.open(settings.paths)
    assert warehouse.value("select count(*) from marts.validated") == 1
    decide("I2")
    assert pipeline.refresh(settings, project=project).ok
    assert warehouse.value("select count(*) from marts.validated") == 2
