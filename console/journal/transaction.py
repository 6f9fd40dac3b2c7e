"""One decision being written to the journal: it holds it alone, and all of it counts or nothing does."""

from __future__ import annotations

import gc
import json
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError, OperationalError

from console.journal import engine as database
from console.journal.decide import Decision, Prepared, decide, prepare
from console.journal.events import PAYLOADS
from console.journal.records import (
    EVENT_COLUMNS,
    EVENT_FIELDS,
    GENESIS,
    Event,
    Head,
    NewEvent,
    Refusal,
    event_hash,
    iso,
)
from console.journal.refused import Refused
from console.journal.schema import responses

BUSY = "Le journal est occupé par une autre opération ; réessayez dans un instant."
JOB_COLUMNS = (
    ("job_id", "text"), ("kind", "text"), ("payload", "text"), ("status", "text"), ("not_before", "text"),
    ("attempts", "int"), ("actor", "text"), ("created_at", "text"),
)  # fmt: skip
CLAIM_COLUMNS = (("resource", "text"), ("seq", "bigint"))
HEAD_LENGTH = 2_000
HEAD_FIELDS = f"e.seq, e.stream, e.kind, substr(e.payload, 1, {HEAD_LENGTH})"
APPEND_CHUNK = 10_000


class Transaction:
    """One decision being written. It ends with `commit()` or `rollback()`; as a context manager it rolls back
    what was not committed."""

    def __init__(self, connection: Connection, actor: str, now: datetime):
        self.connection = connection
        self.actor = actor
        self.at = iso(now)
        self._open = True
        try:
            row = connection.exec_driver_sql("select seq, hash from events order by seq desc limit 1").first()
        except OperationalError as error:
            connection.close()
            raise Refused(BUSY) from error
        self.last_seq: int = row[0] if row else 0
        self._last_hash: str = row[1] if row else GENESIS

    def __enter__(self) -> Transaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rollback()

    def append(self, events: list[NewEvent]) -> list[int | Refusal]:
        """The seq of each event, or why it was refused, aligned with the input. A refusal keeps back that
        event (and its group) only. Raises pydantic's ValidationError for a payload that is not of its kind:
        give the transaction up then, or offer payloads that were checked (`prepare`)."""
        results: list[int | Refusal] = []
        with _no_collection():
            for chunk in _chunks(events):
                results += self._append_chunk([prepare(event) for event in chunk])
        return results

    def streams(self, names: Iterable[str], kinds: Iterable[str] | None = None) -> dict[str, list[Event]]:
        """Events of each stream that has some, in order; only those `kinds` when given."""
        extra = ""
        if kinds is not None:
            extra = (
                " and e.kind in ("
                + ", ".join(f"'{kind}'" for kind in sorted(kinds) if kind in PAYLOADS)
                + ")"
            )
        found: dict[str, list[Event]] = {}
        for row in self._by_stream(EVENT_FIELDS, names, extra):
            found.setdefault(row[2], []).append(Event(*row))
        for listed in found.values():
            listed.sort(key=lambda one: one.version)
        return found

    def kinds(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Only the kinds of each stream, in order: what a state is folded from, without the contents."""
        found: dict[str, list[tuple[int, str]]] = {}
        for stream, version, kind in self._by_stream("e.stream, e.version, e.kind", names, ""):
            found.setdefault(stream, []).append((version, kind))
        return {stream: [kind for _, kind in sorted(listed)] for stream, listed in found.items()}

    def events_at(self, seqs: Iterable[int]) -> dict[int, Event]:
        """Events by number."""
        rows = database.rows_of(
            self.connection,
            f"select {EVENT_FIELDS} from json_each(?) j cross join events e on e.seq = j.value",
            f"select {EVENT_FIELDS} from unnest(%s::bigint[]) j(value) join events e on e.seq = j.value",
            sorted(set(seqs)),
        )
        return {row[0]: Event(*row) for row in rows}

    def events_after(self, seq: int, kinds: Iterable[str]) -> list[Event]:
        """What was decided after `seq` (a warehouse's last), of these kinds: what it does not know yet."""
        sql = f"select {EVENT_FIELDS} from events e where e.seq > {int(seq)}{_of_kinds(kinds)} order by e.seq"
        return [Event(*row) for row in self.connection.exec_driver_sql(sql)]

    def heads(self, names: Iterable[str], kinds: Iterable[str]) -> Iterator[Head]:
        """The events of these streams, in order, without the lines of their invoices."""
        return self._whole_heads(sorted(self._by_stream(HEAD_FIELDS, names, _of_kinds(kinds))))

    def heads_after(self, seq: int, kinds: Iterable[str]) -> Iterator[Head]:
        """The same for whatever was decided after `seq`."""
        sql = f"select {HEAD_FIELDS} from events e where e.seq > {int(seq)}{_of_kinds(kinds)} order by e.seq"
        return self._whole_heads(self.connection.exec_driver_sql(sql))

    def _whole_heads(self, rows: Iterable[Any]) -> Iterator[Head]:
        for seq, stream, kind, text in rows:
            data = _head(text)
            yield Head(seq, stream, kind, data if data is not None else self.events_at([seq])[seq].data)

    def claim_holders(self, resources: Iterable[str]) -> dict[str, int]:
        """The seq of the event that holds each resource; those that are free are absent."""
        rows = database.rows_of(
            self.connection,
            "select c.resource, c.seq from json_each(?) j cross join claims c on c.resource = j.value",
            "select c.resource, c.seq from unnest(%s::text[]) j(value) join claims c on c.resource = j.value",
            resources,
        )
        return {row[0]: row[1] for row in rows}

    def next_numbers(self, series: str, year: int, count: int) -> range:
        """The next `count` ranks of a series and year, from 1 and without gaps. Kept with the commit only."""
        mark = self._mark
        last = self.connection.exec_driver_sql(
            f"select last from counters where series = {mark} and year = {mark}", (series, year)
        ).scalar()
        first = (last or 0) + 1
        self.connection.exec_driver_sql(
            f"insert into counters (series, year, last) values ({mark}, {mark}, {mark}) "
            "on conflict (series, year) do update set last = excluded.last",
            (series, year, first + count - 1),
        )
        return range(first, first + count)

    def enqueue(
        self, kind: str, payload: dict[str, Any], not_before: datetime | None = None,
        job_id: str | None = None,
    ) -> str:  # fmt: skip
        """Leaves a job to the worker, with this transaction. A `job_id` that exists stays as it is."""
        identifier = job_id or uuid.uuid4().hex
        self._enqueue([(identifier, kind, payload)], iso(not_before) if not_before else self.at)
        return identifier

    def enqueue_many(self, kind: str, payloads: Iterable[dict[str, Any]]) -> None:
        """The same for many jobs of a kind, in one round trip."""
        self._enqueue([(uuid.uuid4().hex, kind, payload) for payload in payloads], self.at)

    def _enqueue(self, jobs: list[tuple[str, str, dict[str, Any]]], not_before: str) -> None:
        rows = [
            (
                job_id,
                kind,
                json.dumps(payload, ensure_ascii=False),
                "queued",
                not_before,
                0,
                self.actor,
                self.at,
            )
            for job_id, kind, payload in jobs
        ]
        database.insert_many(self.connection, "jobs", JOB_COLUMNS, rows, "on conflict (job_id) do nothing")

    def respond(
        self, *, gateway: str, operation: str, outcome: str, items: list[dict[str, Any]] | None = None,
        job_id: str | None = None, http_status: int | None = None, request: str | None = None,
        response: str | None = None, at: datetime | None = None,
    ) -> int:  # fmt: skip
        """Appends an exchange with the outside (raw bodies, without secrets) and returns its seq."""
        last = self.connection.exec_driver_sql("select coalesce(max(seq), 0) from responses").scalar_one()
        seq: int = last + 1
        self.connection.execute(
            insert(responses).values(
                seq=seq, job_id=job_id, at=iso(at) if at else self.at, gateway=gateway, operation=operation,
                outcome=outcome, http_status=http_status, request=request, response=response,
                items=json.dumps(items or [], ensure_ascii=False),
            )
        )  # fmt: skip
        return seq

    def command_result(self, key: str, input_hash: str) -> dict[str, Any] | None:
        return command_result(self.connection, key, input_hash)

    def remember_command(self, key: str, action: str, input_hash: str, result: dict[str, Any]) -> None:
        self.connection.exec_driver_sql(
            "insert into commands (key, action, input_hash, result, at) values "
            f"({', '.join(5 * [self._mark])})",
            (key, action, input_hash, json.dumps(result, ensure_ascii=False), self.at),
        )

    def commit(self) -> None:
        """Everything at once, or an exception and nothing."""
        try:
            self.connection.commit()
        finally:
            self._close()

    def rollback(self) -> None:
        if self._open:
            try:
                self.connection.rollback()
            finally:
                self._close()

    def _close(self) -> None:
        self._open = False
        self.connection.close()

    @property
    def _mark(self) -> str:
        return "?" if database.is_sqlite(self.connection) else "%s"

    def _by_stream(self, fields: str, names: Iterable[str], extra: str) -> Iterator[Any]:
        return database.rows_of(
            self.connection,
            f"select {fields} from json_each(?) j cross join events e on e.stream = j.value{extra}",
            f"select {fields} from unnest(%s::text[]) j(value) join events e on e.stream = j.value{extra}",
            dict.fromkeys(names),
        )

    def _append_chunk(self, items: list[Prepared]) -> list[int | Refusal]:
        versions = self._versions({item.event.stream for item in items})
        released = self._released_claims(items)
        decision = decide(items, self.last_seq, versions, None, released)
        if any(item.releases for item in items) or not self._claimed(decision):
            held = self.claim_holders({name for item in items for name in item.claims} | _names(released))
            decision = decide(items, self.last_seq, versions, held, released)
            self._change_claims(decision)
        self._write(decision)
        return self._results(decision)

    def _versions(self, streams: Iterable[str]) -> dict[str, int]:
        latest = "select j.value, (select max(version) from events where stream = j.value) from "
        rows = database.rows_of(
            self.connection, latest + "json_each(?) j", latest + "unnest(%s::text[]) j(value)", streams
        )
        return {row[0]: row[1] or 0 for row in rows}

    def _released_claims(self, items: list[Prepared]) -> dict[int, list[str]]:
        seqs = {seq for item in items for seq in item.releases}
        return {seq: list(event.model().claims()) for seq, event in self.events_at(seqs).items()}

    def _claimed(self, decision: Decision) -> bool:
        """Claims everything at once; False, and nothing claimed, when somebody holds one of them."""
        rows = sorted(decision.claimed)
        if not rows:
            return True
        savepoint = self.connection.begin_nested()
        try:
            database.insert_many(self.connection, "claims", CLAIM_COLUMNS, rows)
        except IntegrityError:
            savepoint.rollback()
            return False
        savepoint.commit()
        return True

    def _change_claims(self, decision: Decision) -> None:
        mark = self._mark
        if decision.freed:
            self.connection.exec_driver_sql(
                f"delete from claims where resource = {mark} and seq = {mark}", sorted(decision.freed)
            )
        database.insert_many(self.connection, "claims", CLAIM_COLUMNS, sorted(decision.claimed))

    def _write(self, decision: Decision) -> None:
        rows = []
        previous = self._last_hash
        for seq, version, item in decision.accepted:
            event = item.event
            row = (seq, uuid.uuid4().hex, event.stream, version, event.kind, item.text, self.actor, self.at)
            previous = event_hash(previous, row)
            rows.append((*row, previous))
        database.insert_many(self.connection, "events", EVENT_COLUMNS, rows)
        self.last_seq += len(rows)
        self._last_hash = previous

    def _results(self, decision: Decision) -> list[int | Refusal]:
        refused = [one for one in decision.outcomes if not isinstance(one, int)]
        if not refused:
            return list(decision.outcomes)  # type: ignore[arg-type]
        holders = self.events_at({one.holder for one in refused if one.holder})
        numbers = self.streams(
            {event.stream for event in holders.values()}, kinds=("billing.invoice_validated",)
        )
        results: list[int | Refusal] = []
        for one in decision.outcomes:
            if isinstance(one, int):
                results.append(one)
                continue
            event = holders.get(one.holder) if one.holder else None
            validated = numbers.get(event.stream, []) if event else []
            reason = one.reason or _held_by(event, one.resource, validated)
            results.append(Refusal(reason, event, one.resource))
        return results


def _of_kinds(kinds: Iterable[str] | None) -> str:
    if kinds is None:
        return ""
    return " and e.kind in (" + ", ".join(f"'{kind}'" for kind in sorted(kinds) if kind in PAYLOADS) + ")"


def _head(text: str) -> dict[str, Any] | None:
    """What a payload says before its lines; None when `text` was cut before that."""
    end = text.find(',"columns":[')
    if end < 0 and len(text) >= HEAD_LENGTH:
        return None
    return json.loads(text if end < 0 else text[:end] + "}")


def _names(released: dict[int, list[str]]) -> set[str]:
    return {name for names in released.values() for name in names}


def _held_by(event: Event | None, resource: str | None, validated: list[Event]) -> str:
    """Who has what was asked for, in the words of the screens."""
    if event is None:
        return "utilisé deux fois dans la même opération"
    if event.kind == "billing.invoice_created":
        verb = "déjà annulé par" if (resource or "").startswith("reversal:") else "déjà facturé sur"
        if not validated:
            return f"{verb} le brouillon {event.stream.removeprefix('invoice:')}"
        said = validated[-1].data
        name = "l'avoir" if said["document"] == "credit_note" else "la facture"
        return f"{verb} {name} {said['number']}"
    if event.kind == "home_plus.requested":
        return f"demande de paiement HOME+ déjà faite pour la facture {event.data['invoice_number']}"
    return f"déjà utilisé par l'évènement n° {event.seq} du journal"


@contextmanager
def _no_collection() -> Iterator[None]:
    """A bulk makes millions of small objects and no cycle: the collector would walk them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _chunks(events: list[NewEvent]) -> Iterator[list[NewEvent]]:
    """Chunks of bounded size that split no group. A group whose members are apart is a programming error."""
    groups: set[str] = set()
    chunk: list[NewEvent] = []
    last: str | None = None
    for event in events:
        if event.group is None or event.group != last:
            if event.group is not None:
                if event.group in groups:
                    raise ValueError(f"members of group {event.group!r} are not neighbours")
                groups.add(event.group)
            if len(chunk) >= APPEND_CHUNK:
                yield chunk
                chunk = []
        last = event.group
        chunk.append(event)
    if chunk:
        yield chunk


def command_result(connection: Connection, key: str, input_hash: str) -> dict[str, Any] | None:
    """The first result of this key, or None. Raises Refused when the key was used for another input."""
    mark = "?" if database.is_sqlite(connection) else "%s"
    row = connection.exec_driver_sql(
        f"select input_hash, result from commands where key = {mark}", (key,)
    ).first()
    if row is None:
        return None
    if row[0] != input_hash:
        raise Refused(
            "Cette clé d'opération a déjà servi pour une autre demande ; recommencez avec une nouvelle clé."
        )
    return json.loads(row[1])
