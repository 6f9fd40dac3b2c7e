"""What holds in the journal and what does not (`guichet verify`): everything that can be computed again from
the events is computed again and compared with what is stored. Spec 00.

One pass over the events in one snapshot; what has to be remembered goes to a temporary database on disk, so
memory stays bounded however long the journal is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from console.journal import engine as database
from console.journal.audit_allocations import AllocationAudit
from console.journal.audits import (
    Audit,
    ClaimAudit,
    DocumentAudit,
    InvoiceAudit,
    NumberAudit,
    OutboxAudit,
    Scratch,
)
from console.journal.events import PAYLOADS
from console.journal.records import EVENT_FIELDS, GENESIS, Event, event_hash
from console.settings import Settings

PAGE = 5_000
SHOWN = 5  # problems named per check; the rest is counted


@dataclass(frozen=True)
class Check:
    """One thing that was verified. `detail` is a French sentence: what was looked at, or what is wrong."""

    name: str
    ok: bool
    detail: str


class ChainAudit(Audit):
    """Each hash is that of the event and of the one before it, and no number is missing: nothing was edited,
    removed or slipped in."""

    name = "Chaîne des évènements"

    def __init__(self) -> None:
        super().__init__()
        self.seq, self.hash, self.broken = 0, GENESIS, False

    def see(self, event: Event) -> None:
        self.looked_at += 1
        if event.seq != self.seq + 1:
            self.problem(f"numéro {self.seq + 1} absent (on trouve {event.seq})")
        row = (
            event.seq, event.event_id, event.stream, event.version, event.kind, event.payload, event.actor,
            event.occurred_at,
        )  # fmt: skip
        if event_hash(self.hash, row) != event.hash:
            self.problem(f"l'évènement {event.seq} ne correspond plus à son empreinte")
        self.seq, self.hash = event.seq, event.hash


def verify(settings: Settings) -> list[Check]:
    """Every check, in the order in which they are shown. Reads a snapshot and never waits for a writer."""
    engine = database.reading(database.open_engine(settings.database_url()))
    try:
        with database.snapshot(engine) as connection, Scratch() as scratch:
            return _verify(settings, connection, scratch)
    finally:
        engine.dispose()


def _verify(settings: Settings, connection: Connection, scratch: Scratch) -> list[Check]:
    chain, contents = ChainAudit(), Audit("Contenu des évènements")
    audits = [
        ClaimAudit(connection, scratch), NumberAudit(connection, scratch), InvoiceAudit(scratch),
        AllocationAudit(settings, scratch), OutboxAudit(connection, scratch), DocumentAudit(settings),
    ]  # fmt: skip
    for event in _events(connection):
        chain.see(event)
        contents.looked_at += 1
        try:
            payload = PAYLOADS[event.kind].model_validate_json(event.payload)
        except (KeyError, ValidationError):
            contents.problem(f"l'évènement {event.seq} ({event.kind}) n'a pas la forme attendue")
            continue
        for audit in audits:
            audit.follow(event, payload)
    for audit in audits:
        audit.conclude()
    streams, commands, responses = _streams(connection), _commands(connection), _responses(connection)
    return [_check(audit) for audit in (chain, contents, streams, *audits, commands, responses)]


def _check(audit: Audit) -> Check:
    if not audit.problems:
        return Check(audit.name, True, f"{audit.looked_at} vérifié(s), rien à signaler.")
    shown = " ; ".join(audit.problems[:SHOWN])
    more = audit.problem_count - min(SHOWN, len(audit.problems))
    return Check(audit.name, False, shown + (f" ; et {more} autre(s)" if more else "") + ".")


def _events(connection: Connection) -> Iterator[Event]:
    after = None
    while True:
        where = "" if after is None else f"where e.seq > {after}"
        sql = f"select {EVENT_FIELDS} from events e {where} order by e.seq limit {PAGE}"
        page = [Event(*row) for row in connection.exec_driver_sql(sql)]
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].seq


def _streams(connection: Connection) -> Audit:
    """Versions of a stream run 1, 2, 3…"""
    audit = Audit("Versions des flux")
    audit.looked_at = _one(connection, "select count(distinct stream) from events")
    rows = connection.exec_driver_sql(
        "select stream from events group by stream having min(version) <> 1 or max(version) <> count(*)"
    )
    for (stream,) in rows:
        audit.problem(f"les versions de {stream} ne se suivent pas")
    return audit


def _commands(connection: Connection) -> Audit:
    """What was answered to a caller is in the journal: no result speaks of a number that is not."""
    audit = Audit("Opérations enregistrées")
    last = _one(connection, "select coalesce(max(seq), 0) from events")
    sql = "select key, {0} from commands"
    seq = (
        "json_extract(result, '$.seq')"
        if database.is_sqlite(connection)
        else "(result::json ->> 'seq')::bigint"
    )
    for key, found in connection.exec_driver_sql(sql.format(seq)):
        audit.looked_at += 1
        if found is None or found > last:
            audit.problem(f"l'opération {key} annonce l'évènement {found}, qui n'existe pas")
    return audit


def _responses(connection: Connection) -> Audit:
    audit = Audit("Échanges avec l'extérieur")
    count, last = connection.exec_driver_sql("select count(*), coalesce(max(seq), 0) from responses").one()
    audit.looked_at = count
    if count != last:
        audit.problem(f"{last - count} échange(s) manquent : les numéros ne se suivent pas")
    return audit


def _one(connection: Connection, sql: str) -> Any:
    return connection.exec_driver_sql(sql).scalar_one()
