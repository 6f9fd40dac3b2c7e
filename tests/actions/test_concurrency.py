"""Two people (two processes) at once: each draft once, each euro once, and whoever came second is told."""

from __future__ import annotations

import multiprocessing
from multiprocessing.queues import Queue
from typing import Any

import console.actions  # noqa: F401
from console.actions.registry import Context, Refused, run_action
from console.journal.store import Journal
from console.journal.verify import verify
from console.settings import Settings, load_settings
from tests.actions.marts import FakeWarehouse

CLIENTS = 60


def _month() -> FakeWarehouse:
    """The same run of the warehouse, as each process reads it."""
    warehouse = FakeWarehouse()
    for n in range(CLIENTS):
        warehouse.client(f"C{n:03}")
        warehouse.draft(f"C{n:03}", ["52.00", "26.00"])
    return warehouse


def _run(home: str, name: str, params: dict[str, Any], key: str, barrier, out: Queue) -> None:
    settings = load_settings(home=home, as_of="2026-11-03T10:00:00")
    journal = Journal.open(settings)
    warehouse = _month()
    barrier.wait(60)
    try:
        result = run_action(name, params, Context(settings, journal, warehouse, key), key)  # type: ignore[arg-type]
        out.put((key, result.as_dict(), ""))
    except Refused as refused:
        out.put((key, None, str(refused)))
    journal.close()


def at_once(settings: Settings, *calls: tuple[str, dict[str, Any], str]) -> dict[str, tuple[Any, str]]:
    context = multiprocessing.get_context("spawn")
    barrier, out = context.Barrier(len(calls)), context.Queue()
    processes = [
        context.Process(target=_run, args=(str(settings.home), name, params, key, barrier, out))
        for name, params, key in calls
    ]
    for one in processes:
        one.start()
    results = [out.get(timeout=120) for _ in processes]
    for one in processes:
        one.join(timeout=60)
    return {key: (result, refused) for key, result, refused in results}


def alone(settings: Settings, journal: Journal, name: str, **params: Any) -> Any:
    """The same in this process: what comes before the race."""
    return run_action(name, params, Context(settings, journal, _month(), name), name)  # type: ignore[arg-type]


def test_two_processes_create_the_same_month(settings: Settings, journal: Journal):
    month = {"period": "2026-10"}
    results = at_once(settings, ("invoices.create", month, "anne"), ("invoices.create", month, "luc"))
    first, second = sorted((results["anne"][0], results["luc"][0]), key=lambda one: -len(one["done"]))
    assert (len(first["done"]), len(first["failed"])) == (CLIENTS, 0)
    assert (len(second["done"]), len(second["failed"])) == (0, CLIENTS)
    assert all(one["reason"].startswith("déjà créée : brouillon I") for one in second["failed"])
    assert sum(1 for _ in journal.events()) == CLIENTS
    assert all(check.ok for check in verify(settings))


def test_the_same_order_sent_twice_is_done_once(settings: Settings, journal: Journal):
    calls = [("invoices.create", {"period": "2026-10"}, "meme-cle")] * 2
    context = at_once(settings, *calls)
    assert len(context["meme-cle"][0]["done"]) == CLIENTS
    assert sum(1 for _ in journal.events()) == CLIENTS


def test_two_validations_number_each_invoice_once(settings: Settings, journal: Journal):
    alone(settings, journal, "invoices.create", period="2026-10")
    month = {"period": "2026-10"}
    results = at_once(settings, ("invoices.validate", month, "anne"), ("invoices.validate", month, "luc"))
    assert sorted(len(result["done"]) for result, _ in results.values()) == [0, CLIENTS]
    ranks = [event.data["rank"] for event in journal.events(kinds=["billing.invoice_validated"])]
    assert ranks == list(range(1, CLIENTS + 1))
    assert all(check.ok for check in verify(settings))


def test_one_payment_is_not_spent_twice(settings: Settings, journal: Journal):
    created = alone(settings, journal, "invoices.create", draft_ids=["D-C000-202610-main"]).done[0]
    validated = alone(settings, journal, "invoices.validate", invoice_ids=[created["invoice_id"]]).done[0]
    alone(
        settings,
        journal,
        "payments.record",
        payment_id="P1",
        received_on="2026-11-03",
        amount="60",
        emitter="client",
        client_id="C000",
    )
    share = {
        "payment_id": "P1",
        "allocations": [{"invoice_number": validated["invoice_number"], "amount": "40.00"}],
    }
    results = at_once(settings, ("payments.allocate", share, "anne"), ("payments.allocate", share, "luc"))
    assert sorted(len(result["done"]) for result, _ in results.values()) == [0, 1]
    refused = next(result for result, _ in results.values() if not result["done"])
    assert "il ne reste que" in refused["failed"][0]["reason"]
    assert all(check.ok for check in verify(settings))
