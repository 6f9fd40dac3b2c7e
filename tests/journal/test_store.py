"""The promises of the journal, on both databases: one order, one holder per claim, nothing half done."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import threading
from datetime import timedelta

import pytest
import sqlalchemy
from pydantic import ValidationError

from console.journal.decide import STALE
from console.journal.events import InterventionValidated
from console.journal.store import GENESIS, Journal, NewEvent, Refusal, Refused
from console.settings import Settings, load_settings
from tests.journal.conftest import NOW, begin
from tests.journal.events import created, deleted, numbered, of, validated


def test_events_come_back_as_they_were_written(store: Journal, write):
    assert write(validated("é « 1 »"), validated("2")) == [1, 2]
    first, second = store.events()
    assert (first.seq, first.version, first.actor) == (1, 1, "anne")
    assert first.data == {"released_seqs": [], "intervention_id": "é « 1 »"}
    assert first.occurred_at == "2026-11-03T09:00:00.000000"
    assert [event.seq for event in store.events(after=1)] == [second.seq]
    assert [event.seq for event in store.events(limit=1)] == [1]
    assert list(store.events(kinds=[])) == []
    assert store.stream("intervention:2") == [second]
    assert (store.last_seq(), store.last_response_seq()) == (2, 0)


def test_the_hash_is_the_one_that_the_documentation_gives(store: Journal, write):
    write(validated('a"b\\c\n'), validated("2"))
    previous = GENESIS
    for event in store.events():
        row = [
            event.seq,
            event.event_id,
            event.stream,
            event.version,
            event.kind,
            event.payload,
            event.actor,
            event.occurred_at,
        ]
        text = previous + "\n" + json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        assert event.hash == hashlib.sha256(text.encode()).hexdigest()
        previous = event.hash


def test_text_is_checked_and_stored_as_it_is(store: Journal, write):
    text = '{ "intervention_id":"A", "released_seqs":[] }'
    write(NewEvent("intervention:A", "activity.intervention_validated", text))
    assert store.stream("intervention:A")[0].payload == text
    for wrong in ('{"intervention_id":""}', '{"intervention_id":"A","autre":1}', "[1]", "{"):
        with begin(store) as tx, pytest.raises(ValidationError):
            tx.append([NewEvent("intervention:A", "activity.intervention_validated", wrong)])
    with begin(store) as tx, pytest.raises(TypeError):
        tx.append([NewEvent("x", "billing.invoice_deleted", InterventionValidated(intervention_id="A"))])
    assert store.last_seq() == 1


def test_a_claim_has_one_holder_and_the_other_is_told_which(store: Journal, write):
    write(created("I1", "A", "B"))
    refusal, accepted = write(created("I2", "B"), created("I3", "C"))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "déjà facturé sur le brouillon I1"
    assert (refusal.resource, refusal.holder and refusal.holder.seq) == ("segment:B:2026-10-02:1", 1)
    assert accepted == 2
    write(numbered("I1", 12))
    assert write(created("I4", "A"))[0].reason == "déjà facturé sur la facture F2026-000012"
    assert [event.seq for event in store.events()] == [1, 2, 3]


def test_the_same_claim_twice_in_one_batch(store: Journal, write):
    first, second = write(created("I1", "A"), created("I2", "A"))
    assert (first, second.reason) == (1, "déjà facturé sur le brouillon I1")


def test_a_deletion_gives_claims_back_in_the_order_of_events(store: Journal, write):
    write(created("I1", "A", "B"))
    assert write(created("I2", "A"), deleted("I1", 1), created("I3", "B"))[0].reason.startswith(
        "déjà facturé"
    )
    with begin(store) as tx:
        assert tx.claim_holders(["segment:A:2026-10-02:1", "segment:B:2026-10-02:1"]) == {
            "segment:B:2026-10-02:1": 3
        }


def test_a_group_stands_or_falls_together(store: Journal, write):
    write(created("I1", "A"))
    results = write(
        validated("X", group="g"),
        created("I2", "A", group="g"),
        validated("Y", group="h"),
        validated("Z"),
    )
    assert [type(one) for one in results] == [Refusal, Refusal, int, int]
    assert results[0].reason == results[1].reason
    assert [event.stream for event in store.events(after=1)] == ["intervention:Y", "intervention:Z"]
    with begin(store) as tx, pytest.raises(ValueError, match="neighbours"):
        tx.append([validated("1", group="g"), validated("2"), validated("3", group="g")])


def test_an_expected_version_that_no_longer_holds_refuses_that_event(store: Journal, write):
    assert write(validated("A", expected_version=0), validated("A", expected_version=1)) == [1, 2]
    stale, fresh = write(validated("A", expected_version=1), validated("A", expected_version=2))
    assert (stale.reason, fresh) == (STALE, 3)
    assert [event.version for event in store.stream("intervention:A")] == [1, 2, 3]


def test_a_rollback_leaves_nothing(store: Journal):
    with begin(store) as tx:
        tx.append([created("I1", "A")])
        tx.next_numbers("invoice", 2026, 3)
        tx.enqueue("mail.invoice", {})
        tx.remember_command("k", "a", "h", {})
        tx.respond(gateway="mail", operation="send", outcome="ok")
    with begin(store) as tx:
        assert tx.claim_holders(["segment:A:2026-10-02:1"]) == {}
        assert list(tx.next_numbers("invoice", 2026, 2)) == [1, 2]
        assert tx.command_result("k", "h") is None
        assert tx.connection.exec_driver_sql("select count(*) from jobs").scalar_one() == 0
        assert tx.respond(gateway="mail", operation="send", outcome="ok") == 1


def test_numbers_follow_each_other_per_series_and_year(store: Journal):
    with begin(store) as tx:
        assert list(tx.next_numbers("invoice", 2026, 2)) == [1, 2]
        assert list(tx.next_numbers("invoice", 2027, 1)) == [1]
        assert list(tx.next_numbers("credit_note", 2026, 1)) == [1]
        tx.commit()
    with begin(store) as tx:
        assert list(tx.next_numbers("invoice", 2026, 1)) == [3]


def test_a_command_is_remembered_with_its_input(store: Journal):
    with begin(store) as tx:
        tx.remember_command("k", "invoices.create", "h1", {"done": [], "seq": 3})
        tx.commit()
    assert store.command_result("k", "h1") == {"done": [], "seq": 3}
    assert store.command_result("autre", "h1") is None
    with pytest.raises(Refused, match="déjà servi"):
        store.command_result("k", "h2")


def test_jobs_and_responses(store: Journal):
    with begin(store) as tx:
        first = tx.enqueue("mail.invoice", {"to": "é"}, not_before=NOW + timedelta(hours=1))
        tx.enqueue("poll", {}, job_id="stable")
        tx.enqueue("poll", {"autre": 1}, job_id="stable")
        tx.enqueue_many("mail.invoice", ({"n": n} for n in range(3)))
        assert [
            tx.respond(gateway="home_plus", operation="poll", outcome="ok", items=[{"subject": "F1"}])
            for _ in range(2)
        ] == [1, 2]
        tx.commit()
    assert store.last_response_seq() == 2
    with store.reader.connect() as connection:
        rows = connection.exec_driver_sql("select job_id, payload, not_before, status, actor from jobs").all()
    by_id = {row[0]: row for row in rows}
    assert len(rows) == 5
    assert by_id[first][1:] == ('{"to": "é"}', "2026-11-03T10:00:00.000000", "queued", "anne")
    assert by_id["stable"][1] == "{}"


def test_kinds_streams_and_heads(store: Journal, write):
    write(created("I1", "A"), created("I2", "B"), numbered("I1", 1), validated("X"))
    with begin(store) as tx:
        names = ["invoice:I1", "invoice:I2", "invoice:rien"]
        assert tx.kinds(names) == {
            "invoice:I1": ["billing.invoice_created", "billing.invoice_validated"],
            "invoice:I2": ["billing.invoice_created"],
        }
        only = tx.streams(names, kinds=["billing.invoice_validated"])
        assert [event.seq for event in only["invoice:I1"]] == [3] and "invoice:I2" not in only
        heads = list(tx.heads(names, ["billing.invoice_created"]))
        assert [head.data["invoice_id"] for head in heads] == ["I1", "I2"]
        assert "lines" not in heads[0].data
        assert [head.seq for head in tx.heads_after(1, ["billing.invoice_created"])] == [2]
        assert [event.seq for event in tx.events_after(2, ["billing.invoice_validated"])] == [3]
        long_reason = created("I3", "C").payload.model_copy(update={"reason": "é" * 3_000})
        tx.append([of("invoice:I3", long_reason)])
        assert [
            len(head.data["reason"]) for head in tx.heads(["invoice:I3"], ["billing.invoice_created"])
        ] == [3_000]


def test_a_bulk_larger_than_a_chunk_keeps_its_order(store: Journal):
    with begin(store) as tx:
        events = [validated(f"N{n % 15_000}") for n in range(25_000)]
        assert tx.append(events) == list(range(1, 25_001))
        assert len(tx.kinds(f"intervention:N{n}" for n in range(15_000))) == 15_000
        tx.commit()
    assert [event.version for event in store.stream("intervention:N1")] == [1, 2]


def test_a_reader_never_waits_for_the_writer(store: Journal, write):
    write(validated("A"))
    with begin(store) as tx:
        tx.append([validated("B")])
        read: list[int] = []
        reader = threading.Thread(target=lambda: read.append(store.last_seq()))
        reader.start()
        reader.join(timeout=10)
        assert read == [1]


def _append_many(home: str, url: str, actor: str, count: int) -> None:
    store = Journal.open(load_settings(home=home, journal_url=url))
    for n in range(count):
        with store.begin(actor, NOW) as tx:
            rank = tx.next_numbers("invoice", 2026, 1)[0]
            tx.append([numbered(f"{actor}-{n}", rank), created(f"{actor}-{n}", f"S{n}")])
            tx.commit()
    store.close()


def test_processes_that_write_at_once_lose_and_double_nothing(store: Journal, both: Settings):
    context = multiprocessing.get_context("spawn")
    url = both.journal_url
    writers = [
        context.Process(target=_append_many, args=(str(both.home), url, name, 40)) for name in ("a", "b", "c")
    ]
    for one in writers:
        one.start()
    for one in writers:
        one.join(timeout=120)
    assert [one.exitcode for one in writers] == [0, 0, 0]
    events = list(store.events())
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    ranks = [event.data["rank"] for event in events if event.kind == "billing.invoice_validated"]
    assert ranks == list(range(1, 121))
    billed = [event.data["lines"][0][2] for event in events if event.kind == "billing.invoice_created"]
    assert sorted(billed) == sorted(f"S{n}" for n in range(40))  # each once, whoever came first


def test_the_second_writer_is_told_that_the_journal_is_busy(settings: Settings, journal: Journal):
    other = Journal.open(settings)

    def short_wait(connection, *_):
        connection.cursor().execute("pragma busy_timeout = 50")

    sqlalchemy.event.listen(other.engine, "checkout", short_wait)
    with journal.begin("anne", NOW), pytest.raises(Refused, match="occupé"):
        other.begin("luc", NOW)
    other.begin("luc", NOW).rollback()
    other.close()
