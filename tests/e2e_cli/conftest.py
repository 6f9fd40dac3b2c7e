"""A home per test and the payer's sandbox; everything else goes through the command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.sandbox.server import SandboxServer
from tests.e2e_cli.agency import Agency


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    made = Agency(tmp_path / "home")
    made.guichet("init")
    return made


@pytest.fixture
def payer(tmp_path: Path) -> Iterator[SandboxServer]:
    """The Home+ sandbox on a free port, at the pace of the clock."""
    with SandboxServer(tmp_path / "payer.db", speed=1) as server:
        yield server
