"""What the tests of the gateway, the worker and the sandbox share: bodies, settings, jobs and their fate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from console import worker
from console.gateways.home_plus import BASE_PATH
from console.journal.schema import jobs, responses
from console.journal.store import Journal, NewEvent
from console.sandbox.server import SandboxServer
from console.settings import Settings, load_settings

SECRET = "un-secret-bien-garde"
REQUEST_PATH = f"{BASE_PATH}/demandePaiement"
SEARCH_PATH = f"{REQUEST_PATH}/rechercher"


def body(
    number: str, client: str = "11000000000001", hours: str = "2.00", price: str = "27.40", **changes: Any
) -> str:
    """The JSON text of a request whose totals hold; `changes` replace fields after that."""
    amount = (Decimal(hours) * Decimal(price)).quantize(Decimal("0.01"))
    excl = (amount / Decimal("1.10")).quantize(Decimal("0.01"))
    line = {
        "codeNature": "60", "quantite": Decimal(hours), "unite": "HEURE", "mntUnitaireTTC": Decimal(price),
        "mntPrestationTTC": amount, "mntPrestationHT": excl, "mntPrestationTVA": amount - excl,
        "dateDebutEmploi": "2026-10-05T00:00:00Z", "dateFinEmploi": "2026-10-05T00:00:00Z",
        "complement1": "Entretien de la maison", "complement2": "SAP919900050",
    }  # fmt: skip
    request = {
        "idTiersFacturation": "1081230", "idClient": client, "dateNaissanceClient": "1944-08-07T00:00:00Z",
        "numFactureTiers": number, "dateFacture": "2026-11-02T00:00:00Z",
        "dateDebutEmploi": "2026-10-05T00:00:00Z", "dateFinEmploi": "2026-10-05T00:00:00Z",
        "mntFactureTTC": amount, "mntFactureHT": excl, "inputPrestations": [line],
    }  # fmt: skip
    for name, value in changes.items():
        holder = line if name in (*line, "codeActivite") and name not in request else request
        if value is None:
            holder.pop(name, None)
        else:
            holder[name] = value
    return json_text(request)


def json_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{json_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(json_text(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def amount_of(text: str) -> str:
    return str(json.loads(text, parse_float=str)["mntFactureTTC"])


def entry(number: str, attempt: int = 1, **changes: Any) -> dict[str, Any]:
    text = body(number, **changes)
    return {"invoice_number": number, "client_id": "C001", "amount": amount_of(text), "request": text,
            "attempt": attempt}  # fmt: skip


def settings_for(home: Path, url: str, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "home": home, "home_plus_url": url, "home_plus_client_id": "agence",
        "home_plus_client_secret": SECRET, "home_plus_timeout": 5.0, "retry_base_seconds": 0.0,
        "lease_seconds": 30.0,
    }  # fmt: skip
    return load_settings(**{**values, **changes})


class Agency:
    """An agency with its journal and its payer."""

    def __init__(self, settings: Settings, payer: SandboxServer):
        self.settings = settings
        self.payer = payer
        self.journal = Journal.open(settings)

    def ask(self, *entries: dict[str, Any], events: bool = False, **extra: Any) -> str:
        """Enqueues one request job (as the action does), with its events when the test needs them."""
        with self.journal.begin("camille", datetime.now(UTC)) as tx:
            if events:
                tx.append([requested(one) for one in entries])
            job_id = tx.enqueue("home_plus.request", {"requests": list(entries), **extra})
            tx.commit()
        return job_id

    def poll(self, *numbers: str) -> str:
        with self.journal.begin("camille", datetime.now(UTC)) as tx:
            job_id = tx.enqueue("home_plus.poll", {"invoice_numbers": list(numbers)})
            tx.commit()
        return job_id

    def work(self, **changes: Any) -> worker.WorkerReport:
        return worker.run_worker(self.settings.model_copy(update=changes), once=True)

    def jobs(self) -> list[dict[str, Any]]:
        with self.journal.reader.connect() as connection:
            rows = connection.execute(select(jobs).order_by(jobs.c.created_at, jobs.c.job_id))
            return [dict(row) for row in rows.mappings()]

    def responses(self) -> list[dict[str, Any]]:
        with self.journal.reader.connect() as connection:
            rows = connection.execute(select(responses).order_by(responses.c.seq)).mappings()
            return [{**row, "items": json.loads(row["items"])} for row in rows]

    def last(self) -> dict[str, dict[str, Any]]:
        """The last thing said of each invoice."""
        return {item["subject"]: item for row in self.responses() for item in row["items"]}

    def taken(self) -> list[str]:
        """Invoice numbers of the requests that the payer has, once per request."""
        return [one["numFactureTiers"] for one in self.payer.requests()]

    def calls(self, path: str) -> list[dict[str, Any]]:
        return self.payer.calls(path)


def requested(one: dict[str, Any]) -> NewEvent:
    fields = {name: one[name] for name in ("invoice_number", "client_id", "amount", "attempt")}
    text = f'{json.dumps(fields)[:-1]},"request":{one["request"]}}}'
    return NewEvent(f"home_plus:{one['invoice_number']}", "home_plus.requested", text)


@contextmanager
def an_agency(home: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Iterator[Agency]:
    """The warehouse is not what is tried here: its refresh is only counted by the worker's report."""
    monkeypatch.setattr(worker, "refresh_warehouse", lambda settings: None)
    with SandboxServer(home) as payer:
        agency = Agency(settings_for(home, payer.url, **changes), payer)
        try:
            yield agency
        finally:
            agency.journal.close()
