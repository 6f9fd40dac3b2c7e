"""What is asked of Home+: once per invoice, only what passes its controls, and with every reason told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from console.actions.registry import Refused, Result
from console.journal.events import ClientFieldSet, InvoiceCreated
from console.journal.schema import jobs
from console.journal.store import Journal, NewEvent
from console.settings import Settings
from tests.actions.marts import FakeWarehouse
from tests.gateways.support import body

Act = Callable[..., Result]
SCHEMA = """
create schema seeds;
create table seeds.lifecycle_states(lifecycle varchar, state varchar, label_fr varchar, terminal boolean);
insert into seeds.lifecycle_states values ('home_plus', 'payee', 'Payée', false),
    ('home_plus', 'integree', 'Intégrée', false), ('home_plus', 'annulee', 'Annulée', true),
    ('invoice', 'envoyee', 'Envoyée', true);
drop table marts.clients;
create table marts.clients(client_id varchar, payment_method varchar, birth_date date,
    home_plus_id varchar, home_plus_activated_on date, home_plus_status varchar);
create table marts.home_plus_invoices(invoice_number varchar, invoice_id varchar, client_id varchar,
    period varchar, status varchar, amount decimal(12, 2), eligible boolean, reasons varchar, codes varchar,
    request_status varchar, request_label varchar);
create table marts.home_plus_request_bodies(invoice_number varchar, request varchar);
create table marts.home_plus_requests(invoice_number varchar, status varchar);
create table marts.home_plus_errors(invoice_number varchar);
"""


class Warehouse(FakeWarehouse):
    def __init__(self) -> None:
        super().__init__()
        self.connection.execute(SCHEMA)

    def invoice(self, number: str, eligible: bool = True, state: str = "a_envoyer", **values: Any) -> str:
        row = {
            "invoice_number": number, "invoice_id": f"I-{number}", "client_id": f"C-{number}",
            "period": "2026-10", "status": "envoyee", "amount": "54.80", "eligible": eligible,
            "request_status": state, "request_label": state.capitalize(),
            "reasons": None if eligible else "La date de naissance du client est manquante.",
            "codes": None if eligible else "HP_NAISSANCE,HP_REMISE", **values,
        }  # fmt: skip
        self.put("home_plus_invoices", **row)
        if eligible and state in ("a_envoyer", "en_file", "en_erreur"):
            self.put("home_plus_request_bodies", invoice_number=number, request=body(number))
        if state != "a_envoyer":
            self.put("home_plus_requests", invoice_number=number, status=state)
        if state in ("en_erreur", "annulee", "refusee"):
            self.put("home_plus_errors", invoice_number=number)
        return number

    def becomes(self, number: str, **values: Any) -> None:
        """The warehouse was refreshed: this is what it shows now."""
        for table in (
            "home_plus_invoices",
            "home_plus_request_bodies",
            "home_plus_requests",
            "home_plus_errors",
        ):
            self.connection.execute(f"delete from marts.{table} where invoice_number = ?", [number])
        self.invoice(number, **values)


@pytest.fixture
def warehouse() -> Warehouse:
    return Warehouse()


def queued(journal: Journal, kind: str) -> list[dict[str, Any]]:
    with journal.reader.connect() as connection:
        rows = connection.execute(
            select(jobs.c.payload).where(jobs.c.kind == kind).order_by(jobs.c.created_at)
        )
        return [json.loads(row[0]) for row in rows]


def asked(journal: Journal) -> list[str]:
    return sorted(
        entry["invoice_number"] for job in queued(journal, "home_plus.request") for entry in job["requests"]
    )


def finish_jobs(journal: Journal) -> None:
    with journal.engine.begin() as connection:
        connection.exec_driver_sql("update jobs set status = 'done'")


def decide(journal: Journal, settings: Settings, event: NewEvent) -> None:
    with journal.begin("paul", settings.now()) as tx:
        tx.append([event])
        tx.commit()


def reasons(items: list[dict[str, Any]]) -> dict[str, str]:
    return {item["id"]: item["reason"] for item in items}


def test_a_named_invoice_is_requested_with_the_exact_body(
    act: Act, warehouse: Warehouse, journal: Journal
) -> None:
    warehouse.invoice("F1")
    result = act("home_plus.request_payment", invoice_numbers=["F1"])
    assert (result.done[0]["id"], result.done[0]["amount"]) == ("F1", "54.80")
    assert result.message == "1 demande(s) en file d'envoi, pour 54,80 €."
    (event,) = journal.events()
    assert (event.kind, event.stream, event.data["attempt"]) == ("home_plus.requested", "home_plus:F1", 1)
    assert f'"request":{body("F1")}' in event.payload, "amounts keep their two decimals"
    (job,) = queued(journal, "home_plus.request")
    assert job["requests"][0]["request"] == body("F1")


def test_a_period_takes_the_eligible_ones_and_tells_the_others(
    act: Act, warehouse: Warehouse, journal: Journal
) -> None:
    for n in range(23):
        warehouse.invoice(f"F{n:02}")
    warehouse.invoice("G1", eligible=False)
    warehouse.invoice("G2", state="payee", request_label="Payée")
    warehouse.invoice("H1", period="2026-09")
    result = act("home_plus.request_payment", period="2026-10")
    assert len(result.done) == 23 and result.failed == []
    assert reasons(result.skipped) == {
        "G1": "La date de naissance du client est manquante.", "G2": "demande déjà faite (Payée)",
    }  # fmt: skip
    assert [len(job["requests"]) for job in queued(journal, "home_plus.request")] == [10, 10, 3]
    assert {event.kind for event in journal.events()} == {"home_plus.requested"}


def test_a_named_invoice_stopped_by_a_control_shows_as_an_error(
    act: Act, warehouse: Warehouse, journal: Journal
) -> None:
    warehouse.invoice("F1", eligible=False)
    warehouse.invoice("F2", eligible=False, status="validee", reasons="La facture n’est pas encore envoyée.")
    result = act("home_plus.request_payment", invoice_numbers=["F1", "F2", "F9"])
    assert result.done == [] and set(reasons(result.failed)) == {"F1", "F2", "F9"}
    assert result.failed[0]["id"] == "F9" and "facture inconnue" in result.failed[0]["reason"]
    (event,) = journal.events()
    assert (event.kind, event.data["codes"]) == ("home_plus.request_stopped", ["HP_NAISSANCE", "HP_REMISE"])
    assert queued(journal, "home_plus.request") == []


def test_an_invoice_is_asked_for_once_even_before_the_warehouse_knows(
    act: Act, warehouse: Warehouse, journal: Journal
) -> None:
    warehouse.invoice("F1")
    act("home_plus.request_payment", invoice_numbers=["F1"])
    again = act("home_plus.request_payment", invoice_numbers=["F1", "F1"])
    assert again.done == [] and list(reasons(again.skipped)) == ["F1"]
    assert asked(journal) == ["F1"]


def test_the_same_key_gives_the_first_result_again(act: Act, warehouse: Warehouse, journal: Journal) -> None:
    warehouse.invoice("F1")
    first = act("home_plus.request_payment", key="K", invoice_numbers=["F1"])
    assert act("home_plus.request_payment", key="K", invoice_numbers=["F1"]).done == first.done
    assert asked(journal) == ["F1"]


def test_what_changed_since_the_warehouse_was_built_waits_for_it(
    act: Act, warehouse: Warehouse, journal: Journal, clocked: Settings
) -> None:
    for number in ("F1", "F2", "F3"):
        warehouse.invoice(number)
    corrected = ClientFieldSet(client_id="C-F1", field="birth_date", value="1950-01-01")
    decide(journal, clocked, NewEvent("client:C-F1", corrected.kind_name, corrected))
    credit = InvoiceCreated(
        invoice_id="I-A1", draft_id=None, invoice_kind="credit_note", origin="F2", client_id="C-F2",
        period="2026-10", payment_method="virement", total_incl_vat="-54.80", total_excl_vat="-49.82",
        total_vat="-4.98", payer_total="0.00", client_total="-54.80", columns=(), lines=(),
    )  # fmt: skip
    decide(journal, clocked, NewEvent("invoice:I-A1", credit.kind_name, credit))
    result = act("home_plus.request_payment", invoice_numbers=["F1", "F2", "F3"])
    assert [item["id"] for item in result.done] == ["F3"]
    assert set(reasons(result.skipped)) == {"F1", "F2"}
    warehouse.seq = journal.last_seq()
    assert [item["id"] for item in act("home_plus.request_payment", invoice_numbers=["F1"]).done] == ["F1"]


def test_simulation_tells_and_keeps_nothing(act: Act, warehouse: Warehouse, journal: Journal) -> None:
    warehouse.invoice("F1")
    warehouse.invoice("F2", eligible=False)
    warehouse.invoice("F3", state="integree")
    result = act("home_plus.request_payment", invoice_numbers=["F1", "F2"], simulate=True)
    assert result.simulated and len(result.done) == 1 and len(result.failed) == 1
    assert len(act("home_plus.poll", simulate=True).done) == 1
    assert journal.last_seq() == 0 and queued(journal, "home_plus.request") == []
    assert queued(journal, "home_plus.poll") == []


def test_invoices_or_a_period_must_be_named(act: Act) -> None:
    with pytest.raises(Refused, match="Indiquez des factures ou une période"):
        act("home_plus.request_payment")
    with pytest.raises(Refused, match="Paramètres refusés"):
        act("home_plus.request_payment", period="octobre")


def test_an_empty_selection_asks_for_nothing(act: Act, warehouse: Warehouse, journal: Journal) -> None:
    warehouse.invoice("F1", state="en_erreur")
    assert act("home_plus.request_payment", invoice_numbers=[]).done == []
    assert act("home_plus.retry", invoice_numbers=[]).done == []
    assert queued(journal, "home_plus.request") == []


def test_a_rejected_request_is_sent_again_with_the_body_of_today(
    act: Act, warehouse: Warehouse, journal: Journal
) -> None:
    warehouse.invoice("F1")
    act("home_plus.request_payment", invoice_numbers=["F1"])
    finish_jobs(journal)
    warehouse.becomes("F1", state="en_erreur")
    warehouse.seq = journal.last_seq()
    result = act("home_plus.retry", invoice_numbers=["F1"])
    assert [item["id"] for item in result.done] == ["F1"]
    assert [event.data["attempt"] for event in journal.events()] == [1, 2]
    assert queued(journal, "home_plus.request")[-1]["requests"][0]["attempt"] == 2
    waiting = act("home_plus.retry", invoice_numbers=["F1"])
    assert reasons(waiting.skipped) == {"F1": "un envoi est déjà prévu"}


def test_a_stopped_request_is_sent_for_the_first_time_by_a_retry(
    act: Act, warehouse: Warehouse, journal: Journal
) -> None:
    warehouse.invoice("F1", eligible=False)
    act("home_plus.request_payment", invoice_numbers=["F1"])
    warehouse.becomes("F1", state="en_erreur", eligible=False)
    still = act("home_plus.retry", invoice_numbers=["F1"])
    assert still.done == [] and "naissance" in still.failed[0]["reason"]
    warehouse.becomes("F1", state="en_erreur")
    assert len(act("home_plus.retry", invoice_numbers=["F1"]).done) == 1
    assert [event.data.get("attempt") for event in journal.events()] == [None, None, 1]
    with journal.begin("x", datetime.now(UTC)) as tx:
        assert tx.claim_holders(["home_plus:F1"]) == {"home_plus:F1": 3}


def test_without_names_all_that_pass_now_are_sent(act: Act, warehouse: Warehouse, journal: Journal) -> None:
    warehouse.invoice("F1", state="en_erreur")
    warehouse.invoice("F2", state="en_erreur", eligible=False)
    warehouse.invoice("F3", state="annulee", request_label="Annulée")
    warehouse.invoice("F4")
    result = act("home_plus.retry")
    assert [item["id"] for item in result.done] == ["F1"]
    assert set(reasons(result.skipped)) == {"F2", "F3"} and result.failed == []
    assert asked(journal) == ["F1"]


@pytest.mark.parametrize("state", ["refusee", "supprimee", "annulee", "annulee_particulier"])
def test_a_spent_number_is_never_sent_again(
    act: Act, warehouse: Warehouse, journal: Journal, state: str
) -> None:
    warehouse.invoice("F1", state=state)
    result = act("home_plus.retry", invoice_numbers=["F1"])
    assert "créez un avoir et refacturez" in result.failed[0]["reason"]
    assert asked(journal) == [] and queued(journal, "home_plus.poll") == []


def test_retrying_what_home_plus_already_has_only_asks_about_it(
    act: Act, warehouse: Warehouse, journal: Journal
) -> None:
    warehouse.invoice("F1", state="integree")
    assert len(act("home_plus.retry", invoice_numbers=["F1"]).done) == 1
    assert queued(journal, "home_plus.poll") == [{"invoice_numbers": ["F1"]}]
    assert asked(journal) == []


def test_what_was_never_asked_cannot_be_retried(act: Act, warehouse: Warehouse) -> None:
    warehouse.invoice("F1")
    assert "aucune demande" in act("home_plus.retry", invoice_numbers=["F1"]).skipped[0]["reason"]


def test_polls_go_ten_by_ten_and_once(act: Act, warehouse: Warehouse, journal: Journal) -> None:
    for n in range(12):
        warehouse.invoice(f"F{n:02}", state="integree")
    warehouse.invoice("G1", state="annulee")
    warehouse.invoice("G2", state="en_erreur")
    result = act("home_plus.poll")
    assert len(result.done) == 12
    assert [len(job["invoice_numbers"]) for job in queued(journal, "home_plus.poll")] == [10, 2]
    assert len(act("home_plus.poll").skipped) == 12
    finish_jobs(journal)
    named = act("home_plus.poll", invoice_numbers=["G1", "F00", "F99"])
    assert [item["id"] for item in named.done] == ["G1", "F00"]
    assert list(reasons(named.failed)) == ["F99"]


def test_payment_by_transfer_is_set_once(act: Act, warehouse: Warehouse, journal: Journal) -> None:
    warehouse.put("clients", client_id="C1", payment_method="prelevement", home_plus_id="11")
    warehouse.put("clients", client_id="C2", payment_method="virement", home_plus_id="12")
    warehouse.put("clients", client_id="C3", payment_method="cheque")
    result = act("home_plus.set_virement", client_ids=["C1", "C2", "C3", "C9"])
    assert [item["id"] for item in result.done] == ["C1"]
    assert reasons(result.skipped) == {"C2": "déjà réglé par virement", "C3": "client sans identifiant HOME+"}
    assert reasons(result.failed) == {"C9": "client inconnu"}
    (event,) = journal.events()
    assert (event.stream, event.data["field"], event.data["value"]) == (
        "client:C1",
        "payment_method",
        "virement",
    )
    assert list(reasons(act("home_plus.set_virement", client_ids=["C1"]).skipped)) == ["C1"]


def test_a_client_is_corrected_field_by_field(act: Act, warehouse: Warehouse, journal: Journal) -> None:
    warehouse.put(
        "clients", client_id="C1", payment_method="virement", birth_date="1950-01-01", home_plus_id="11"
    )
    result = act(
        "home_plus.correct_client",
        client_id="C1",
        birth_date="1950-01-02",
        home_plus_id="11",
        reason="pièce vue",
    )
    assert [item["id"] for item in result.done] == ["birth_date"]
    assert [item["id"] for item in result.skipped] == ["home_plus_id"]
    (event,) = journal.events()
    assert (event.data["value"], event.data["reason"]) == ("1950-01-02", "pièce vue")
    with pytest.raises(Refused, match="est inconnu"):
        act("home_plus.correct_client", client_id="C9", birth_date="1950-01-02")
    with pytest.raises(Refused, match="au moins une valeur"):
        act("home_plus.correct_client", client_id="C1")
    with pytest.raises(Refused, match="Paramètres refusés"):
        act("home_plus.correct_client", client_id="C1", birth_date="02/01/1950")


def test_a_status_is_accepted_with_its_reason(act: Act, warehouse: Warehouse, journal: Journal) -> None:
    warehouse.invoice("F1", state="integree")
    result = act("home_plus.accept_status", invoice_number="F1", state="payee", reason="vu sur le relevé")
    assert "« Payée »" in result.message
    (event,) = journal.events()
    assert (event.kind, event.data["state"]) == ("home_plus.status_accepted", "payee")
    with pytest.raises(Refused, match="n'existe pas"):
        act("home_plus.accept_status", invoice_number="F1", state="envoyee", reason="x")
    unknown = act("home_plus.accept_status", invoice_numbers=["F9"], state="payee", reason="x")
    assert "aucune demande" in unknown.failed[0]["reason"]


def test_twenty_thousand_requests_are_queued_in_ten_seconds(
    act: Act, warehouse: Warehouse, journal: Journal
) -> None:
    template = body("MODELE")
    warehouse.connection.execute(
        """
        insert into marts.home_plus_invoices
        select 'F' || n, 'I' || n, 'C' || n, '2026-10', 'envoyee', 54.80, true, null, null, 'a_envoyer',
            'À envoyer'
        from range(20000) t(n)
        """
    )
    warehouse.connection.execute(
        "insert into marts.home_plus_request_bodies select 'F' || n, replace(?, 'MODELE', 'F' || n) "
        "from range(20000) t(n)",
        [template],
    )
    started = time.process_time()  # the machine may be busy with other tests
    result = act("home_plus.request_payment", period="2026-10")
    seconds = time.process_time() - started
    assert len(result.done) == 20_000 and journal.last_seq() == 20_000
    assert seconds < 10, f"{seconds:.1f} s"
