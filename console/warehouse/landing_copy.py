"""Brings the journal's events and the payers' answers into landing, where dbt reads them (spec 00,
"Warehouse").

Incremental by `seq`. Landing remembers the last number it has and that row's hash: when the journal no
longer says the same there (a restored backup), what was copied is thrown away and copied again, in the same
transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from console.journal.events import DOMAINS, domain_of
from console.journal.store import Journal

CHUNK = 20_000  # rows read at a time
EVENT_FIELDS = ("seq", "event_id", "stream", "version", "kind", "payload", "actor", "occurred_at", "hash")
RESPONSE_FIELDS = (
    "seq", "job_id", "at", "gateway", "operation", "outcome", "http_status", "request", "response", "items",
)  # fmt: skip
INTEGERS = {"seq", "version", "http_status"}
TIMES = {"occurred_at", "at"}


@dataclass(frozen=True)
class Copied:
    """What landing holds after a copy: the journal's last numbers, and the hash of its last event."""

    seq: int
    response_seq: int
    hash: str
    recopied: bool  # landing had another journal, and was copied again from the start


def copy_journal(journal: Journal, landing: duckdb.DuckDBPyConnection) -> Copied:
    """Copies what landing does not have yet, all or nothing. The caller holds the batch lock."""
    with journal.reader.connect() as source:
        seq, response_seq = source.exec_driver_sql(
            "select (select coalesce(max(seq), 0) from events), (select coalesce(max(seq), 0) from responses)"
        ).one()
        landing.execute("begin transaction")
        try:
            same = _same_so_far(source, landing)
            if not same:
                _forget(landing)
            had = _marks(landing)
            _copy_events(source, landing, had["events"][0], seq)
            _copy_responses(source, landing, had["responses"][0], response_seq)
            last_hash = _event_hash(source, seq)
            _set_mark(landing, "events", seq, last_hash)
            _set_mark(landing, "responses", response_seq, _response_hash(source, response_seq))
            landing.execute("commit")
        except BaseException:
            landing.execute("rollback")
            raise
    return Copied(seq, response_seq, last_hash, not same)


def landing_marks(landing: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """A mark per raw table, which changes when its content does. Comparing the marks of a run with those
    of landing tells which sources grew."""
    marks: dict[str, str] = {}
    for domain in DOMAINS:
        marks[f"events_{domain}"] = _text(
            landing.execute(
                f"select count(*), max(seq), arg_max(hash, seq) from raw.events_{domain}"
            ).fetchone()
        )
    marks["responses"] = _text(_marks(landing)["responses"])
    for table in ("load_batches", "rejected_rows"):
        marks[table] = _text(landing.execute(f"select count(*), max(batch_id) from raw.{table}").fetchone())
    for source, *mark in landing.execute(
        "select source, count(*), max(batch_id), arg_max(sha256, batch_id) from raw.load_batches "
        "where status = 'charge' group by source"
    ).fetchall():
        marks[source] = _text(mark)
    return marks


def event_hash_at(journal: Journal, seq: int) -> str:
    """The hash of an event; empty for 0 and for a number the journal does not have."""
    with journal.reader.connect() as source:
        return _event_hash(source, seq)


def _same_so_far(source: Connection, landing: duckdb.DuckDBPyConnection) -> bool:
    marks = _marks(landing)
    (events, event_hash), (responses, response_hash) = marks["events"], marks["responses"]
    return _event_hash(source, events) == event_hash and _response_hash(source, responses) == response_hash


def _marks(landing: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, str]]:
    marks = {"events": (0, ""), "responses": (0, "")}
    for name, seq, digest in landing.execute("select name, seq, hash from raw.journal_marks").fetchall():
        marks[name] = (seq, digest or "")
    return marks


def _set_mark(landing: duckdb.DuckDBPyConnection, name: str, seq: int, digest: str) -> None:
    landing.execute("delete from raw.journal_marks where name = ?", [name])
    landing.execute("insert into raw.journal_marks (name, seq, hash) values (?, ?, ?)", [name, seq, digest])


def _forget(landing: duckdb.DuckDBPyConnection) -> None:
    for domain in DOMAINS:
        landing.execute(f"delete from raw.events_{domain}")
    landing.execute("delete from raw.responses")
    landing.execute("delete from raw.journal_marks")


def _event_hash(source: Connection, seq: int) -> str:
    if not seq:
        return ""
    return source.exec_driver_sql(f"select hash from events where seq = {int(seq)}").scalar() or ""


def _response_hash(source: Connection, seq: int) -> str:
    """Answers are not chained: what identifies one is its content."""
    if not seq:
        return ""
    row = source.exec_driver_sql(
        f"select job_id, at, gateway, operation, outcome, items from responses where seq = {int(seq)}"
    ).first()
    return sha256(repr(tuple(row)).encode()).hexdigest() if row else ""


def _copy_events(source: Connection, landing: duckdb.DuckDBPyConnection, after: int, last: int) -> None:
    for chunk in _chunks(source, "events", EVENT_FIELDS, after, last):
        domains = pa.array([domain_of(kind) for kind in chunk.column("kind").to_pylist()])
        for domain in pc.unique(domains).to_pylist():
            _insert(landing, f"events_{domain}", EVENT_FIELDS, chunk.filter(pc.equal(domains, domain)))


def _copy_responses(source: Connection, landing: duckdb.DuckDBPyConnection, after: int, last: int) -> None:
    for chunk in _chunks(source, "responses", RESPONSE_FIELDS, after, last):
        _insert(landing, "responses", RESPONSE_FIELDS, chunk)


def _chunks(
    source: Connection, table: str, fields: tuple[str, ...], after: int, last: int
) -> Iterator[pa.Table]:
    """Rows after one number and up to another, as Arrow tables of at most CHUNK rows."""
    while after < last:
        rows = source.exec_driver_sql(
            f"select {', '.join(fields)} from {table} where seq > {int(after)} and seq <= {int(last)} "
            f"order by seq limit {CHUNK}"
        ).fetchall()
        if not rows:
            return
        columns = zip(*rows, strict=True)
        yield pa.table(
            {
                name: pa.array(column, pa.int64() if name in INTEGERS else pa.large_string())
                for name, column in zip(fields, columns, strict=True)
            }
        )
        after = rows[-1][0]


def _insert(landing: duckdb.DuckDBPyConnection, table: str, fields: tuple[str, ...], chunk: pa.Table) -> None:
    names = ", ".join(f'"{name}"' for name in fields)  # "at" is a word of the language
    values = ", ".join(f'cast("{name}" as timestamp)' if name in TIMES else f'"{name}"' for name in fields)
    landing.register("copied_chunk", chunk)
    try:
        landing.execute(f"insert into raw.{table} ({names}) select {values} from copied_chunk")
    finally:
        landing.unregister("copied_chunk")


def _text(values: Any) -> str:
    return ":".join("" if value is None else str(value) for value in values)
