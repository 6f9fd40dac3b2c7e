"""Workers that are killed, and workers side by side: exactly one request per invoice, nothing lost."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter

import pytest

from tests.gateways.support import REQUEST_PATH, SEARCH_PATH, Agency, entry
from tests.worker.processes import start_worker

KILLS = 50
LEASE = 0.4


@pytest.mark.slow
def test_fifty_killed_workers_leave_one_request_per_invoice(agency: Agency) -> None:
    """kill -9 at random moments, many of them between the payer's acceptance and our commit."""
    rng = random.Random(20261121)
    numbers = [f"F2026-{n:06}" for n in range(1, 121)]
    for start in range(0, len(numbers), 2):
        agency.ask(*[entry(number) for number in numbers[start : start + 2]])
    agency.payer.configure(latence=0.08)

    for _ in range(KILLS):
        worker = start_worker(agency.settings.home, agency.payer.url, once=False, lease_seconds=LEASE)
        time.sleep(rng.uniform(0.1, 0.5))
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        assert worker.exitcode == -signal.SIGKILL

    agency.payer.configure(latence=0)
    deadline = time.monotonic() + 20
    while any(job["status"] != "done" for job in agency.jobs()) and time.monotonic() < deadline:
        agency.work()
        time.sleep(LEASE / 2)

    assert Counter(job["status"] for job in agency.jobs()) == {"done": 60}
    assert sorted(agency.taken()) == numbers
    last = agency.last()
    assert sorted(last) == numbers and {item["outcome"] for item in last.values()} == {"ok"}
    assert len({item["request_id"] for item in last.values()}) == len(numbers)
    assert max(job["attempts"] for job in agency.jobs()) > 1, "the kills must have hit jobs under way"
    assert len(agency.calls(SEARCH_PATH)) > 0
    sent = [one["numFactureTiers"] for call in agency.calls(REQUEST_PATH) for one in json.loads(call["body"])]
    # the payer refuses a number twice, so that counting its requests is not enough: we did not ask twice
    # either (but for a call still on its way when its worker had been dead for a whole lease)
    assert len(sent) - len(set(sent)) <= 3


def test_two_workers_at_once_share_the_work(agency: Agency) -> None:
    numbers = [f"F{n:03}" for n in range(60)]
    for number in numbers:
        agency.ask(entry(number))
    workers = [start_worker(agency.settings.home, agency.payer.url, once=True) for _ in range(2)]
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert sorted(agency.taken()) == numbers
    assert len(agency.calls(REQUEST_PATH)) == len(numbers), "no job is done twice"
    assert len({job["worker"] for job in agency.jobs()}) == 2, "each did a part"
    assert {job["attempts"] for job in agency.jobs()} == {1}


def test_a_stopped_worker_finishes_what_it_has_in_hand(agency: Agency) -> None:
    agency.payer.configure(latence=0.5)
    agency.ask(entry("F1"))
    agency.ask(entry("F2"))
    worker = start_worker(agency.settings.home, agency.payer.url, once=False)
    deadline = time.monotonic() + 20
    while not agency.calls(REQUEST_PATH) and time.monotonic() < deadline:
        time.sleep(0.02)
    worker.terminate()
    worker.join(20)
    assert worker.exitcode == 0
    assert sorted(job["status"] for job in agency.jobs()) == ["done", "queued"]
    assert [job["attempts"] for job in agency.jobs() if job["status"] == "queued"] == [0]
    assert len(agency.taken()) == 1
