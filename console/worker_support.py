"""What surrounds the worker's jobs: the lease kept alive, an orderly end, the technical log."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from typing import Any

from console.journal import outbox
from console.journal.outbox import Job
from console.journal.store import Journal
from console.settings import Settings

log = logging.getLogger("guichet.worker")
LOG_BYTES = 5_000_000


@contextmanager
def renewing(journal: Journal, job: Job, seconds: float, lost: threading.Event) -> Iterator[None]:
    """Keeps the lease while the work lasts; sets `lost` when somebody else has it."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(seconds / 3):
            try:
                if not outbox.renew(journal, job, seconds):
                    lost.set()
                    return
            except Exception:
                log.exception("the lease of job %s could not be renewed", job.job_id)

    thread = threading.Thread(target=keep, name=f"bail-{job.job_id[:8]}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def signals(stopping: threading.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM ask for an orderly end; only the main thread may listen to them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(_signal: int, _frame: Any) -> None:
        stopping.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def technical_log(settings: Settings) -> Iterator[None]:
    """Errors with their details go to `logs/worker.log` of the home: the screens say them in one sentence."""
    settings.paths.logs.mkdir(parents=True, exist_ok=True)
    path = settings.paths.logs / "worker.log"
    if any(getattr(one, "baseFilename", None) == str(path) for one in logging.getLogger().handlers):
        yield  # the command writes everything there already
        return
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(message)s"))
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        handler.close()
