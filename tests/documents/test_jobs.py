"""The worker's part: each document once, resumed where it stopped, and a mail that says what became of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from console.documents import jobs, store
from console.gateways.mail import MailResult, OutgoingMail
from console.journal.events import InvoiceValidated
from console.journal.outbox import lease
from console.journal.store import Journal, NewEvent
from console.settings import Settings
from console.worker import Outcome, WorkerContext, close_job
from tests.documents.marts import Marts


@dataclass
class Run:
    seq: int


class House:
    """A journal, marts that follow it when refreshed, and jobs done one at a time."""

    def __init__(self, settings: Settings, journal: Journal, monkeypatch: pytest.MonkeyPatch):
        self.settings, self.journal, self.marts = settings, journal, Marts()
        self.run: Run | None = Run(0)
        self.refreshes = 0
        self.rendered: list[str] = []
        monkeypatch.setattr(jobs.Warehouse, "open", lambda home: self.marts)
        monkeypatch.setattr(jobs.runs, "current", lambda home: self.run)
        monkeypatch.setattr(jobs.pipeline, "ensure_fresh", self._refresh)
        real = jobs.render_many

        def watched(data: list[dict[str, Any]], *args: Any, **kwargs: Any) -> Iterator[tuple[str, bytes]]:
            for name, pdf in real(data, *args, **kwargs):
                self.rendered.append(name)
                yield name, pdf

        monkeypatch.setattr(jobs, "render_many", watched)

    def _refresh(self, settings: Settings, trigger: str) -> None:
        self.refreshes += 1
        self.run = Run(self.journal.last_seq())

    def validate(self, *names: str, **values: Any) -> None:
        for name in names:
            number = f"F2026-{int(name[1:]):06}"
            self.marts.line(name)
            self.marts.invoice(name, number, **values)
            payload = InvoiceValidated(
                invoice_id=name, document="invoice", number=number, series="invoice", year=2026,
                rank=int(name[1:]), issued_on="2026-11-03", due_on="2026-12-03",
            )  # fmt: skip
            with self.journal.begin("test", self.settings.now()) as tx:
                tx.append([NewEvent(f"invoice:{name}", payload.kind_name, payload)])
                tx.commit()

    def do(self, kind: str, stopping: bool = False, close: bool = True, **payload: Any) -> Outcome:
        with self.journal.begin("test", self.settings.now()) as tx:
            tx.enqueue(kind, payload)
            tx.commit()
        return self.again(stopping, close)

    def again(self, stopping: bool = False, close: bool = True) -> Outcome:
        [job] = lease(self.journal, "w", self.settings.now(), 1, None, 60)
        stop = threading.Event()
        if stopping:
            stop.set()
        ctx = WorkerContext(self.settings, self.journal, job, stop, threading.Event())
        handler = {
            "documents.invoices": jobs.handle_invoices,
            "documents.print_batch": jobs.handle_print_batch,
            "mail.invoice": jobs.handle_mail_invoice,
        }[job.kind]
        outcome = handler(job, ctx)
        if close:
            close_job(ctx, outcome, self.settings.now())
        return outcome

    def stored(self, entity: str = "invoice") -> dict[str, str]:
        found = [event.data for event in self.journal.events(kinds={"documents.stored"})]
        named = [data for data in found if data["entity"] == entity]
        assert len({data["entity_id"] for data in named}) == len(named), "each document once"
        return {data["entity_id"]: data["sha256"] for data in named}

    def responses(self) -> list[dict[str, Any]]:
        with self.journal.reader.connect() as connection:
            rows = connection.exec_driver_sql("select * from responses order by seq").mappings()
            return [{**row, "items": json.loads(row["items"])} for row in rows]


@pytest.fixture
def house(tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> House:
    settings = Settings(home=tmp_path / "home", as_of="2026-11-21T20:00", retry_base_seconds=0)
    return House(settings, journal, monkeypatch)


def test_invoices_are_rendered_stored_and_told_once(house: House) -> None:
    house.validate("I1", "I2")
    outcome = house.do("documents.invoices", invoice_ids=["I1", "I2", "I1"])
    assert (outcome.status, outcome.message) == ("done", "2 factures en PDF.")
    for sha256 in house.stored().values():
        assert store.get(house.settings.paths, sha256).startswith(b"%PDF-")
    house.validate("I3")
    house.do("documents.invoices", invoice_ids=["I1", "I2", "I3"])
    assert house.rendered == ["I1", "I2", "I3"]
    assert sorted(house.stored()) == ["I1", "I2", "I3"]


def test_a_job_that_was_cut_goes_on_where_it_stopped(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BATCH", 2)
    names = [f"I{number}" for number in range(1, 6)]
    house.validate(*names)
    put, calls = store.put, []

    def dies_at_the_fourth(*args: Any) -> str:
        calls.append(args)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return put(*args)

    monkeypatch.setattr(store, "put", dies_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        house.do("documents.invoices", invoice_ids=names)
    assert sorted(house.stored()) == ["I1", "I2"], "the finished batch is kept"
    house.rendered.clear()
    house.do("documents.invoices", invoice_ids=names)
    assert house.rendered == ["I3", "I4", "I5"]
    assert sorted(house.stored()) == names


def test_stopping_keeps_what_is_done_and_asks_to_come_back(house: House) -> None:
    house.validate("I1")
    outcome = house.do("documents.invoices", stopping=True, invoice_ids=["I1"])
    assert (outcome.status, house.stored()) == ("retry", {})
    assert house.again().status == "done"
    assert list(house.stored()) == ["I1"]


def test_a_warehouse_that_is_behind_is_brought_up_first(house: House) -> None:
    house.validate("I1")
    house.do("documents.invoices", invoice_ids=["I1"])
    assert house.refreshes == 1
    house.do("documents.invoices", invoice_ids=["I1"])
    assert house.refreshes == 1, "what it knows is enough"


def test_a_warehouse_that_cannot_follow_means_later(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.validate("I1")
    monkeypatch.setattr(jobs.pipeline, "ensure_fresh", lambda settings, trigger: None)
    outcome = house.do("documents.invoices", invoice_ids=["I1"])
    assert (outcome.status, house.stored()) == ("retry", {})


def test_one_bad_invoice_does_not_hold_up_the_others(house: House) -> None:
    house.validate("I1", "I3")
    house.validate("I2", total_incl_vat=Decimal("60.01"))
    house.marts.line("I4")
    house.marts.invoice("I4", None)
    outcome = house.do("documents.invoices", invoice_ids=["I1", "I2", "I3", "I4", "I9"])
    assert outcome.status == "failed"
    assert outcome.message.startswith("2 factures en PDF.")
    for said in ("F2026-000002", "I4 : introuvable ou sans numéro", "I9 : introuvable"):
        assert said in outcome.message
    assert sorted(house.stored()) == ["I1", "I3"]


def test_print_batch_is_one_document_and_stores_each_invoice(house: House) -> None:
    house.validate("I1", "I2")
    outcome = house.do("documents.print_batch", invoice_ids=["I1", "I2"])
    assert (outcome.status, outcome.message) == ("done", "Lot d'impression de 2 factures.")
    assert sorted(house.stored()) == ["I1", "I2"]
    [sha256] = house.stored("print_batch").values()
    assert store.get(house.settings.paths, sha256).startswith(b"%PDF-")


def mail_of(name: str = "I1", **values: Any) -> dict[str, Any]:
    number = f"F2026-{int(name[1:]):06}"
    return {"invoice_id": name, "number": number, "to": "jeanne@exemple.fr", "template": "facture", **values}


def test_mail_carries_the_stored_document_and_is_told(house: House) -> None:
    house.validate("I1")
    outcome = house.do("mail.invoice", **mail_of())
    assert outcome.status == "done"
    [file] = house.settings.paths.mail.iterdir()
    assert b"jeanne@exemple.fr" in file.read_bytes()
    [response] = house.responses()
    assert (response["gateway"], response["operation"], response["outcome"]) == ("mail", "send", "ok")
    [item] = response["items"]
    assert (item["subject"], item["outcome"]) == ("F2026-000001", "ok")
    assert list(house.stored()) == ["I1"]


def test_a_mail_repeated_after_a_crash_has_the_same_identity(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[OutgoingMail] = []

    def silent(settings: Settings, message: OutgoingMail) -> MailResult:
        sent.append(message)
        return MailResult("unknown" if len(sent) == 1 else "ok", "Pas de réponse.", retry=len(sent) == 1)

    monkeypatch.setattr(jobs.gateway, "send", silent)
    house.validate("I1")
    assert house.do("mail.invoice", **mail_of()).status == "retry"
    assert house.again().status == "done"
    assert sent[0].message_id == sent[1].message_id
    assert sent[0].attachments == sent[1].attachments
    assert [row["outcome"] for row in house.responses()] == ["unknown", "ok"]
    house.do("mail.invoice", **mail_of())
    assert sent[2].message_id != sent[0].message_id, "another sending is another message"


def test_a_refused_recipient_is_final(house: House) -> None:
    house.validate("I1")
    outcome = house.do("mail.invoice", **mail_of(to="pas une adresse"))
    assert outcome.status == "failed"
    [response] = house.responses()
    assert response["items"][0]["outcome"] == "error"


def test_a_mail_without_its_invoice_is_told_as_failed(house: House) -> None:
    outcome = house.do("mail.invoice", **mail_of("I7"))
    assert outcome.status == "failed"
    [response] = house.responses()
    assert response["items"][0]["subject"] == "F2026-000007"
