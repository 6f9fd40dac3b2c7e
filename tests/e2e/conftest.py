"""A real console in a process of its own, on a small published run, and Debian's Chromium in French."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from console import auth
from console.journal.store import Journal
from console.settings import Settings, load_settings
from tests.console import published

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
PASSWORD = "correct cheval pile agrafe"
SERVER = """
import sys
from console import app
from console.settings import load_settings
app.serve(load_settings(home=sys.argv[1], port=int(sys.argv[2]), as_of="2026-11-21T14:32"), worker=False)
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e/" in str(item.path).replace("\\", "/"):
            item.add_marker(pytest.mark.browser)


@dataclass
class Console:
    address: str
    settings: Settings
    journal: Journal


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"the console stopped with code {process.returncode}")
        try:
            urllib.request.urlopen(address + "/sante", timeout=1).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("the console did not answer")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    home = published.home_at(tmp_path_factory.mktemp("e2e") / "home")
    published.publish(home)
    made = load_settings(home=home.root, as_of="2026-11-21T14:32")
    journal = Journal.open(made)
    for role in ("analyste", "lecture"):
        auth.create_user(journal.engine, role, PASSWORD, role, name=f"Claire {role.title()}")
    port = _free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(home.root), str(port)])
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, process)
        yield Console(address, made, journal)
    finally:
        process.terminate()
        process.wait(15)
        journal.close()


@pytest.fixture(scope="session")
def chromium():
    if CHROMIUM is None:
        pytest.skip("Chromium est absent : installez le paquet « chromium » de Debian")
    api = pytest.importorskip("playwright.sync_api", reason="playwright est absent")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def visit(served: Console, chromium) -> Iterator[Callable]:
    """Opens a page as a profile (None: not signed in) in a window of that width; violations fail the test."""
    contexts, complaints = [], []

    def open_as(role: str | None, path: str = "", width: int = 1280):
        context = chromium.new_context(locale="fr-FR", viewport={"width": width, "height": 900})
        contexts.append(context)
        if role:
            token = auth.open_session(served.journal.engine, role, 1)
            context.add_cookies([{"name": "guichet_session", "value": token, "url": served.address}])
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on(
            "console", lambda m: complaints.append(m.text) if "Content Security Policy" in m.text else None
        )
        page.goto(f"{served.address}/{path}")
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert not complaints
