"""Which requests are asked about, and how often: every cycle while they move, ever more rarely once paid."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from console.gateways import home_plus_jobs
from console.gateways.home_plus_jobs import batches, due_polls, poll_is_due
from console.worker import schedule_polls
from tests.gateways.support import Agency

NOW = datetime(2026, 11, 21, 12, 0)
CYCLE = timedelta(hours=1)


@pytest.mark.parametrize(
    ("status", "age_days", "last_hours", "due"),
    [
        ("integree", 0, None, True),
        ("integree", 0, 0.2, False),
        ("integree", 0, 1, True),
        ("en_attente_validation", 2, 3, False),
        ("en_attente_validation", 2, 6, True),
        ("prelevee", 30, 12, False),
        ("prelevee", 30, 24, True),
        ("refus_prelevement", 300, 24, True),
        ("payee", 1, 12, False),
        ("payee", 1, 24, True),
        ("payee", 40, 96, False),
        ("payee", 40, 120, True),
        ("payee", 59, 24 * 8, True),
        ("payee", 61, 24 * 30, False),
        ("refusee", 61, None, False),
    ],
)
def test_the_rhythm_of_questions(status: str, age_days: int, last_hours: float | None, due: bool) -> None:
    last = None if last_hours is None else NOW - timedelta(hours=last_hours)
    assert poll_is_due(status, NOW - timedelta(days=age_days), last, NOW, CYCLE) is due


def test_batches_of_ten() -> None:
    assert [len(part) for part in batches(range(21))] == [10, 10, 1]
    assert batches([]) == []


class Published:
    """The marts that scheduling reads."""

    run_id = "essai"

    def __init__(self) -> None:
        self.connection = duckdb.connect(":memory:")
        self.connection.execute(
            """
            create schema marts; create schema seeds;
            create table seeds.lifecycle_states(lifecycle varchar, state varchar, terminal boolean);
            insert into seeds.lifecycle_states values ('home_plus', 'integree', false),
                ('home_plus', 'annulee', true), ('home_plus', 'en_erreur', false),
                ('home_plus', 'en_file', false), ('home_plus', 'payee', false);
            create table marts.home_plus_requests(invoice_number varchar, status varchar,
                status_at timestamp, last_sync_at timestamp, last_error_code varchar);
            """
        )

    def put(self, number: str, status: str, last: str | None = None, error: str | None = None) -> None:
        self.connection.execute(
            "insert into marts.home_plus_requests values (?, ?, '2026-11-20 12:00:00', ?, ?)",
            [number, status, last, error],
        )

    def rows(self, sql: str, params: Any = ()) -> list[dict[str, Any]]:
        cursor = self.connection.cursor().execute(sql, params)
        return [dict(zip([c[0] for c in cursor.description], row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Published:
    warehouse = Published()
    monkeypatch.setattr("console.warehouse.query.Warehouse.open", lambda home: warehouse)
    return warehouse


def test_open_requests_are_asked_about(agency: Agency, published: Published) -> None:
    settings = agency.settings.model_copy(update={"as_of": "2026-11-21T13:00:00"})
    published.put("F1", "integree")
    published.put("F2", "integree", last="2026-11-21 11:59:00")
    published.put("F3", "annulee")
    published.put("F4", "en_file")
    published.put("F5", "en_erreur", error="ERR_MANDAT_ECHU")
    published.put("F6", "en_erreur", error="ABANDON")  # it may have arrived without our knowing
    published.put("F7", "statut_nouveau")
    assert due_polls(settings) == ["F1", "F6", "F7"]


def test_the_schedule_ends_in_polls_of_ten(agency: Agency, published: Published) -> None:
    for n in range(12):
        published.put(f"F{n:02}", "integree")
    assert schedule_polls(agency.settings, agency.journal)
    agency.work()
    assert sorted(job["kind"] for job in agency.jobs()) == [
        "home_plus.poll",
        "home_plus.poll",
        "home_plus.poll_all",
    ]
    assert {job["status"] for job in agency.jobs()} == {"done"}
    assert {item["error_code"] for item in agency.last().values()} == {"ERR_RECHERCHE_VIDE"}


def test_without_a_run_nothing_is_due(agency: Agency) -> None:
    assert due_polls(agency.settings) == []
    assert not home_plus_jobs.has_open_requests(agency.settings)
