"""The folder of runs: which one is in service, what each has seen, what became of those that failed.

`runs/<run_id>/{warehouse.duckdb, run.json, datasets.json, tests.json}`; `runs/CURRENT` names the one in
service and is only ever replaced at once; `runs/history.jsonl` has a line per run, kept or not. A reader
that has an old file open keeps reading it after its folder is removed, so no reader is ever waited for.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from console.paths import Home

HISTORY_BYTES = 4_000_000


@dataclass
class RunRecord:
    """`run.json` of a published run. Times: ISO 8601 UTC; `as_of`: the same, without offset."""

    run_id: str
    kind: str  # full | refresh
    trigger: str
    as_of: str
    seq: int
    response_seq: int
    journal_hash: str  # of event `seq`: tells a journal that went back from one that did not move
    fingerprint: str  # of the dbt project and its settings
    marks: dict[str, str]  # per raw table, see landing_copy.landing_marks
    started_at: str
    finished_at: str
    landing_stat: list[int]
    seconds: dict[str, float] = field(default_factory=dict)  # per step
    nodes: list[dict[str, Any]] = field(default_factory=list)  # per model and test


def new_run_id(now: datetime | None = None) -> str:
    """Sorts in the order of time: the last part is the microsecond, in hexadecimal, and a random digit."""
    now = (now or datetime.now(UTC)).astimezone(UTC)
    return f"{now:%Y%m%dT%H%M%S}-{now.microsecond:05x}{os.urandom(1).hex()[0]}"


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def current_id(home: Home) -> str | None:
    """The run in service, or None."""
    try:
        return home.current.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def warehouse_file(home: Home, run_id: str) -> Path:
    return home.runs / run_id / "warehouse.duckdb"


def read_record(home: Home, run_id: str) -> RunRecord | None:
    """What a published run says of itself; None when it is not there or not readable."""
    try:
        content = json.loads((home.runs / run_id / "run.json").read_text(encoding="utf-8"))
        return RunRecord(**content)
    except (OSError, ValueError, TypeError):
        return None


def current(home: Home) -> RunRecord | None:
    """The run in service, when its file is there too."""
    run_id = current_id(home)
    if run_id is None or not warehouse_file(home, run_id).exists():
        return None
    return read_record(home, run_id)


def publish(home: Home, record: RunRecord) -> None:
    """Puts a finished run in service: everything reaches the disk first, then CURRENT is replaced at once."""
    folder = home.runs / record.run_id
    _write(folder / "run.json", json.dumps(asdict(record), ensure_ascii=False))
    for path in folder.iterdir():
        _sync(path)
    _sync(folder)
    partial = home.runs / f".CURRENT-{record.run_id}"
    _write(partial, record.run_id + "\n")
    _sync(partial)
    os.replace(partial, home.current)
    _sync(home.runs)


def amend(home: Home, record: RunRecord) -> None:
    """Replaces what a published run says of itself."""
    path = home.runs / record.run_id / "run.json"
    partial = path.with_suffix(".part")
    _write(partial, json.dumps(asdict(record), ensure_ascii=False))
    os.replace(partial, path)


def discard(home: Home, run_id: str) -> None:
    shutil.rmtree(home.runs / run_id, ignore_errors=True)


def clean(home: Home, kept: int) -> None:
    """Removes what crashed runs left (the caller holds the batch lock: nobody is building) and the
    published runs beyond the last `kept`."""
    in_service = current_id(home)
    published = []
    for folder in home.runs.iterdir():
        if folder.name.startswith(".CURRENT-"):
            folder.unlink(missing_ok=True)
        elif folder.is_dir() and folder.name != in_service:
            if (folder / "run.json").exists():
                published.append(folder.name)
            else:
                discard(home, folder.name)
    others = kept - 1 if in_service else kept
    for run_id in sorted(published, reverse=True)[max(others, 0) :]:
        discard(home, run_id)


def remember(home: Home, line: dict[str, Any]) -> None:
    """A line of the history. A full disk costs the line, not the run."""
    path = home.runs / "history.jsonl"
    try:
        if path.exists() and path.stat().st_size > HISTORY_BYTES:
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            _write(path, "".join(lines[len(lines) // 2 :]))
        with path.open("ab+") as stream:
            if stream.tell():
                stream.seek(-1, os.SEEK_END)
                if stream.read(1) != b"\n":  # a line cut by a crash
                    stream.write(b"\n")
            stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    except OSError:
        return


def history(home: Home, limit: int = 200) -> list[dict[str, Any]]:
    """The last runs, latest first: {run_id, kind, trigger, ok, started_at, seconds, as_of, seq,
    response_seq, models, tests, failures, steps, slowest, published}."""
    try:
        lines = (home.runs / "history.jsonl").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in reversed(lines[-limit:]):
        try:
            found.append(json.loads(line))
        except ValueError:  # cut by a full disk or a crash
            continue
    return found


def _write(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
