"""The journal reaches landing once, in order, and again from the start when it was replaced."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

import duckdb
import pytest

from console.journal.events import DOMAINS
from console.journal.store import Journal
from console.settings import Settings
from console.warehouse import landing_copy
from loaders.landing import open_landing

Decide = Callable[..., int]


@pytest.fixture
def landing(settings: Settings):
    with closing(open_landing(settings.paths.landing)) as connection:
        yield connection


def _copied(landing: duckdb.DuckDBPyConnection) -> list[tuple]:
    return landing.execute(
        "select seq, stream, kind, payload, actor, hash from raw.events_activity order by seq"
    ).fetchall()


def test_events_are_copied_as_they_are(
    journal: Journal, landing: duckdb.DuckDBPyConnection, decide: Decide
) -> None:
    decide("I1", "I2")
    first = landing_copy.copy_journal(journal, landing)
    decide("I3")
    second = landing_copy.copy_journal(journal, landing)
    assert (first.seq, second.seq, second.recopied) == (2, 3, False)
    expected = [(e.seq, e.stream, e.kind, e.payload, e.actor, e.hash) for e in journal.events()]
    assert _copied(landing) == expected
    at = landing.execute("select occurred_at from raw.events_activity where seq = 1").fetchone()
    assert at[0].isoformat(timespec="microseconds") == next(journal.events()).occurred_at


def test_copying_again_adds_nothing(
    journal: Journal, landing: duckdb.DuckDBPyConnection, decide: Decide
) -> None:
    decide("I1")
    landing_copy.copy_journal(journal, landing)
    marks = landing_copy.landing_marks(landing)
    landing_copy.copy_journal(journal, landing)
    assert len(_copied(landing)) == 1
    assert landing_copy.landing_marks(landing) == marks


def test_marks_tell_what_grew(
    settings: Settings, journal: Journal, landing: duckdb.DuckDBPyConnection, decide: Decide
) -> None:
    landing_copy.copy_journal(journal, landing)
    before = landing_copy.landing_marks(landing)
    assert {f"events_{domain}" for domain in DOMAINS} <= set(before)
    decide("I1")
    with journal.begin("test", settings.now()) as tx:
        tx.respond(gateway="home_plus", operation="poll", outcome="ok", items=[{"subject": "F1"}])
        tx.commit()
    landing_copy.copy_journal(journal, landing)
    landing.execute(
        "insert into raw.load_batches (batch_id, source, sha256, status) values (1, 'clients', 'x', 'charge')"
    )
    after = landing_copy.landing_marks(landing)
    grown = {name for name, mark in after.items() if before.get(name) != mark}
    assert grown == {"events_activity", "responses", "load_batches", "clients"}
    row = landing.execute("select gateway, items from raw.responses").fetchone()
    assert row == ("home_plus", '[{"subject": "F1"}]')


def test_answers_that_went_back_are_copied_again(
    settings: Settings, journal: Journal, landing: duckdb.DuckDBPyConnection
) -> None:
    def answer(subject: str) -> None:
        with journal.begin("test", settings.now()) as tx:
            tx.respond(gateway="home_plus", operation="poll", outcome="ok", items=[{"subject": subject}])
            tx.commit()

    answer("F1")
    landing_copy.copy_journal(journal, landing)
    with journal.engine.begin() as connection:  # as a restore would
        connection.exec_driver_sql("delete from responses")
    answer("F2")
    assert landing_copy.copy_journal(journal, landing).recopied
    assert landing.execute("select items from raw.responses").fetchall() == [('[{"subject": "F2"}]',)]


def test_a_failed_copy_leaves_landing_as_it_was(
    journal: Journal,
    landing: duckdb.DuckDBPyConnection,
    decide: Decide,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decide("I1")
    landing_copy.copy_journal(journal, landing)
    decide("I2")

    def fail(*_: object) -> None:
        raise duckdb.IOException("No space left on device")

    with monkeypatch.context() as patched, pytest.raises(duckdb.IOException):
        patched.setattr(landing_copy, "_copy_responses", fail)
        landing_copy.copy_journal(journal, landing)
    assert len(_copied(landing)) == 1
    landing_copy.copy_journal(journal, landing)
    assert len(_copied(landing)) == 2


def test_many_large_events_are_quick(
    settings: Settings, journal: Journal, landing: duckdb.DuckDBPyConnection
) -> None:
    """20 000 events of 2 kB (a tenth of a busy month) in seconds; the target is 200 000."""
    payload = '{"note":"' + "x" * 2000 + '"}'
    rows = [
        (n, f"{n:032x}", f"s{n}", 1, "billing.invoice_created", payload, "", "2026-11-01T00:00:00.000000", "")
        for n in range(1, 20_001)
    ]  # fmt: skip
    with journal.engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into events (seq, event_id, stream, version, kind, payload, actor, occurred_at, hash) "
            "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
    started = time.perf_counter()
    landing_copy.copy_journal(journal, landing)
    assert time.perf_counter() - started < 10
    assert landing.execute("select count(*), max(length(payload)) from raw.events_billing").fetchone() == (
        20_000,
        len(payload),
    )
