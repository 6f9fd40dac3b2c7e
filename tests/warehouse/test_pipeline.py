"""Build, check, publish: what is in service is always a whole run, and a refresh equals a full run."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from console.journal.store import Journal, NewEvent
from console.settings import Settings, load_settings
from console.warehouse import pipeline, runs
from console.warehouse.query import NoPublishedRun, Warehouse

Decide = Callable[..., int]


def test_first_run_publishes(settings: Settings, project: Path, decide: Decide) -> None:
    warehouse = Warehouse.open(settings.paths)
    with pytest.raises(NoPublishedRun, match="lancez « guichet run »"):
        warehouse.rows("select 1")
    seq = decide("I1", "I2")
    report = pipeline.run(settings, project=project)
    assert report.ok and report.published and report.failures == []
    assert (report.kind, report.seq, report.models) == ("full", seq, 5)
    assert report.tests == 5
    assert warehouse.run_id == report.run_id
    assert warehouse.rows("select intervention_id from marts.validated order by seq") == [
        {"intervention_id": "I1"},
        {"intervention_id": "I2"},
    ]
    folder = settings.paths.runs / report.run_id
    assert sorted(path.name for path in folder.iterdir()) == [
        "datasets.json",
        "plan.json",
        "run.json",
        "warehouse.duckdb",
    ]
    (line,) = runs.history(settings.paths)
    assert line["ok"] and line["run_id"] == report.run_id and line["steps"]["construction"] > 0


def test_refresh_rebuilds_what_grew_and_the_clock(settings: Settings, project: Path, decide: Decide) -> None:
    decide("I1")
    first = pipeline.run(settings, project=project)
    seq = decide("I2")
    report = pipeline.ensure_fresh(settings, project=project)
    assert report is not None and report.ok, report
    assert report.kind == "refresh" and report.seq == seq and report.run_id > first.run_id
    record = runs.current(settings.paths)
    assert record is not None
    built = {node["name"] for node in record.nodes if node["kind"] == "model"}
    assert built == {"stg_validated", "validated", "clock"}
    checked = {node["name"] for node in record.nodes if node["kind"] == "test"}
    assert {"assert_no_bad_intervention", "assert_clock_is_the_run", "assert_clock_in_its_month"} <= checked
    warehouse = Warehouse.open(settings.paths)
    assert warehouse.value("select count(*) from marts.validated") == 2
    assert warehouse.info().as_of == datetime.fromisoformat(record.as_of).replace(tzinfo=UTC)
    assert warehouse.value("select as_of from marts.clock") == datetime.fromisoformat(record.as_of)


def test_nothing_to_do_is_nothing_done(settings: Settings, project: Path, decide: Decide) -> None:
    decide("I1")
    first = pipeline.run(settings, project=project)
    assert pipeline.ensure_fresh(settings, project=project) is None
    report = pipeline.refresh(settings, project=project)
    assert (report.kind, report.ok, report.published) == ("none", True, False)
    assert report.run_id == first.run_id
    settings.paths.landing.touch()  # opened, and nothing came
    assert pipeline.is_stale(settings, project)
    pipeline.refresh(settings, project=project)
    assert not pipeline.is_stale(settings, project)
    assert len(runs.history(settings.paths)) == 1


def test_a_refresh_equals_a_full_run(settings: Settings, project: Path, decide: Decide) -> None:
    decide("I1")
    clock = load_settings(home=settings.home, as_of="2026-10-05T12:00")
    pipeline.run(clock, project=project)
    decide("I2", "I3")
    later = load_settings(home=settings.home, as_of="2026-11-05T12:00")
    pipeline.refresh(later, project=project)
    refreshed = _content(later)
    pipeline.run(later, project=project)
    assert refreshed == _content(later)
    assert refreshed["clock"][0]["as_of"] == datetime(2026, 11, 5, 11)
    assert refreshed["clock"][0]["amount"] == Decimal("1.10")


def _content(settings: Settings) -> dict[str, list[dict]]:
    warehouse = Warehouse.open(settings.paths)
    return {
        dataset.name: warehouse.rows(f"select * from marts.{dataset.name} order by all")
        for dataset in warehouse.datasets()
    }


def test_stale_by_the_clock(settings: Settings, project: Path) -> None:
    october = load_settings(home=settings.home, as_of="2026-10-05T12:00")
    assert pipeline.is_stale(october, project)
    assert pipeline.run(october, project=project).ok
    assert not pipeline.is_stale(october, project)
    assert pipeline.is_stale(load_settings(home=settings.home, as_of="2026-10-05T12:01"))
    assert pipeline.is_stale(settings, project)  # the clock of today, a run of another day
    assert pipeline.run(settings, project=project).ok
    assert not pipeline.is_stale(settings, project)


def test_a_failing_test_keeps_the_previous_run(settings: Settings, project: Path, decide: Decide) -> None:
    decide("I1")
    good = pipeline.run(settings, project=project)
    decide("BAD")
    for make in (pipeline.refresh, pipeline.run):
        report = make(settings, project=project)
        assert not report.ok and not report.published
        assert report.failures == [
            "Contrôle « assert_no_bad_intervention » : Aucune intervention « BAD » n'est publiée. (1 ligne)"
        ]
        assert runs.current_id(settings.paths) == good.run_id
        assert not (settings.paths.runs / report.run_id).exists()
        line = runs.history(settings.paths)[0]
        assert line["failures"] == report.failures and not line["ok"]
    assert Warehouse.open(settings.paths).value("select count(*) from marts.validated") == 1


def test_a_failing_model_keeps_the_previous_run(settings: Settings, project: Path, decide: Decide) -> None:
    decide("I1")
    good = pipeline.run(settings, project=project)
    decide("BOOM")
    report = pipeline.refresh(settings, project=project)
    assert not report.ok
    assert len(report.failures) == 1
    assert report.failures[0].startswith("Le modèle « validated » n'a pas pu être calculé : ")
    assert "boum" in report.failures[0]
    assert runs.current_id(settings.paths) == good.run_id


def test_an_unreadable_project_is_a_sentence(settings: Settings, own_project: Path) -> None:
    (own_project / "models" / "marts" / "fields.sql").write_text("select * from {{ ref('nowhere') }}")
    report = pipeline.run(settings, project=own_project)
    assert not report.ok and "projet dbt n'a pas pu être lu" in report.failures[0]


def test_a_changed_model_makes_a_full_run(settings: Settings, own_project: Path, decide: Decide) -> None:
    decide("I1")
    pipeline.run(settings, project=own_project)
    (own_project / "seeds" / "labels.csv").write_text("code,label\na,Premier\nb,Second\n")
    decide("I2")
    report = pipeline.refresh(settings, project=own_project)
    assert report.ok and report.kind == "full"
    assert Warehouse.open(settings.paths).value("select labels from marts.clock") == 2


def test_a_changed_setting_makes_a_full_run(settings: Settings, project: Path, decide: Decide) -> None:
    decide("I1")
    pipeline.run(settings, project=project)
    decide("I2")
    report = pipeline.refresh(load_settings(home=settings.home, country="BE"), project=project)
    assert report.ok and report.kind == "full"


def test_a_full_disk_keeps_the_previous_run(
    settings: Settings, project: Path, decide: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide("I1")
    good = pipeline.run(settings, project=project)
    decide("I2")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", full)
        report = pipeline.refresh(settings, project=project)
    assert not report.ok and "Plus de place sur le disque" in report.failures[0]
    assert runs.current_id(settings.paths) == good.run_id
    assert [folder.name for folder in settings.paths.runs.iterdir() if folder.is_dir()] == [good.run_id]
    assert pipeline.refresh(settings, project=project).ok  # and it goes on when there is room again


def test_old_runs_go_and_crashed_ones_too(home: Path, project: Path) -> None:
    settings = load_settings(home=home, runs_kept=2)
    settings.paths.create()
    crashed = settings.paths.runs / "20200101T000000-abcdef"
    crashed.mkdir()
    (crashed / "warehouse.duckdb").write_bytes(b"half")
    reports = [pipeline.run(settings, project=project) for _ in range(3)]
    assert not crashed.exists()
    pipeline.run(settings, project=project, full=False)
    folders = sorted(folder.name for folder in settings.paths.runs.iterdir() if folder.is_dir())
    assert reports[0].run_id not in folders and len(folders) <= 3


def test_a_journal_that_went_back_is_followed(
    settings: Settings, project: Path, decide: Decide, tmp_path: Path
) -> None:
    """After a restore the journal is shorter, then grows differently: landing and the run follow it."""
    decide("I1")
    copy = tmp_path / "before.db"
    journal = Journal.open(settings)
    with journal.engine.connect() as connection:
        connection.exec_driver_sql("select 1")
    journal.close()
    import sqlite3

    with sqlite3.connect(settings.paths.journal) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    decide("I2", "I3")
    assert pipeline.run(settings, project=project).seq == 3
    for path in settings.paths.root.glob("journal.db*"):
        path.unlink()
    shutil.copyfile(copy, settings.paths.journal)
    restored = Journal.open(settings)
    with restored.begin(actor="test", now=settings.now()) as tx:
        tx.append(
            [
                NewEvent(
                    "intervention:I9",
                    "activity.intervention_validated",
                    '{"intervention_id":"I9","released_seqs":[]}',
                )
            ]
        )
        tx.commit()
    restored.close()
    report = pipeline.refresh(settings, project=project)
    assert report.ok and report.published and report.seq == 2
    rows = Warehouse.open(settings.paths).rows("select intervention_id from marts.validated order by seq")
    assert [row["intervention_id"] for row in rows] == ["I1", "I9"]


def test_a_publication_never_lowers_the_seq(
    settings: Settings, project: Path, decide: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide("I1", "I2")
    good = pipeline.run(settings, project=project)
    from console.warehouse import landing_copy

    real = landing_copy.copy_journal

    def behind(*arguments):
        copied = real(*arguments)
        return landing_copy.Copied(1, copied.response_seq, copied.hash, False)

    monkeypatch.setattr(landing_copy, "copy_journal", behind)
    report = pipeline.run(settings, project=project)
    assert not report.ok and "rien n'est publié" in report.failures[0]
    assert runs.current_id(settings.paths) == good.run_id
