"""The worker around its handlers: one transaction per outcome, back-off, refreshes, clocks, schedule."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console import worker
from console.journal.events import InterventionValidated
from console.journal.outbox import Job
from console.journal.store import NewEvent
from console.worker import NewJob, Outcome, Response, WorkerContext
from tests.gateways.support import Agency, entry

EVENT = NewEvent(
    "intervention:I1", "activity.intervention_validated", InterventionValidated(intervention_id="I1")
)


def enqueue(agency: Agency, kind: str, not_before: datetime | None = None, **payload: Any) -> str:
    with agency.journal.begin("camille", datetime.now(UTC)) as tx:
        job_id = tx.enqueue(kind, payload, not_before)
        tx.commit()
    return job_id


def handle(monkeypatch: pytest.MonkeyPatch, kind: str, function: worker.Handler) -> None:
    monkeypatch.setitem(worker.HANDLERS, kind, function)


def test_an_outcome_is_one_transaction(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Response("mail", "send", "ok", [{"subject": "F1", "outcome": "ok"}], 250, "À", "OK")
    follow_up = NewJob("essai.suite", {})
    handle(monkeypatch, "essai", lambda job, ctx: Outcome("done", "fait", [answer], [EVENT], [follow_up]))
    handle(monkeypatch, "essai.suite", lambda job, ctx: Outcome("done", "suite faite"))
    enqueue(agency, "essai")
    report = agency.work()
    assert (report.done, report.refreshes) == (2, 1)
    assert [event.actor for event in agency.journal.events()] == ["camille"]
    assert agency.responses()[0]["gateway"] == "mail" and agency.responses()[0]["request"] == "À"
    assert [job["status"] for job in agency.jobs()] == ["done", "done"]


def test_the_outcome_of_a_lost_lease_is_dropped(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(job: Job, ctx: WorkerContext) -> Outcome:
        if job.attempts == 1:
            with (
                agency.journal.engine.begin() as connection
            ):  # as if it had been asleep for longer than its lease
                connection.exec_driver_sql("update jobs set lease_until = '2000'")
            assert worker.outbox.lease(agency.journal, "un autre", ctx.now())
            assert not ctx.lease_held()
        return Outcome("done", events=[EVENT])

    handle(monkeypatch, "essai", slow)
    enqueue(agency, "essai")
    report = agency.work()
    assert (report.done, agency.journal.last_seq()) == (0, 0)
    assert agency.jobs()[0]["worker"] == "un autre"


def test_a_lease_is_renewed_while_the_work_lasts(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    def long(job: Job, ctx: WorkerContext) -> Outcome:
        time.sleep(0.9)
        assert worker.outbox.lease(agency.journal, "un autre", ctx.now()) == []
        return Outcome("done")

    handle(monkeypatch, "essai", long)
    enqueue(agency, "essai")
    assert agency.work(lease_seconds=0.45).done == 1


def test_a_long_job_saves_its_parts(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    def long(job: Job, ctx: WorkerContext) -> Outcome:
        assert ctx.save(Outcome(events=[EVENT])) == [1]
        ctx.progress(0.5, "1 sur 2")
        if job.attempts == 1:
            raise RuntimeError("interrompu")
        return Outcome("done")

    handle(monkeypatch, "essai", long)
    enqueue(agency, "essai")
    report = agency.work(retry_max_attempts=1)
    assert report.failed == 1 and report.refreshes == 1
    assert agency.journal.last_seq() == 1, "what was saved stays"
    assert agency.jobs()[0]["progress"] == 0.5


def test_an_unknown_kind_is_left_alone(agency: Agency) -> None:
    """A worker of an older version must not spoil the jobs of a newer one."""
    enqueue(agency, "inconnu")
    assert agency.work().failed == 0
    assert agency.jobs()[0]["status"] == "queued"


def test_a_job_that_kills_its_workers_is_given_up(agency: Agency) -> None:
    agency.ask(entry("F1"))
    with agency.journal.engine.begin() as connection:
        connection.exec_driver_sql("update jobs set attempts = 1000")
    assert agency.work().failed == 1
    assert agency.jobs()[0]["message"] == "Tâche abandonnée : elle s'est interrompue trop de fois."
    assert agency.last()["F1"]["error_code"] == "ABANDON"


def test_the_back_off_doubles_is_spread_and_has_a_ceiling(agency: Agency) -> None:
    settings = agency.settings.model_copy(update={"retry_base_seconds": 30.0})
    for attempts, middle in ((1, 30), (2, 60), (5, 480), (30, 3600)):
        delays = [worker.backoff(settings, attempts) for _ in range(50)]
        assert all(0.8 * middle <= delay <= 1.2 * middle for delay in delays)
        assert len(set(delays)) > 1


def test_one_refresh_serves_a_whole_batch(agency: Agency) -> None:
    for n in range(12):
        agency.ask(entry(f"F{n}"))
    assert agency.work().refreshes == 1


def test_a_failed_refresh_is_said_and_loses_nothing(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(settings: object) -> None:
        raise OSError("plus de place")

    monkeypatch.setattr(worker, "refresh_warehouse", broken)
    agency.ask(entry("F1"))
    report = agency.work()
    assert report.done == 1
    assert report.messages == ["La mise à jour de l'entrepôt a échoué ; la précédente reste en service."]


def test_due_follows_as_of(agency: Agency) -> None:
    enqueue_at = datetime(2026, 10, 5, 10, 0, tzinfo=UTC)
    with agency.journal.begin("camille", enqueue_at) as tx:
        tx.enqueue("home_plus.request", {"requests": [entry("F1")]}, enqueue_at)
        tx.commit()
    assert agency.work(as_of="2026-10-05T11:59").done == 0  # 09:59 UTC
    assert agency.work(as_of="2026-10-05T12:00").done == 1
    assert agency.responses()[0]["at"] == "2026-10-05T10:00:00.000000"


def test_a_replayed_day_still_has_its_second_attempts(agency: Agency) -> None:
    agency.payer.configure(pannes=[{"sur": "demande", "type": "503"}])
    as_of = {"as_of": "2030-01-01T12:00", "retry_base_seconds": 0.2}
    agency.ask(entry("F1"))
    settings = agency.settings.model_copy(update=as_of)
    stop = threading.Event()
    thread = threading.Thread(target=worker.run_worker, args=(settings,), kwargs={"stop_event": stop})
    thread.start()
    deadline = time.monotonic() + 20
    while agency.jobs()[0]["status"] != "done" and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert agency.jobs()[0]["status"] == "done" and agency.jobs()[0]["attempts"] == 2


def test_one_poll_is_scheduled_per_period_whatever_the_number_of_workers(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.gateways.home_plus_jobs.has_open_requests", lambda settings: True)
    settings = agency.settings.model_copy(update={"as_of": "2026-10-05T12:10"})
    assert worker.schedule_polls(settings, agency.journal)
    assert worker.schedule_polls(settings, agency.journal) is None
    later = agency.settings.model_copy(update={"as_of": "2026-10-05T13:10"})
    assert worker.schedule_polls(later, agency.journal)
    assert [job["kind"] for job in agency.jobs()] == ["home_plus.poll_all"] * 2


def test_nothing_is_scheduled_before_the_first_run_nor_without_open_requests(agency: Agency) -> None:
    assert worker.schedule_polls(agency.settings, agency.journal) is None
    assert agency.jobs() == []


def test_every_handler_that_is_named_exists_when_its_module_does() -> None:
    from importlib.util import find_spec

    for kind, target in worker.HANDLERS.items():
        assert isinstance(target, str)
        if find_spec(target.partition(":")[0]) is not None:
            assert callable(worker.handler_of(kind))
        lane = [name for name, prefixes in worker.LANES.items() if kind.startswith(prefixes)]
        assert len(lane) == 1


def test_a_refused_event_does_not_lose_the_answer(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = NewEvent(EVENT.stream, EVENT.kind, EVENT.payload, expected_version=7)
    answer = Response("mail", "send", "ok", [])
    handle(monkeypatch, "essai", lambda job, ctx: Outcome("done", responses=[answer], events=[stale]))
    enqueue(agency, "essai", not_before=datetime.now(UTC) - timedelta(seconds=1))
    assert agency.work().done == 1
    assert len(agency.responses()) == 1 and agency.journal.last_seq() == 0


def test_what_an_orderly_stop_interrupts_is_not_given_up(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(job: Job, ctx: WorkerContext) -> Outcome:
        ctx.stopping.set()
        return Outcome("retry", "Interrompu par l'arrêt ; la suite reprendra.", retry_at=ctx.now())

    handle(monkeypatch, "essai", interrupted)
    enqueue(agency, "essai")
    for _ in range(3):
        assert agency.work(retry_max_attempts=1).retried == 1
    assert agency.jobs()[0]["status"] == "queued"
