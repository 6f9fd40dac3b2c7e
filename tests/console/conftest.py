"""A home with a published run, accounts of every profile, and the console's ASGI app (one per process)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from console import auth
from console.journal.store import Journal
from console.settings import Settings, load_settings
from console.web import state
from tests.console import published

PASSWORD = "correct cheval pile agrafe"
ROLES = ("analyste", "comptable", "admin", "client", "lecture")


@pytest.fixture(scope="session")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = published.home_at(tmp_path_factory.mktemp("console") / "home")
    published.publish(home)
    made = load_settings(home=home.root, as_of="2026-11-21T14:32")
    journal = Journal.open(made)
    for role in ROLES:
        client = "C001" if role == "client" else None
        auth.create_user(journal.engine, role, PASSWORD, role, name=role.title(), client_id=client)
    journal.close()
    return made


@pytest.fixture(scope="session")
def app(agency: Settings):
    """Streamlit allows one runtime per process: every test of routes shares this app."""
    from console.app import build_app

    return build_app(agency, worker=False)


@pytest.fixture
def console(agency: Settings) -> Iterator[Settings]:
    """This agency is the one of the process."""
    state.configure(agency)
    yield agency


@pytest.fixture
def browser(app, console: Settings) -> TestClient:
    """Somebody who has not signed in."""
    return TestClient(app, base_url="http://guichet.test", follow_redirects=False)


def token_of(role: str) -> str:
    return auth.open_session(state.journal().engine, role, 1)


@pytest.fixture
def signed_in(app, console: Settings):
    def open_as(role: str) -> TestClient:
        client = TestClient(app, base_url="http://guichet.test", follow_redirects=False)
        client.cookies.set("guichet_session", token_of(role))
        return client

    return open_as


@pytest.fixture
def own_home(tmp_path: Path) -> Path:
    return tmp_path / "home"
