"""What every test may use: a home of its own, its settings and journal, and the real `guichet` command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from console.journal.store import Journal
from console.settings import Settings, load_settings

OPTIONAL_TOOLS = {
    "Chromium (tests du navigateur)": ("chromium", "chromium-browser", "google-chrome"),
    "LibreOffice (documents Word)": ("soffice", "libreoffice"),
    "PostgreSQL (journal partagé)": ("pg_ctl", "postgres", "pg_ctlcluster"),
}


def pytest_report_header() -> list[str]:
    """Says at once which optional tools are there: what needs the others is skipped, with its reason."""
    lines = []
    for label, commands in OPTIONAL_TOOLS.items():
        found = next((path for name in commands if (path := shutil.which(name))), None)
        lines.append(f"{label} : {found or 'absent, les tests qui en ont besoin sont sautés'}")
    return lines


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the settings of the machine it runs on."""
    for name in list(os.environ):
        if name.startswith("GUICHET_") and not name.startswith("GUICHET_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _own_main_module() -> Iterator[None]:
    """Streamlit's test runner leaves its script as `__main__`; processes spawned by later tests would run it."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def settings(home: Path) -> Settings:
    """Settings of a fresh home, its folders made."""
    made = load_settings(home=home)
    made.paths.create()
    return made


@pytest.fixture
def journal(settings: Settings) -> Iterator[Journal]:
    opened = Journal.open(settings)
    yield opened
    opened.close()


@dataclass
class CliResult:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def cli(home: Path) -> Callable[..., CliResult]:
    """Runs the real command in a process of its own: `cli("run", "--json", env={…})`."""

    def call(*arguments: str, env: dict[str, str] | None = None, timeout: float = 180) -> CliResult:
        done = subprocess.run(
            [sys.executable, "-m", "console.cli", *arguments],
            env={**os.environ, "GUICHET_HOME": str(home), "COLUMNS": "200", **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return CliResult(done.returncode, done.stdout, done.stderr)

    return call
