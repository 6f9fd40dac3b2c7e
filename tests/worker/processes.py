"""Real worker processes for the tests, forked from a server that has done its imports."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerProcess
from typing import Any

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["pytest", "tests.gateways.support", "tests.worker.processes", "console.gateways.home_plus_jobs",
     "console.warehouse.query"]
)  # fmt: skip


def start_worker(home: Any, url: str, once: bool, **changes: Any) -> ForkServerProcess:
    process = _context.Process(target=work, args=(str(home), url, once, changes))
    process.start()
    return process


def work(home: str, url: str, once: bool, changes: dict[str, Any]) -> None:
    from pathlib import Path

    from console import worker
    from tests.gateways.support import settings_for

    worker.refresh_warehouse = lambda settings: None  # type: ignore[assignment]
    worker.run_worker(settings_for(Path(home), url, **changes), once=once)
