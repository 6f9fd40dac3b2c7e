"""Runs an action as the console would: `act("invoices.create", period="2026-10")`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

import console.actions  # noqa: F401
from console.actions.registry import Context, Result, run_action
from console.journal.store import Journal
from console.settings import Settings
from tests.actions.marts import FakeWarehouse

Act = Callable[..., Result]


@pytest.fixture
def warehouse() -> FakeWarehouse:
    return FakeWarehouse()


@pytest.fixture
def clocked(settings: Settings) -> Settings:
    settings.as_of = "2026-11-03T10:00:00"
    return settings


@pytest.fixture
def act(clocked: Settings, journal: Journal, warehouse: FakeWarehouse) -> Act:
    def call(name: str, key: str | None = None, **params: Any) -> Result:
        ctx = Context(clocked, journal, warehouse, "anne")  # type: ignore[arg-type]
        return run_action(name, params, ctx, key or uuid.uuid4().hex)

    return call


@pytest.fixture
def issued(act: Act, warehouse: FakeWarehouse) -> Callable[..., str]:
    """The number of a fresh validated invoice of these line amounts."""

    def call(client_id: str, amounts: list[str], **options: Any) -> str:
        draft_id = warehouse.draft(client_id, amounts, **options)
        invoice_id = act("invoices.create", draft_ids=[draft_id]).done[0]["invoice_id"]
        return act("invoices.validate", invoice_ids=[invoice_id]).done[0]["invoice_number"]

    return call
