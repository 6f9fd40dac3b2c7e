"""The worker: does what the outbox owes, and keeps the warehouse up with what came back. Spec 00, "Journal".

One process, three lanes (threads), so that a month of PDFs holds up neither a payment request nor the refresh
a user waits for: `envois` (payers and mail), `documents`, and the main thread for the warehouse. A job's
answer, events, follow-up jobs and closing are one transaction. Several workers may run at once; one that is
killed loses its lease and its unfinished work is taken over.
"""

from __future__ import annotations

import logging
import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from console.journal import outbox
from console.journal.outbox import Job, LeaseLost
from console.journal.store import Journal, Refusal
from console.outcome import NewJob, Outcome, Response
from console.paths import Home
from console.settings import Settings
from console.worker_support import renewing, signals, technical_log

__all__ = ["HANDLERS", "NewJob", "Outcome", "Response", "WorkerContext", "WorkerReport", "run_worker"]

log = logging.getLogger("guichet.worker")
IDLE_SECONDS = 0.3
SCHEDULE_SECONDS = 20.0
RETRY_CEILING_SECONDS = 3600.0
REFRESH_AFTER_SECONDS = 30.0  # while jobs go on, the warehouse is not left further behind than this
CRASH_FACTOR = 20  # attempts beyond this many times `retry_max_attempts`: the job kills its worker each time


@dataclass
class WorkerContext:
    """What a handler may use. It runs in one thread; `now()` is the clock of the settings (`--as-of`)."""

    settings: Settings
    journal: Journal
    job: Job
    stopping: threading.Event
    lost: threading.Event
    stored: Callable[[], None] = lambda: None  # called once something the warehouse must see was committed

    @property
    def home(self) -> Home:
        return self.settings.paths

    def now(self) -> datetime:
        return self.settings.now()

    def progress(self, fraction: float | None, message: str) -> None:
        """Shown to the user, kept when the page is closed. Raises LeaseLost when the job was taken over."""
        if not outbox.progress(self.journal, self.job, fraction, message):
            raise LeaseLost(self.job.job_id)

    def lease_held(self) -> bool:
        """Asked right before something that cannot be undone; it prolongs the lease as well."""
        return not self.lost.is_set() and outbox.renew(self.journal, self.job, self.settings.lease_seconds)

    def save(self, part: Outcome) -> list[int | Refusal]:
        """Commits the events, responses and jobs of a finished part of a long job, which stays open (`status`
        is not looked at). Returns what `append` said of each event. Raises LeaseLost."""
        return _commit(self, part, outbox.keep)

    @property
    def last_attempt(self) -> bool:
        """Whether a retry would be refused: what is then unknown has to be said."""
        return self.job.attempts >= self.settings.retry_max_attempts and not self.stopping.is_set()


Handler = Callable[[Job, WorkerContext], Outcome]

# kind of job → "module:function"; a module is imported when its first job comes.
HANDLERS: dict[str, str | Handler] = {
    "home_plus.request": "console.gateways.home_plus_jobs:handle_request",
    "home_plus.poll": "console.gateways.home_plus_jobs:handle_poll",
    "home_plus.poll_all": "console.gateways.home_plus_jobs:handle_poll_all",
    "documents.invoices": "console.documents.jobs:handle_invoices",
    "documents.print_batch": "console.documents.jobs:handle_print_batch",
    "mail.invoice": "console.documents.jobs:handle_mail_invoice",
    "warehouse.refresh": "console.worker:handle_warehouse_refresh",
}
# What is said of the subjects of a job that is given up without an answer (it stumbled, or killed workers).
GIVEN_UP: dict[str, str | Callable[[Job], list[Response]]] = {
    "home_plus.request": "console.gateways.home_plus_jobs:given_up",
}
LANES: dict[str, tuple[str, ...]] = {
    "entrepot": ("warehouse.",),
    "documents": ("documents.",),
    "envois": ("home_plus.", "mail."),
}


@dataclass
class WorkerReport:
    """What a run of the worker did: jobs by how they ended, and the refreshes that failed."""

    done: int = 0
    retried: int = 0
    failed: int = 0
    refreshes: int = 0
    messages: list[str] = field(default_factory=list)


def handler_of(kind: str) -> Handler:
    """The function of a kind of job. KeyError for a kind nobody handles."""
    return _resolved(HANDLERS[kind])


def _resolved(found: Any) -> Any:
    if isinstance(found, str):
        module, _, name = found.partition(":")
        return getattr(import_module(module), name)
    return found


def refresh_warehouse(settings: Settings) -> Any:
    """Brings the warehouse up with the journal; returns the pipeline's report."""
    from console.warehouse.pipeline import refresh

    return refresh(settings)


def handle_warehouse_refresh(job: Job, ctx: WorkerContext) -> Outcome:
    """Job `warehouse.refresh` {full: bool}."""
    from console.warehouse import pipeline

    full = bool(job.payload.get("full"))
    report = (
        pipeline.run(ctx.settings, full=True, trigger="tâche") if full else pipeline.refresh(ctx.settings)
    )
    if report.ok:
        return Outcome("done", "Entrepôt à jour.")
    return Outcome("failed", "La mise à jour de l'entrepôt a échoué : " + " ; ".join(report.failures[:3]))


def run_worker(
    settings: Settings, once: bool = False, stop_event: threading.Event | None = None
) -> WorkerReport:
    """Runs until stopped (Ctrl-C, SIGTERM or `stop_event`); with `once`, does every job that is due, also
    those that become due meanwhile, refreshes the warehouse and ends."""
    worker = Worker(settings, stop_event or threading.Event())
    with technical_log(settings), signals(worker.stopping):
        return worker.run_once() if once else worker.run()


class Worker:
    """One worker process. `stopping` ends it after the jobs in hand."""

    def __init__(self, settings: Settings, stopping: threading.Event):
        self.settings = settings
        self.stopping = stopping
        self.journal = Journal.open(settings)
        self.name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.report = WorkerReport()
        self._dirty_since: float | None = None  # the journal has something the warehouse has not seen
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._started = time.monotonic()

    def run_once(self) -> WorkerReport:
        try:
            while not self.stopping.is_set():
                if not self.take(tuple(HANDLERS), self.settings.now()) and not self._refresh_if_dirty():
                    break
        finally:
            self.journal.close()
        return self.report

    def run(self) -> WorkerReport:
        lanes = [
            threading.Thread(target=self._lane, args=(name,), name=name, daemon=True)
            for name in LANES if name != "entrepot"
        ]  # fmt: skip
        for lane in lanes:
            lane.start()
        try:
            self._warehouse_lane()
        finally:
            self.stopping.set()
            for lane in lanes:
                lane.join()
            self.journal.close()
        return self.report

    def take(self, kinds: tuple[str, ...], now: datetime, lane: str = "") -> bool:
        """Leases one due job of these kinds and does it; False when there is none."""
        leased = outbox.lease(self.journal, f"{self.name}:{lane}", now, 1, kinds, self.settings.lease_seconds)
        if not leased:
            return False
        if self.stopping.is_set():
            outbox.release(self.journal, leased[0])
            return False
        with self._lock:
            self._busy.add(leased[0].job_id)
        try:
            self._do(leased[0])
        finally:
            with self._lock:
                self._busy.discard(leased[0].job_id)
        return True

    def due_clock(self) -> datetime:
        """What "due" is measured with. A replayed day (`--as-of`) goes on from its moment while the worker
        runs, or else no second attempt would ever come."""
        if not self.settings.as_of:
            return self.settings.now()
        return self.settings.now() + timedelta(seconds=time.monotonic() - self._started)

    def _lane(self, name: str) -> None:
        kinds = tuple(kind for kind in HANDLERS if kind.startswith(LANES[name]))
        while not self.stopping.is_set():
            try:
                if not self.take(kinds, self.due_clock(), name):
                    self.stopping.wait(IDLE_SECONDS)
            except Exception:
                log.exception("the lane %s stumbled; it goes on", name)
                self.stopping.wait(5 * IDLE_SECONDS)

    def _warehouse_lane(self) -> None:
        next_schedule = 0.0
        kinds = tuple(kind for kind in HANDLERS if kind.startswith(LANES["entrepot"]))
        while not self.stopping.is_set():
            try:
                if time.monotonic() >= next_schedule:
                    next_schedule = time.monotonic() + SCHEDULE_SECONDS
                    schedule_polls(self.settings, self.journal)
                worked = self.take(kinds, self.due_clock(), "entrepot")
                if not worked and self._refresh_is_due():
                    worked = self._refresh_if_dirty()
                if not worked:
                    self.stopping.wait(IDLE_SECONDS)
            except Exception:
                log.exception("the warehouse lane stumbled; it goes on")
                self.stopping.wait(5 * IDLE_SECONDS)

    def _refresh_is_due(self) -> bool:
        """The batch is over (no job in hand, none due), so that one refresh serves all of it; or it lasts."""
        since = self._dirty_since
        if since is None:
            return False
        if time.monotonic() - since >= REFRESH_AFTER_SECONDS:
            return True
        with self._lock:
            if self._busy:
                return False
        return outbox.due(self.journal, self.due_clock(), tuple(HANDLERS)) == 0

    def _refresh_if_dirty(self) -> bool:
        with self._lock:
            if self._dirty_since is None:
                return False
            self._dirty_since = None
        self.report.refreshes += 1
        kept = "La mise à jour de l'entrepôt a échoué ; la précédente reste en service."
        try:
            outcome = refresh_warehouse(self.settings)
        except Exception:
            log.exception("the warehouse could not be refreshed")
            self.report.messages.append(kept)
            return True
        if outcome is not None and not outcome.ok:
            self.report.messages.append(" ".join([kept, *outcome.failures[:3]]))
        return True

    def mark_dirty(self) -> None:
        with self._lock:
            if self._dirty_since is None:
                self._dirty_since = time.monotonic()

    def _do(self, job: Job) -> None:
        lost = threading.Event()
        ctx = WorkerContext(self.settings, self.journal, job, self.stopping, lost, self.mark_dirty)
        with renewing(self.journal, job, self.settings.lease_seconds, lost):
            outcome = self._handled(job, ctx)
        try:
            status = close_job(ctx, outcome, self.due_clock())
        except LeaseLost:
            log.warning("job %s was taken over; this attempt is dropped", job.job_id)
            return
        setattr(self.report, status, getattr(self.report, status) + 1)
        if status == "failed":
            self.report.messages.append(outcome.message)

    def _handled(self, job: Job, ctx: WorkerContext) -> Outcome:
        if job.attempts > CRASH_FACTOR * self.settings.retry_max_attempts:
            return Outcome("failed", "Tâche abandonnée : elle s'est interrompue trop de fois.")
        try:
            return handler_of(job.kind)(job, ctx)
        except LeaseLost:
            return Outcome("retry")  # closing it is refused: the new holder's outcome is the one that counts
        except Exception:
            log.exception("job %s (%s) stumbled", job.job_id, job.kind)
            return Outcome("retry", "Erreur inattendue pendant la tâche ; le journal technique la détaille.")


def close_job(ctx: WorkerContext, outcome: Outcome, clock: datetime) -> str:
    """Commits an outcome with the closing of its job: "done", "retried" or "failed". Raises LeaseLost."""
    settings, job = ctx.settings, ctx.job
    if outcome.status == "done":
        _commit(ctx, outcome, lambda tx, held: outbox.finish(tx, held, outcome.message))
        return "done"
    # what an orderly stop interrupted has not failed, however often the worker was stopped
    spent = job.attempts >= settings.retry_max_attempts and not ctx.stopping.is_set()
    if outcome.status == "failed" or spent:
        outcome.message = outcome.message or "La tâche a échoué."
        if not outcome.responses and job.kind in GIVEN_UP:
            outcome.responses = _resolved(GIVEN_UP[job.kind])(job)
        _commit(ctx, outcome, lambda tx, held: outbox.give_up(tx, held, outcome.message))
        return "failed"
    at = outcome.retry_at or clock + timedelta(seconds=backoff(settings, job.attempts))
    _commit(ctx, outcome, lambda tx, held: outbox.retry(tx, held, at, outcome.message, outcome.remaining))
    return "retried"


def backoff(settings: Settings, attempts: int) -> float:
    """Seconds before the next attempt: doubled each time up to an hour, a fifth more or less so that jobs
    that failed together do not come back together."""
    delay = min(settings.retry_base_seconds * 2 ** min(attempts - 1, 20), RETRY_CEILING_SECONDS)
    return delay * random.uniform(0.8, 1.2)


def schedule_polls(settings: Settings, journal: Journal) -> str | None:
    """Leaves one `home_plus.poll_all` per period of `home_plus_poll_minutes` while requests are open,
    whatever the number of workers (the job's id is its period's). Returns the job's id when one is due."""
    from console.gateways.home_plus_jobs import has_open_requests

    now = settings.now()
    slot = int(now.timestamp() // (settings.home_plus_poll_minutes * 60))
    job_id = f"poll-{settings.home_plus_poll_minutes}-{slot}"
    if outbox.known(journal, job_id) or not has_open_requests(settings):
        return None
    with journal.begin("planification", now) as tx:
        tx.enqueue("home_plus.poll_all", {}, job_id=job_id)
        tx.commit()
    return job_id


def _commit(ctx: WorkerContext, outcome: Outcome, close: Callable[[Any, Job], None]) -> list[int | Refusal]:
    with ctx.journal.begin(ctx.job.actor, ctx.now()) as tx:
        close(tx, ctx.job)
        for one in outcome.responses:
            tx.respond(
                gateway=one.gateway, operation=one.operation, outcome=one.outcome, items=one.items,
                job_id=ctx.job.job_id, http_status=one.http_status, request=one.request,
                response=one.response,
            )  # fmt: skip
        appended = tx.append(outcome.events) if outcome.events else []
        for new in outcome.jobs:
            tx.enqueue(new.kind, new.payload, new.not_before, new.job_id)
        tx.commit()
    if outcome.responses or outcome.events:
        ctx.stored()
    for result in appended:
        if isinstance(result, Refusal):
            log.warning("job %s: event refused: %s", ctx.job.job_id, result.reason)
    return appended
