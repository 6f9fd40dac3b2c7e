"""One batch at a time: loading, copying events, building and publishing exclude each other (spec 00,
"Warehouse").

The lock is the system's (a killed process gives it back by itself). A small file beside it says who holds
it and since when, so that whoever waits can be told.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from filelock import FileLock, Timeout

from console.settings import Settings


def holder_file(settings: Settings) -> Path:
    return settings.paths.batch_lock.with_suffix(".json")


def holder(settings: Settings) -> str:
    """Who holds the lock, in one French sentence; the last known holder when it has just been given back."""
    try:
        note = json.loads(holder_file(settings).read_text(encoding="utf-8"))
        since = datetime.fromisoformat(note["since"]).astimezone(ZoneInfo(settings.timezone))
    except (OSError, ValueError, KeyError, TypeError):
        return "En attente : une autre opération est en cours."
    what, pid = note.get("what"), note.get("pid")
    return f"En attente : « {what} » est en cours depuis {since:%H:%M:%S} (processus {pid})."


@contextmanager
def batch_lock(settings: Settings, what: str, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Holds the batch lock of a home; waits as long as it takes. `what`: French name of the operation,
    shown to those who wait. `on_wait` receives one French sentence when there is a wait. A thread that
    already holds it passes."""
    home = settings.paths
    home.root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home.batch_lock, is_singleton=True)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if on_wait:
            on_wait(holder(settings))
        lock.acquire(timeout=-1, poll_interval=0.05)
    try:
        outermost = lock.lock_counter == 1
        if outermost:
            _sign(settings, what)
        yield
    finally:
        if lock.lock_counter == 1:
            holder_file(settings).unlink(missing_ok=True)
        lock.release()


def _sign(settings: Settings, what: str) -> None:
    note = {"what": what, "pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        holder_file(settings).write_text(json.dumps(note, ensure_ascii=False), encoding="utf-8")
    except OSError:  # a full disk: the lock holds all the same, only its label is missing
        holder_file(settings).unlink(missing_ok=True)
