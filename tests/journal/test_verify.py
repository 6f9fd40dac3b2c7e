"""Each thing that `guichet verify` promises is broken here, once, and seen."""

from __future__ import annotations

import pytest

from console.documents.store import put
from console.journal.events import (
    Allocated,
    DocumentStored,
    HomePlusRequested,
    InvoiceSent,
    PaymentRecorded,
    Unallocated,
)
from console.journal.store import GENESIS, Journal, event_hash
from console.journal.verify import Check, verify
from console.settings import Settings
from tests.journal.conftest import begin
from tests.journal.events import created, deleted, numbered, of

CHAIN, CONTENT, STREAMS, CLAIMS = (
    "Chaîne des évènements",
    "Contenu des évènements",
    "Versions des flux",
    "Réservations",
)
NUMBERS, INVOICES, ALLOCATIONS = "Numérotation", "Totaux et états des factures", "Ventilations"
OUTBOX, DOCUMENTS, COMMANDS, RESPONSES = (
    "Envois promis",
    "Documents",
    "Opérations enregistrées",
    "Échanges avec l'extérieur",
)


def allocated(name: str, number: str, amount: str, source_id: str = "P1", source: str = "payment"):
    payload = Allocated(
        allocation_id=name,
        source=source,
        source_id=source_id,
        invoice_number=number,
        part="client",  # type: ignore[arg-type]
        amount=amount,
    )
    return of("account:C1", payload)


def sent(invoice_id: str, number: str):
    payload = InvoiceSent(invoice_id=invoice_id, number=number, delivery="mail", recipient="a@b.fr")
    return of(f"invoice:{invoice_id}", payload)


@pytest.fixture
def lived(store: Journal, both: Settings) -> Journal:
    """A journal where a bit of everything has happened, and everything holds."""
    pdf = put(both.paths, b"un document")
    payment = PaymentRecorded(
        payment_id="P1", received_on="2026-11-03", amount="15.00", emitter="client", client_id="C1"
    )
    stored = DocumentStored(
        entity="invoice", entity_id="I1", sha256=pdf, size=11, media_type="application/pdf"
    )
    with begin(store) as tx:
        tx.append([created("I1", "A", "B"), created("I2", "C", payer="5.00"), created("I3", "D")])
        tx.append([deleted("I3", 3), created("I4", "D")])
        tx.next_numbers("invoice", 2026, 2)
        tx.append([numbered("I1", 1), numbered("I2", 2), sent("I1", "F2026-000001")])
        tx.enqueue("mail.invoice", {"invoice_id": "I1"})
        tx.append([of("payment:P1", payment), of("document:invoice:I1", stored)])
        tx.append(
            [
                allocated("L1", "F2026-000001", "15.00"),
                of("account:C1", Unallocated(allocation_id="L1")),
                allocated("L2", "F2026-000001", "9.00"),
                allocated("L3", "F2026-000002", "6.00"),
            ]
        )
        tx.respond(gateway="mail", operation="send", outcome="ok")
        tx.remember_command("k", "a", "h", {"seq": tx.last_seq})
        tx.commit()
    return store


def failures(settings: Settings) -> dict[str, str]:
    return {check.name: check.detail for check in verify(settings) if not check.ok}


def sql(store: Journal, *statements: str) -> None:
    with store.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_what_holds_is_said(lived: Journal, both: Settings):
    checks = verify(both)
    assert [check.name for check in checks] == [
        CHAIN,
        CONTENT,
        STREAMS,
        CLAIMS,
        NUMBERS,
        INVOICES,
        ALLOCATIONS,
        OUTBOX,
        DOCUMENTS,
        COMMANDS,
        RESPONSES,
    ]
    assert failures(both) == {}
    assert checks[3] == Check(CLAIMS, True, "4 vérifié(s), rien à signaler.")


def test_an_empty_journal_holds(both: Settings):
    assert failures(both) == {}


TAMPERED = [
    (CHAIN, "update events set actor = 'luc' where seq = 2", "l'évènement 2 ne correspond plus"),
    (CHAIN, "update events set payload = replace(payload, 'MENAGE', 'X') where seq = 1", "l'évènement 1"),
    (CHAIN, "delete from events where seq = 2", "numéro 2 absent"),
    (CONTENT, "update events set payload = '{}' where seq = 9", "l'évènement 9"),
    (STREAMS, "update events set version = 7 where seq = 6", "invoice:I1"),
    (CLAIMS, "delete from claims where resource like 'segment:A%%'", "n'est plus réservé"),
    (CLAIMS, "insert into claims values ('segment:Z:2026-10-02:1', 1)", "sans raison"),
    (CLAIMS, "update claims set seq = 2 where resource like 'segment:A%%'", "au lieu de 1"),
    (NUMBERS, "update counters set last = 5", "le compteur invoice 2026 est à 5"),
    (NUMBERS, "delete from counters", "le compteur invoice 2026 est à 0"),
    (OUTBOX, "delete from jobs", "mail I1"),
    (COMMANDS, """update commands set result = '{"seq": 99}'""", "99"),
    (RESPONSES, "update responses set seq = 2", "1 échange(s) manquent"),
]


@pytest.mark.parametrize(("name", "statement", "said"), TAMPERED)
def test_tampering_is_seen(lived: Journal, both: Settings, name: str, statement: str, said: str):
    sql(lived, statement if lived.engine.dialect.name != "sqlite" else statement.replace("%%", "%"))
    assert said in failures(both)[name]


def test_a_document_that_is_missing_or_changed_is_seen(lived: Journal, both: Settings):
    path = next(one for one in both.paths.documents.rglob("*") if one.is_file())
    path.chmod(0o600)
    path.write_bytes(b"un dOcument")
    assert "I1 manque ou est abîmé" in failures(both)[DOCUMENTS]
    path.unlink()
    assert "I1 manque ou est abîmé" in failures(both)[DOCUMENTS]


@pytest.mark.parametrize(
    ("name", "events", "said"),
    [
        (NUMBERS, [numbered("I4", 4)], "rang 4 au lieu de 3"),
        (INVOICES, [sent("I4", "F2026-000009")], "« brouillon » à « envoyee »"),
        (INVOICES, [numbered("I3", 3)], "« supprimee » à « validee »"),
        (INVOICES, [deleted("I1", 1)], "« envoyee » à « supprimee »"),
        (INVOICES, [created("I1", "E")], "créée deux fois"),
        (ALLOCATIONS, [allocated("L9", "F2026-000001", "13.01", "P2")], "22,01 € réglés pour 22,00 € dus"),
        (ALLOCATIONS, [allocated("L9", "F2026-000001", "0.01")], "15,01 € ventilés sur le règlement P1"),
        (ALLOCATIONS, [allocated("L9", "F2026-000077", "0.01", "P2")], "F2026-000077, qui n'existe pas"),
        (
            ALLOCATIONS,
            [allocated("L9", "F2026-000001", "1.00", "A1", "credit_note")],
            "l'avoir A1 est utilisé",
        ),
        (ALLOCATIONS, [allocated("L9", "F2026-000001", "-1.00", "P2")], "n'est pas positive"),
    ],
)
def test_events_that_no_action_would_write_are_seen(lived: Journal, both: Settings, name, events, said: str):
    with begin(lived) as tx:
        assert all(isinstance(one, int) for one in tx.append(events))
        tx.commit()
    assert said in failures(both)[name]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"total_incl_vat": "22.01"}, "la somme des lignes diffère"),
        ({"client_total": "21.99", "payer_total": "0.00"}, "client + organisme"),
        ({"total_vat": "0.01"}, "hors taxes + TVA"),
    ],
)
def test_an_invoice_that_does_not_add_up_is_seen(lived: Journal, both: Settings, change, said: str):
    wrong = created("I9", "X", "Y").payload.model_copy(update=change)  # type: ignore[union-attr]
    with begin(lived) as tx:
        tx.append([of("invoice:I9", wrong)])  # type: ignore[arg-type]
        tx.commit()
    assert said in failures(both)[INVOICES]


def test_a_number_given_twice_is_seen_even_with_a_new_chain(lived: Journal, both: Settings):
    """Whoever rewrites the hashes after editing is still caught by what the events must say together."""
    rows = []
    previous = GENESIS
    for event in lived.events():
        payload = event.payload.replace("F2026-000002", "F2026-000001")
        row = (
            event.seq,
            event.event_id,
            event.stream,
            event.version,
            event.kind,
            payload,
            event.actor,
            event.occurred_at,
        )
        previous = event_hash(previous, row)
        rows.append((payload, previous, event.seq))
    mark = "?" if lived.engine.dialect.name == "sqlite" else "%s"
    with lived.engine.begin() as connection:
        connection.exec_driver_sql(
            f"update events set payload = {mark}, hash = {mark} where seq = {mark}", rows
        )
    found = failures(both)
    assert CHAIN not in found
    assert "1 numéro(s) donné(s) deux fois" in found[NUMBERS]


def test_two_events_that_use_the_same_thing_are_seen(lived: Journal, both: Settings):
    sql(lived, "delete from claims")
    with begin(lived) as tx:
        tx.append([created("I9", "A")])
        tx.commit()
    assert "segment:A:2026-10-02:1 est utilisé par les évènements 1 et 15" in failures(both)[CLAIMS]


def test_a_home_plus_request_without_job_nor_answer_is_seen(store: Journal, both: Settings):
    request = HomePlusRequested(invoice_number="F1", client_id="C1", amount="1.00", request={})
    with begin(store) as tx:
        tx.append([of("home_plus:F1", request)])
        tx.commit()
    assert "demande HOME+ F1" in failures(both)[OUTBOX]
    with begin(store) as tx:
        tx.respond(gateway="home_plus", operation="request", outcome="ok", items=[{"subject": "F1"}])
        tx.commit()
    assert failures(both) == {}
