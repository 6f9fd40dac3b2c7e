"""The outbox: what is owed to the outside, taken by workers on a lease that expires. Spec 00, "Journal".

A job is committed with the decision that needs it (`Transaction.enqueue`). A worker leases it (which counts
an attempt, so that a job whose worker died is recognised by its number of attempts), does it, and closes it
in the transaction that stores the answer. Whoever lost its lease can close nothing: its work is thrown away
and the next holder asks the outside what really happened.

Two clocks: a job is due by the agency's clock (`--as-of`), a lease runs on the real one, for it is about
processes.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Update, and_, func, or_, select, update

from console.journal.schema import jobs
from console.journal.store import Journal, Transaction, iso

LEASE_SECONDS = 120.0


class LeaseLost(Exception):
    """The job was taken over by another worker, or closed: nothing of this attempt may be kept."""


@dataclass(frozen=True)
class Job:
    """A job under lease. `attempts` counts this one; `crashed` says that the previous one never ended."""

    job_id: str
    kind: str
    payload: dict[str, Any]
    attempts: int
    actor: str
    worker: str
    created_at: str
    crashed: bool = False


def lease(
    journal: Journal, worker: str, now: datetime, limit: int = 1, kinds: Collection[str] | None = None,
    seconds: float = LEASE_SECONDS,
) -> list[Job]:  # fmt: skip
    """Takes up to `limit` due jobs, oldest first, for `seconds` of real time; each counts an attempt more."""
    ready = _ready(now, kinds)
    chosen = select(jobs.c.job_id).where(ready).order_by(jobs.c.not_before, jobs.c.created_at, jobs.c.job_id)
    with journal.reader.connect() as connection:  # nothing to do is the common case, and takes no lock
        if connection.execute(chosen.limit(1)).first() is None:
            return []
    with journal.engine.begin() as connection:
        rows = connection.execute(
            select(jobs).where(jobs.c.job_id.in_(chosen.limit(limit))).order_by(
                jobs.c.not_before, jobs.c.created_at, jobs.c.job_id
            )
        ).mappings().all()  # fmt: skip
        taken = [row["job_id"] for row in rows]
        connection.execute(
            update(jobs).where(jobs.c.job_id.in_(taken)).values(
                status="running", worker=worker, lease_until=_until(seconds), attempts=jobs.c.attempts + 1,
            )
        )  # fmt: skip
    return [
        Job(
            row["job_id"], row["kind"], json.loads(row["payload"]), row["attempts"] + 1, row["actor"], worker,
            row["created_at"], crashed=row["status"] == "running",
        )
        for row in rows
    ]  # fmt: skip


def due(journal: Journal, now: datetime, kinds: Collection[str] | None = None) -> int:
    """How many jobs could be leased at this moment."""
    with journal.reader.connect() as connection:
        return connection.execute(select(func.count()).where(_ready(now, kinds))).scalar_one()


def renew(journal: Journal, job: Job, seconds: float = LEASE_SECONDS) -> bool:
    """Prolongs the lease; False when it is no longer ours."""
    with journal.engine.begin() as connection:
        return connection.execute(_held(job).values(lease_until=_until(seconds))).rowcount == 1


def progress(journal: Journal, job: Job, fraction: float | None, message: str) -> bool:
    """Stores how far a long job is (0 to 1) and what it is doing, in French; False when the lease is lost."""
    with journal.engine.begin() as connection:
        return connection.execute(_held(job).values(progress=fraction, message=message)).rowcount == 1


def release(journal: Journal, job: Job) -> None:
    """Gives a job back as if it had not been taken: only for one whose work was not begun."""
    with journal.engine.begin() as connection:
        connection.execute(
            _held(job).values(status="queued", lease_until=None, worker=None, attempts=jobs.c.attempts - 1)
        )


def keep(tx: Transaction, job: Job) -> None:
    """Makes sure, inside `tx`, that the job is still ours. Raises LeaseLost."""
    _close(tx, job, message=jobs.c.message)


def finish(tx: Transaction, job: Job, message: str = "") -> None:
    """Closes the job as done, in the transaction that stores its answer. Raises LeaseLost."""
    _close(tx, job, status="done", progress=1.0, message=message, done_at=tx.at, lease_until=None)


def retry(
    tx: Transaction, job: Job, at: datetime, message: str, payload: dict[str, Any] | None = None
) -> None:
    """Puts the job back for `at` (agency's clock), with what is left of its payload. Raises LeaseLost."""
    left = job.payload if payload is None else payload
    _close(
        tx, job, status="queued", not_before=iso(at), message=message, lease_until=None, worker=None,
        payload=json.dumps(left, ensure_ascii=False),
    )  # fmt: skip


def give_up(tx: Transaction, job: Job, message: str) -> None:
    """Closes the job as failed, with what a user should know. Raises LeaseLost."""
    _close(tx, job, status="failed", message=message, done_at=tx.at, lease_until=None)


def known(journal: Journal, job_id: str) -> bool:
    """Whether a job of this id exists, whatever became of it."""
    with journal.reader.connect() as connection:
        return connection.execute(select(jobs.c.job_id).where(jobs.c.job_id == job_id)).first() is not None


def pending(tx: Transaction, kind: str) -> list[dict[str, Any]]:
    """Payloads of the jobs of a kind that are still to be done, seen from inside a transaction."""
    found = select(jobs.c.payload).where(jobs.c.kind == kind, jobs.c.status.in_(("queued", "running")))
    return [json.loads(row[0]) for row in tx.connection.execute(found)]


def _close(tx: Transaction, job: Job, **values: Any) -> None:
    if tx.connection.execute(_held(job).values(**values)).rowcount != 1:
        raise LeaseLost(f"job {job.job_id} is no longer held by {job.worker}")


def _held(job: Job) -> Update:
    """Only while nobody took it over: the attempt number is the fence."""
    return update(jobs).where(
        jobs.c.job_id == job.job_id, jobs.c.status == "running",
        jobs.c.worker == job.worker, jobs.c.attempts == job.attempts,
    )  # fmt: skip


def _ready(now: datetime, kinds: Collection[str] | None) -> ColumnElement[bool]:
    waiting = and_(jobs.c.status == "queued", jobs.c.not_before <= iso(now))
    abandoned = and_(jobs.c.status == "running", jobs.c.lease_until < iso(datetime.now(UTC)))
    ready = or_(waiting, abandoned)
    return ready if kinds is None else and_(ready, jobs.c.kind.in_(sorted(kinds)))


def _until(seconds: float) -> str:
    return iso(datetime.now(UTC) + timedelta(seconds=seconds))
