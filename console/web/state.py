"""The settings, journal and warehouse of this process, shared by the routes and by Streamlit's scripts.

`configure` is called once by `build_app` (and by tests); a script that runs without it takes the settings of
the environment.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from console.settings import Settings, load_settings

if TYPE_CHECKING:
    from console.journal.store import Journal
    from console.warehouse.query import Warehouse

_lock = Lock()
_settings: Settings | None = None
_journal: Journal | None = None
_warehouse: Warehouse | None = None


def configure(settings: Settings) -> None:
    global _settings, _journal, _warehouse
    with _lock:
        _settings, _journal, _warehouse = settings, None, None


def settings() -> Settings:
    global _settings
    with _lock:
        if _settings is None:
            _settings = load_settings()
        return _settings


def journal() -> Journal:
    global _journal
    current = settings()
    with _lock:
        if _journal is None:
            from console.journal.store import Journal

            current.paths.create()
            _journal = Journal.open(current)
        return _journal


def warehouse() -> Warehouse:
    global _warehouse
    current = settings()
    with _lock:
        if _warehouse is None:
            from console.warehouse.query import Warehouse

            _warehouse = Warehouse.open(current.paths)
        return _warehouse
