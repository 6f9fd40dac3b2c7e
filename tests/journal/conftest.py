"""Journals on both databases. PostgreSQL: the server of GUICHET_TEST_POSTGRES_URL, else a throw-away cluster
made with the binaries that are installed, else those tests are skipped and say so."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from console.journal.schema import metadata
from console.journal.store import Journal, NewEvent, Transaction
from console.settings import Settings

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


def _binaries() -> Path | None:
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _as_postgres(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    if url := os.environ.get("GUICHET_TEST_POSTGRES_URL"):
        yield url
        return
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL absent : ni GUICHET_TEST_POSTGRES_URL, ni initdb sur cette machine")
    folder = Path(tempfile.mkdtemp(prefix="guichet-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(folder / "data")
    made = subprocess.run(
        _as_postgres([str(binaries / "initdb"), "-D", data, "-U", "guichet", "-A", "trust", "-E", "UTF8"]),
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=120,
    )
    if made.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL ne peut pas être initialisé ici : {made.stderr.strip()[-200:]}")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    control = [str(binaries / "pg_ctl"), "-D", data, "-w", "-t", "60"]
    subprocess.run(
        _as_postgres([*control, "-o", options, "-l", str(folder / "log"), "start"]),
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        timeout=120,
    )
    try:
        yield f"postgresql+psycopg://guichet@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            _as_postgres([*control, "-m", "immediate", "stop"]),
            check=False,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            timeout=120,
        )
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_postgres(postgres_url: str) -> str:
    """The server's address, its tables gone."""
    engine = create_engine(postgres_url)
    metadata.drop_all(engine)
    engine.dispose()
    return postgres_url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def both(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Settings whose journal is on each database in turn."""
    if request.param == "postgresql":
        settings.journal_url = request.getfixturevalue("empty_postgres")
    return settings


@pytest.fixture
def store(both: Settings) -> Iterator[Journal]:
    opened = Journal.open(both)
    yield opened
    opened.close()


@pytest.fixture
def write(store: Journal) -> Callable[..., list]:
    """Appends and commits: `write(event, event)`."""

    def call(*events: NewEvent) -> list:
        with store.begin("anne", NOW) as tx:
            results = tx.append(list(events))
            tx.commit()
        return results

    return call


def begin(store: Journal) -> Transaction:
    return store.begin("anne", NOW)
