"""The journal: what was decided, appended in one order and never edited. Spec 00, "Journal".

One writer at a time: `Journal.begin` waits for its turn, so the order of `seq` is the order of commits and a reader
that follows `seq` misses nothing. What may be used once is claimed once, together with its event.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from console.journal import engine as database
from console.journal.decide import Decision, Prepared, decide, prepare
from console.journal.events import PAYLOADS, Payload
from console.journal.refused import Refused
from console.settings import Settings

GENESIS = "0" * 64
EVENT_COLUMNS = (
    ("seq", "bigint"), ("event_id", "text"), ("stream", "text"), ("version", "int"), ("kind", "text"),
    ("payload", "text"), ("actor", "text"), ("occurred_at", "text"), ("hash", "text"),
)  # fmt: skip
_FIELDS = ", ".join(f"e.{name}" for name, _ in EVENT_COLUMNS)
_canonical = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
APPEND_CHUNK = 10_000
PAGE = 5_000


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append. `payload`: a model, or its canonical JSON text (checked, stored as it is).
    Neighbours with the same `group` stand or fall together."""

    stream: str
    kind: str
    payload: Payload | str
    expected_version: int | None = None
    group: str | None = None


@dataclass(frozen=True)
class Event:
    """A stored event. `payload` is the text that was hashed; `data` is what it says; times are UTC text."""

    seq: int
    event_id: str
    stream: str
    version: int
    kind: str
    payload: str
    actor: str
    occurred_at: str
    hash: str

    @cached_property
    def data(self) -> dict[str, Any]:
        return json.loads(self.payload)

    def model(self) -> Payload:
        return PAYLOADS[self.kind].model_validate_json(self.payload)


@dataclass(frozen=True)
class Refusal:
    """Why one event was not appended, in French, and the event that stands in its way."""

    reason: str
    holder: Event | None = None
    resource: str | None = None


def iso(moment: datetime) -> str:
    """UTC text of 26 characters: its order is the order of time."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds")


def event_hash(previous: str, row: tuple[Any, ...] | list[Any]) -> str:
    """`row`: seq, event_id, stream, version, kind, payload text, actor, occurred_at."""
    return sha256(f"{previous}\n{_canonical(list(row))}".encode()).hexdigest()


class Journal:
    """The journal of one agency. `engine` serialises whoever opens a transaction on it; `reader` never waits."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.reader = database.reading(engine)

    @classmethod
    def open(cls, settings: Settings) -> Journal:
        return cls(database.open_engine(settings.database_url()))

    def close(self) -> None:
        self.engine.dispose()

    def begin(self, actor: str, now: datetime) -> Transaction:
        """Waits for the other writers (at most a minute), then holds the journal until commit or rollback."""
        return Transaction(self.engine.connect(), actor, now)

    def command_result(self, key: str, input_hash: str) -> dict[str, Any] | None:
        """The first result of this key, or None. Raises Refused when the key was used for another input."""
        with self.reader.connect() as connection:
            return _command_result(connection, key, input_hash)

    def last_seq(self) -> int:
        return self._last("events")

    def last_response_seq(self) -> int:
        return self._last("responses")

    def events(
        self, after: int = 0, limit: int | None = None, kinds: Iterable[str] | None = None,
        stream: str | None = None,
    ) -> Iterator[Event]:  # fmt: skip
        """Events in order, read in pages: a long read holds nobody up."""
        wanted = sorted(kinds) if kinds is not None else None
        left = limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            page = self._page(after, size, wanted, stream)
            yield from page
            if len(page) < size:
                return
            after = page[-1].seq
            left = None if left is None else left - len(page)

    def stream(self, name: str) -> list[Event]:
        return list(self.events(stream=name))

    def _page(self, after: int, size: int, kinds: list[str] | None, stream: str | None) -> list[Event]:
        with self.reader.connect() as connection:
            mark = "?" if database.is_sqlite(connection) else "%s"
            where, values = f"e.seq > {mark}", [after]  # type: tuple[str, list[Any]]
            if kinds is not None:
                where += f" and e.kind in ({', '.join(mark for _ in kinds) or 'null'})"
                values += kinds
            if stream is not None:
                where += f" and e.stream = {mark}"
                values.append(stream)
            sql = f"select {_FIELDS} from events e where {where} order by e.seq limit {size}"
            return [Event(*row) for row in connection.exec_driver_sql(sql, tuple(values))]

    def _last(self, table: str) -> int:
        with self.reader.connect() as connection:
            return connection.exec_driver_sql(f"select coalesce(max(seq), 0) from {table}").scalar_one()


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
        except BaseException:
            connection.close()
            raise
        self.last_seq: int = row[0] if row else 0
        self._last_hash: str = row[1] if row else GENESIS

    def __enter__(self) -> Transaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rollback()

    def append(self, events: list[NewEvent]) -> list[int | Refusal]:
        """The seq of each event, or why it was refused, aligned with the input. A refusal keeps back that event
        (and its group) only. Raises pydantic's ValidationError for a payload that is not of its kind."""
        results: list[int | Refusal] = []
        groups: set[str] = set()
        for chunk in _chunks(events, groups):
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
        for row in self._by_stream(_FIELDS, names, extra):
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
            f"select {_FIELDS} from json_each(?) j cross join events e on e.seq = j.value",
            f"select {_FIELDS} from unnest(%s::bigint[]) j(value) join events e on e.seq = j.value",
            sorted(set(seqs)),
        )
        return {row[0]: Event(*row) for row in rows}

    def events_after(self, seq: int, kinds: Iterable[str]) -> list[Event]:
        """What was decided after `seq` (a warehouse's last), of these kinds: what it does not know yet."""
        named = ", ".join(f"'{kind}'" for kind in sorted(kinds) if kind in PAYLOADS)
        sql = (
            f"select {_FIELDS} from events e where e.seq > {int(seq)} and e.kind in ({named}) order by e.seq"
        )
        return [Event(*row) for row in self.connection.exec_driver_sql(sql)]

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
        self,
        kind: str,
        payload: dict[str, Any],
        not_before: datetime | None = None,
        job_id: str | None = None,
    ) -> str:
        """Leaves a job to the worker, with this transaction. A `job_id` that exists already is left as it is."""
        identifier = job_id or uuid.uuid4().hex
        mark = self._mark
        self.connection.exec_driver_sql(
            "insert into jobs (job_id, kind, payload, status, not_before, attempts, actor, created_at) values "
            f"({', '.join(8 * [mark])}) on conflict (job_id) do nothing",
            (identifier, kind, json.dumps(payload, ensure_ascii=False), "queued",
             iso(not_before) if not_before else self.at, 0, self.actor, self.at),
        )  # fmt: skip
        return identifier

    def respond(
        self, *, gateway: str, operation: str, outcome: str, items: list[dict[str, Any]] | None = None,
        job_id: str | None = None, http_status: int | None = None, request: str | None = None,
        response: str | None = None, at: datetime | None = None,
    ) -> int:  # fmt: skip
        """Appends one exchange with the outside to `responses` (raw bodies, without secrets); returns its seq."""
        seq = self.connection.exec_driver_sql("select coalesce(max(seq), 0) + 1 from responses").scalar_one()
        self.connection.exec_driver_sql(
            "insert into responses (seq, job_id, at, gateway, operation, outcome, http_status, request, response, "
            f"items) values ({', '.join(10 * [self._mark])})",
            (seq, job_id, iso(at) if at else self.at, gateway, operation, outcome, http_status, request, response,
             json.dumps(items or [], ensure_ascii=False)),
        )  # fmt: skip
        return seq

    def command_result(self, key: str, input_hash: str) -> dict[str, Any] | None:
        return _command_result(self.connection, key, input_hash)

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
        return (
            {seq: list(event.model().claims()) for seq, event in self.events_at(seqs).items()} if seqs else {}
        )

    def _claimed(self, decision: Decision) -> bool:
        """Claims everything at once; False, and nothing claimed, when somebody holds one of them."""
        rows = sorted(decision.claimed)
        if not rows:
            return True
        savepoint = self.connection.begin_nested()
        try:
            database.insert_many(self.connection, "claims", (("resource", "text"), ("seq", "bigint")), rows)
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
        database.insert_many(
            self.connection, "claims", (("resource", "text"), ("seq", "bigint")), sorted(decision.claimed)
        )

    def _write(self, decision: Decision) -> None:
        rows = []
        previous = self._last_hash
        for seq, version, item in decision.accepted:
            event = item.event
            row = [seq, uuid.uuid4().hex, event.stream, version, event.kind, item.text, self.actor, self.at]
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
            reason = one.reason or _held_by(event, numbers.get(event.stream, []) if event else [])
            results.append(Refusal(reason, event, one.resource))
        return results


def _names(released: dict[int, list[str]]) -> set[str]:
    return {name for names in released.values() for name in names}


def _held_by(event: Event | None, validated: list[Event]) -> str:
    """Who has what was asked for, in the words of the screens."""
    if event is None:
        return "utilisé deux fois dans la même opération"
    if event.kind == "billing.invoice_created":
        verb = (
            "déjà annulé par l'avoir"
            if event.data["invoice_kind"] == "credit_note"
            else "déjà facturé sur la facture"
        )
        if validated:
            return f"{verb} {validated[-1].data['number']}"
        return f"{verb} {event.data['invoice_id']} (brouillon)"
    if event.kind == "home_plus.requested":
        return f"demande de paiement HOME+ déjà faite pour la facture {event.data['invoice_number']}"
    return f"déjà utilisé par l'évènement n° {event.seq} du journal"


def _chunks(events: list[NewEvent], groups: set[str]) -> Iterator[list[NewEvent]]:
    """Chunks of bounded size that split no group. A group whose members are apart is a programming error."""
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


def _command_result(connection: Connection, key: str, input_hash: str) -> dict[str, Any] | None:
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
