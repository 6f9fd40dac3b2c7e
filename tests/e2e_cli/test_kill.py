"""Fifty kill -9 while a month is created, validated, sent and asked for: nothing lost, nothing twice.

The process that is killed (driver.py) does what the console and the command do, then what the worker does.
The moments are drawn with a seed and printed when the test fails.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from console.journal.store import Journal
from console.sandbox.server import SandboxServer
from console.settings import load_settings
from tests.e2e_cli.agency import AGENCY, CARE, Agency, client, contract, visits

CLIENTS = 60
KILLS = {"bill": 24, "refresh": 3, "ask": 23}
LONGEST = {"bill": 0.35, "refresh": 2.5, "ask": 0.6}  # seconds after the process is ready


def month(agency: Agency) -> None:
    names = [f"K{n:03d}" for n in range(CLIENTS)]
    spans = [("2026-10-05 09:00", 90), ("2026-10-18 09:00", 60)]
    agency.load(
        [
            agency.csv("agencies", AGENCY),
            agency.csv("services", CARE),
            agency.csv(
                "clients",
                *(client(n, home_plus=f"11{n}", activated="2026-01-05", account="OK") for n in names),
            ),
            agency.csv("contracts", *(contract(n) for n in names)),
            agency.csv("interventions", *(row for n in names for row in visits(n, *spans))),
        ]
    )
    agency.guichet("run")


def driver(agency: Agency, acknowledged: Path, stage: str) -> subprocess.Popen[str]:
    """The driver, ready to act."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e_cli.driver", str(acknowledged), str(CLIENTS), stage],
        env=agency.environment(), cwd=Path(__file__).parents[2], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    first = process.stdout.readline()
    if first.strip() != "prêt":
        pytest.fail(f"the driver did not start: {first}{process.stderr.read()}")
    return process


def kill_at_random(agency: Agency, acknowledged: Path, stage: str, draw: random.Random) -> list[float]:
    """Kills the driver of a stage again and again; returns the delays at which it was killed in flight."""
    moments: list[float] = []
    for _ in range(KILLS[stage]):
        process = driver(agency, acknowledged, stage)
        delay = draw.uniform(0, LONGEST[stage])
        try:
            process.wait(timeout=delay)
        except subprocess.TimeoutExpired:
            process.kill()
            moments.append(round(delay, 3))
        out, err = process.communicate()
        assert process.returncode in (0, -9), err
        if "fini" in out:
            break
    return moments


def finish(agency: Agency, acknowledged: Path, stage: str) -> None:
    process = driver(agency, acknowledged, stage)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err


@pytest.mark.slow
def test_fifty_kills_lose_nothing_and_double_nothing(agency: Agency, payer: SandboxServer) -> None:
    seed = 20261121
    draw = random.Random(seed)
    agency.as_of = "2026-11-03T09:00"
    payer.configure(aujourdhui="2026-11-03")
    agency.env = {
        "GUICHET_HOME_PLUS_URL": payer.url,
        "GUICHET_HOME_PLUS_CLIENT_ID": "essai",
        "GUICHET_HOME_PLUS_CLIENT_SECRET": "essai",
        "GUICHET_HOME_PLUS_THIRD_PARTY_ID": "1081230",
        "GUICHET_LEASE_SECONDS": "0.5",
        "GUICHET_RETRY_BASE_SECONDS": "0",
        "GUICHET_RETRY_MAX_ATTEMPTS": "50",
    }
    month(agency)
    acknowledged = agency.home.parent / "acknowledged.jsonl"
    killed: dict[str, list[float]] = {}
    begun = time.monotonic()
    for stage in KILLS:
        killed[stage] = kill_at_random(agency, acknowledged, stage, draw)
        finish(agency, acknowledged, stage)
    print(f"seed {seed}, killed at {killed}, {time.monotonic() - begun:.0f} s")
    time.sleep(0.6)  # the lease of the last one killed
    agency.guichet("worker", "--once")
    agency.verify()
    check_journal(agency, acknowledged)
    check_payer(payer)
    check_datasets(agency)
    assert sum(map(len, killed.values())) >= 40, f"too few kills hit a running process: {killed}"


def check_journal(agency: Agency, acknowledged: Path) -> None:
    """One invoice a client, numbers without a hole, and every answer somebody saw is in the journal."""
    journal = Journal.open(load_settings(home=agency.home))
    events = list(journal.events())
    journal.close()
    kinds = Counter(event.kind for event in events)
    for kind in ("invoice_created", "invoice_validated", "invoice_sent"):
        assert kinds[f"billing.{kind}"] == CLIENTS, kinds
    assert kinds["home_plus.requested"] == CLIENTS, kinds
    payloads = [event.data for event in events]
    ranks = [data["rank"] for event, data in zip(events, payloads, strict=True)
             if event.kind == "billing.invoice_validated"]  # fmt: skip
    assert ranks == list(range(1, CLIENTS + 1))
    created = [data for event, data in zip(events, payloads, strict=True)
               if event.kind == "billing.invoice_created"]  # fmt: skip
    billed = Counter(line[2] for data in created for line in data["lines"])
    assert len(billed) == 2 * CLIENTS and set(billed.values()) == {1}
    ids = {data["invoice_id"] for data in created}
    numbers = {data["number"] for event, data in zip(events, payloads, strict=True)
               if event.kind == "billing.invoice_validated"}  # fmt: skip
    for line in acknowledged.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        for item in entry["result"]["done"]:
            if entry["action"] == "invoices.create":
                assert item["invoice_id"] in ids, "an acknowledged invoice is lost"
            elif entry["action"] == "invoices.validate":
                assert item["invoice_number"] in numbers, "an acknowledged number is lost"


def check_payer(payer: SandboxServer) -> None:
    """Exactly one request an invoice, at the payer."""
    held = Counter(one["numFactureTiers"] for one in payer.requests())
    assert len(held) == CLIENTS and set(held.values()) == {1}


def check_datasets(agency: Agency) -> None:
    """What people see says the same: all sent, all asked for, none in error; one mail a client."""
    assert {row["status"] for row in agency.rows("invoices")} == {"envoyee"}
    assert all(row["document_sha256"] for row in agency.rows("invoices"))
    requests = agency.rows("home_plus_requests")
    assert len(requests) == CLIENTS
    assert all(row["request_id"] for row in requests)
    assert agency.rows("home_plus_errors") == []
    assert agency.rows("draft_invoices") == []
