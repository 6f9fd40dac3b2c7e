"""Leases: who may do a job, who may close it, and what is left when somebody does not come back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.journal import outbox
from console.journal.outbox import LeaseLost
from console.journal.store import Journal
from console.settings import load_settings

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(load_settings(home=tmp_path))
    yield opened
    opened.close()


def enqueue(journal: Journal, *kinds: str, not_before: datetime = NOW) -> list[str]:
    with journal.begin("camille", NOW) as tx:
        ids = [tx.enqueue(kind, {"n": n}, not_before) for n, kind in enumerate(kinds)]
        tx.commit()
    return ids


def row(journal: Journal, job_id: str) -> dict:
    with journal.reader.connect() as connection:
        found = connection.exec_driver_sql("select * from jobs where job_id = ?", (job_id,)).mappings().one()
        return dict(found)


def test_a_leased_job_is_nobody_elses(journal: Journal) -> None:
    ids = enqueue(journal, "a", "b", "c")
    first = outbox.lease(journal, "un", NOW, limit=2)
    second = outbox.lease(journal, "deux", NOW, limit=2)
    assert sorted(job.job_id for job in first + second) == sorted(ids)
    assert {job.attempts for job in first + second} == {1}
    assert outbox.lease(journal, "trois", NOW, limit=2) == []


def test_due_is_the_agencys_clock(journal: Journal) -> None:
    enqueue(journal, "a", not_before=NOW + timedelta(hours=1))
    assert outbox.lease(journal, "un", NOW) == [] and outbox.due(journal, NOW) == 0
    assert len(outbox.lease(journal, "un", NOW + timedelta(hours=1))) == 1


def test_only_the_kinds_asked_for(journal: Journal) -> None:
    enqueue(journal, "a", "b")
    assert [job.kind for job in outbox.lease(journal, "un", NOW, 9, kinds=("b", "c"))] == ["b"]


def test_an_expired_lease_is_taken_over_and_its_first_holder_can_close_nothing(journal: Journal) -> None:
    enqueue(journal, "a")
    (lost,) = outbox.lease(journal, "un", NOW, seconds=-1)
    (taken,) = outbox.lease(journal, "deux", NOW)
    assert (lost.crashed, taken.crashed, taken.attempts) == (False, True, 2)
    assert not outbox.renew(journal, lost) and not outbox.progress(journal, lost, 0.5, "")
    for close in (
        lambda tx: outbox.finish(tx, lost),
        lambda tx: outbox.retry(tx, lost, NOW, ""),
        lambda tx: outbox.give_up(tx, lost, ""),
        lambda tx: outbox.keep(tx, lost),
    ):
        with journal.begin("camille", NOW) as tx, pytest.raises(LeaseLost):
            close(tx)
    with journal.begin("camille", NOW) as tx:
        outbox.finish(tx, taken, "fini")
        tx.commit()
    assert row(journal, taken.job_id)["status"] == "done"
    assert outbox.lease(journal, "trois", NOW) == []


def test_the_same_worker_that_took_its_job_again_is_not_the_first_one(journal: Journal) -> None:
    enqueue(journal, "a")
    (lost,) = outbox.lease(journal, "un", NOW, seconds=-1)
    outbox.lease(journal, "un", NOW)
    assert not outbox.renew(journal, lost), "the attempt number is the fence, not the name"


def test_a_renewed_lease_is_kept(journal: Journal) -> None:
    enqueue(journal, "a")
    (job,) = outbox.lease(journal, "un", NOW, seconds=-1)
    assert outbox.renew(journal, job, 60)
    assert outbox.lease(journal, "deux", NOW) == []


def test_a_retry_waits_and_keeps_what_is_left(journal: Journal) -> None:
    (job_id,) = enqueue(journal, "a")
    (job,) = outbox.lease(journal, "un", NOW)
    with journal.begin("camille", NOW) as tx:
        outbox.retry(tx, job, NOW + timedelta(minutes=1), "plus tard", {"n": 7})
        tx.commit()
    assert outbox.lease(journal, "un", NOW) == []
    (again,) = outbox.lease(journal, "un", NOW + timedelta(minutes=1))
    assert (again.job_id, again.attempts, again.payload, again.crashed) == (job_id, 2, {"n": 7}, False)


def test_what_was_not_begun_is_given_back_as_it_was(journal: Journal) -> None:
    (job_id,) = enqueue(journal, "a")
    (job,) = outbox.lease(journal, "un", NOW)
    outbox.release(journal, job)
    assert (row(journal, job_id)["status"], row(journal, job_id)["attempts"]) == ("queued", 0)


def test_progress_is_kept(journal: Journal) -> None:
    (job_id,) = enqueue(journal, "a")
    (job,) = outbox.lease(journal, "un", NOW)
    assert outbox.progress(journal, job, 0.25, "2 500 factures sur 10 000")
    assert (row(journal, job_id)["progress"], row(journal, job_id)["message"]) == (
        0.25,
        "2 500 factures sur 10 000",
    )


def test_a_rolled_back_transaction_closes_nothing(journal: Journal) -> None:
    (job_id,) = enqueue(journal, "a")
    (job,) = outbox.lease(journal, "un", NOW)
    with journal.begin("camille", NOW) as tx:
        outbox.finish(tx, job)
    assert row(journal, job_id)["status"] == "running"


def test_pending_and_known(journal: Journal) -> None:
    (job_id, _) = enqueue(journal, "a", "b")
    with journal.begin("camille", NOW) as tx:
        assert outbox.pending(tx, "a") == [{"n": 0}]
    assert outbox.known(journal, job_id) and not outbox.known(journal, "x")
