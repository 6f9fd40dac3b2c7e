"""What a refresh replays: which models, in which order, for which clock."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from console.settings import Settings
from console.warehouse import pipeline, runs
from console.warehouse.plan import Model, Plan, clock_of

AS_OF = "2026-11-21 10:00:00"


@pytest.mark.parametrize(
    ("sql", "clock"),
    [
        ("select 1", ""),
        (f"select timestamp '{AS_OF}'", "literal"),
        ("select date '2026-11-21'", "dbt"),
        ("select '2026-11'", "dbt"),
        (f"select timestamp '{AS_OF}', '2026-11'", "dbt"),
        ("", "dbt"),
    ],
)
def test_traces_of_the_clock(sql: str, clock: str) -> None:
    assert clock_of(sql, AS_OF) == clock


def _model(name: str, *reads: str, sql: str = "select 1", materialized: str = "table") -> Model:
    clock = clock_of(sql, AS_OF)
    return Model(f"model.g.{name}", name, materialized, sql, clock, bool(sql and clock), list(reads))


def test_selection_follows_dependencies_and_the_clock() -> None:
    clocked = f"select timestamp '{AS_OF}'"
    plan = Plan(
        AS_OF,
        models=[
            _model("last", "model.g.middle", "model.g.dated"),
            _model("middle", "model.g.inline"),
            _model("inline", "model.g.first", materialized="ephemeral", sql=""),
            _model("first", "source.g.raw.clients"),
            _model("dated", sql=clocked),
            _model("apart", "source.g.raw.old_clients"),
            _model("elsewhere", "source.g.raw.payers"),
        ],
    )
    names = [model.name for model in plan.select({"clients"})]
    assert set(names) == {"first", "inline", "middle", "dated", "last"}
    assert names.index("first") < names.index("inline") < names.index("middle") < names.index("last")
    assert [model.name for model in plan.select(set())] == ["dated", "last"]
    assert plan.at(clocked, "2026-12-01 00:00:00") == "select timestamp '2026-12-01 00:00:00'"


def test_what_cannot_be_replayed_is_left_to_dbt(
    settings: Settings, own_project: Path, decide: Callable[..., int]
) -> None:
    """A clock cut in pieces and a model with a hook: dbt makes them again, and the result is the same."""
    clock = own_project / "models" / "marts" / "clock.sql"
    clock.write_text(
        clock.read_text(encoding="utf-8") + "where '{{ var('as_of')[:7] }}' <> ''\n", encoding="utf-8"
    )
    decide("I1")
    assert pipeline.run(settings, project=own_project).ok
    plan = Plan.read(settings.paths.runs / (runs.current_id(settings.paths) or "") / "plan.json")
    assert not next(model for model in plan.models if model.name == "clock").replayable
    decide("I2")
    report = pipeline.refresh(settings, project=own_project)
    assert report.ok and report.kind == "refresh" and report.models == 3, report


def test_a_disk_that_is_really_full(
    settings: Settings, project: Path, decide: Callable[..., int], home: Path
) -> None:
    """The system refuses to write beyond 200 kB: the previous run stays, and the reason is said."""
    decide("I1")
    good = pipeline.run(settings, project=project)
    decide("I2")
    code = (
        "import resource, signal\n"
        "from pathlib import Path\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from console.settings import load_settings\n"
        "from console.warehouse import pipeline\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        f"r = pipeline.refresh(load_settings(home={str(home)!r}), project=Path({str(project)!r}))\n"
        "print(r.ok, r.published, r.failures)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.startswith("False False ["), done
    assert "Plus de place sur le disque" in done.stdout
    assert runs.current_id(settings.paths) == good.run_id
    assert [path.name for path in settings.paths.runs.iterdir() if path.is_dir()] == [good.run_id]
    report = pipeline.refresh(settings, project=project)
    assert report.ok and report.published
