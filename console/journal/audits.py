"""What `guichet verify` computes again, one class a subject. Each follows the events, then concludes.

Amounts are compared in whole cents: no rounding can hide a difference.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, ClassVar

from sqlalchemy import Connection

from console.journal import engine as database
from console.journal.events import (
    LINE_COLUMNS,
    DocumentStored,
    HomePlusRequested,
    InvoiceCreated,
    InvoiceDeleted,
    InvoiceSent,
    InvoiceValidated,
    Payload,
)
from console.journal.records import Event
from console.settings import Settings

KEPT = 50  # problems kept word by word; the others are counted
AT = {name: position for position, name in enumerate(LINE_COLUMNS)}
SUMS = {
    "total_incl_vat": AT["amount"],
    "total_excl_vat": AT["excl_vat"],
    "total_vat": AT["vat"],
    "payer_total": AT["payer_share"],
    "client_total": AT["client_share"],
}
FLUSH = 20_000


class Audit:
    """One subject: what was looked at, and the problems found (in French)."""

    name = ""

    def __init__(self, name: str = "") -> None:
        self.name = name or self.name
        self.looked_at = 0
        self.problem_count = 0
        self.problems: list[str] = []

    def problem(self, text: str) -> None:
        self.problem_count += 1
        if len(self.problems) < KEPT:
            self.problems.append(text)

    def follow(self, event: Event, payload: Payload) -> None:
        """Takes note of an event; `payload` is its checked content."""

    def conclude(self) -> None:
        """Says what is wrong once every event was seen."""


class Scratch:
    """A temporary database on disk, gone at the end, with the tables that the audits share."""

    def __init__(self) -> None:
        self.db = sqlite3.connect("")
        self.db.isolation_level = None
        self.db.executescript(
            "pragma synchronous = off; pragma journal_mode = off; begin;"
            "create table expected(resource text primary key, seq integer) without rowid;"
            "create table numbers(number text primary key, seq integer) without rowid;"
            "create table invoices(invoice_id text primary key, seq integer, client integer, payer integer,"
            " total integer, state text, number text) without rowid;"
            "create table asked(what text primary key) without rowid;"
        )
        self._waiting: dict[str, list[tuple[Any, ...]]] = {}

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.db.close()

    def later(self, sql: str, row: tuple[Any, ...]) -> None:
        """Runs `sql` with this row soon, with others of its kind; `flush` before reading."""
        rows = self._waiting.setdefault(sql, [])
        rows.append(row)
        if len(rows) >= FLUSH:
            self.flush()

    def flush(self) -> None:
        for sql, rows in self._waiting.items():
            self.db.executemany(sql, rows)
            rows.clear()

    def rows(self, sql: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        self.flush()
        return iter(self.db.execute(sql, values))


def cents(amount: str) -> int:
    """ "-12.34" → -1234, exactly."""
    return int(amount.replace(".", "", 1))


class ClaimAudit(Audit):
    """The index of claims is exactly what the events claim and give back, and nothing was claimed twice."""

    name = "Réservations"

    def __init__(self, connection: Connection, scratch: Scratch) -> None:
        super().__init__()
        self.connection, self.scratch = connection, scratch
        self.waiting: list[tuple[str, int]] = []

    def follow(self, event: Event, payload: Payload) -> None:
        if payload.released_seqs:
            self._flush()
            for seq in payload.released_seqs:
                self.scratch.db.executemany(
                    "delete from expected where resource = ? and seq = ?",
                    [(resource, seq) for resource in _claims_of(self.connection, seq)],
                )
        self.waiting += [(resource, event.seq) for resource in payload.claims()]
        if len(self.waiting) >= FLUSH:
            self._flush()

    def conclude(self) -> None:
        self._flush()
        order = "" if database.is_sqlite(self.connection) else ' collate "C"'
        stored = database.stream_rows(
            self.connection, f"select resource, seq from claims order by resource{order}"
        )
        for resource, wanted, found in _merged(
            self.scratch.rows("select resource, seq from expected order by resource"), stored
        ):
            self.looked_at += 1
            if wanted is None:
                self.problem(f"{resource} est réservé par l'évènement {found} sans raison")
            elif found is None:
                self.problem(f"{resource} n'est plus réservé alors que l'évènement {wanted} l'utilise")
            elif wanted != found:
                self.problem(f"{resource} est réservé par l'évènement {found} au lieu de {wanted}")

    def _flush(self) -> None:
        before = self.scratch.db.total_changes
        self.scratch.db.executemany("insert or ignore into expected values (?, ?)", sorted(self.waiting))
        if self.scratch.db.total_changes - before != len(self.waiting):
            for resource, seq in self.waiting:
                holder = next(self.scratch.rows("select seq from expected where resource = ?", (resource,)))[
                    0
                ]
                if holder != seq:
                    self.problem(f"{resource} est utilisé par les évènements {holder} et {seq}")
        self.waiting = []


class NumberAudit(Audit):
    """Legal numbers run 1, 2, 3… per series and year, none is given twice, and the counters say so too."""

    name = "Numérotation"

    def __init__(self, connection: Connection, scratch: Scratch) -> None:
        super().__init__()
        self.connection, self.scratch = connection, scratch
        self.last: dict[tuple[str, int], int] = {}

    def follow(self, event: Event, payload: Payload) -> None:
        series = getattr(payload, "series", None)
        if series is None:
            return
        self.looked_at += 1
        year, rank, number = payload.year, payload.rank, payload.number  # type: ignore[attr-defined]
        expected = self.last.get((series, year), 0) + 1
        if rank != expected:
            self.problem(f"{number} porte le rang {rank} au lieu de {expected} ({series} {year})")
        self.last[(series, year)] = rank
        self.scratch.later("insert or ignore into numbers values (?, ?)", (number, event.seq))

    def conclude(self) -> None:
        distinct = next(self.scratch.rows("select count(*) from numbers"))[0]
        if distinct != self.looked_at:
            self.problem(f"{self.looked_at - distinct} numéro(s) donné(s) deux fois")
        counters = {
            (series, year): last
            for series, year, last in self.connection.exec_driver_sql(
                "select series, year, last from counters"
            )
        }
        for key in sorted(set(counters) | set(self.last)):
            if counters.get(key, 0) != self.last.get(key, 0):
                series, year = key
                said, real = counters.get(key, 0), self.last.get(key, 0)
                self.problem(f"le compteur {series} {year} est à {said}, le dernier numéro à {real}")


class InvoiceAudit(Audit):
    """Each invoice adds up to the cent (lines = header, client + payer = total, excl. + VAT = incl.) and has
    only been where an invoice may go."""

    name = "Totaux et états des factures"
    LEGAL: ClassVar[dict[str, tuple[tuple[str, ...], str]]] = {
        InvoiceDeleted.kind_name: (("brouillon",), "supprimee"),
        InvoiceValidated.kind_name: (("brouillon",), "validee"),
        InvoiceSent.kind_name: (("validee", "envoyee"), "envoyee"),
    }  # fmt: skip

    def __init__(self, scratch: Scratch) -> None:
        super().__init__()
        self.scratch = scratch
        self.states: dict[str, str] = {}

    def follow(self, event: Event, payload: Payload) -> None:
        if isinstance(payload, InvoiceCreated):
            self._created(event, payload)
        elif event.kind in self.LEGAL:
            self._moved(event, payload)

    def _created(self, event: Event, invoice: InvoiceCreated) -> None:
        self.looked_at += 1
        if invoice.invoice_id in self.states:
            self.problem(f"la facture {invoice.invoice_id} est créée deux fois")
        self.states[invoice.invoice_id] = "brouillon"
        header = {name: cents(getattr(invoice, name)) for name in SUMS}
        amounts = [tuple(cents(str(line[position])) for position in SUMS.values()) for line in invoice.lines]
        for name, *column in zip(SUMS, *amounts, strict=True):
            if sum(column) != header[name]:
                self.problem(f"{invoice.invoice_id} : la somme des lignes diffère de l'en-tête ({name})")
        for no, (incl, excl, vat, payer, client) in enumerate((*amounts, tuple(header.values()))):
            where = f"ligne {no + 1}" if no < len(amounts) else "total"
            if client + payer != incl:
                self.problem(f"{invoice.invoice_id}, {where} : client + organisme ne font pas le total")
            if excl + vat != incl:
                self.problem(f"{invoice.invoice_id}, {where} : hors taxes + TVA ne font pas le total")
        self.scratch.later(
            "insert or ignore into invoices values (?, ?, ?, ?, ?, 'brouillon', null)",
            (
                invoice.invoice_id,
                event.seq,
                header["client_total"],
                header["payer_total"],
                header["total_incl_vat"],
            ),
        )

    def _moved(self, event: Event, payload: Payload) -> None:
        invoice_id: str = payload.invoice_id  # type: ignore[attr-defined]
        allowed, state = self.LEGAL[event.kind]
        before = self.states.get(invoice_id)
        if before not in allowed:
            self.problem(
                f"{invoice_id} passe de « {before or 'inconnue'} » à « {state} » (évènement {event.seq})"
            )
        self.states[invoice_id] = state
        if isinstance(payload, InvoiceValidated):
            self.scratch.later(
                "update invoices set state = 'validee', number = ? where invoice_id = ?",
                (payload.number, invoice_id),
            )


class OutboxAudit(Audit):
    """What was promised to the outside is waiting, under way, done or known to have failed; never lost."""

    name = "Envois promis"

    def __init__(self, connection: Connection, scratch: Scratch) -> None:
        super().__init__()
        self.connection, self.scratch = connection, scratch

    def follow(self, event: Event, payload: Payload) -> None:
        if isinstance(payload, HomePlusRequested):
            self._asked(f"demande HOME+ {payload.invoice_number}")
        elif isinstance(payload, InvoiceSent):
            self._asked(f"{payload.delivery} {payload.invoice_id}")

    def _asked(self, what: str) -> None:
        self.looked_at += 1
        self.scratch.later("insert or ignore into asked values (?)", (what,))

    def conclude(self) -> None:
        self.scratch.flush()
        for what in self._kept():
            self.scratch.later("delete from asked where what = ?", (what,))
        for (what,) in self.scratch.rows("select what from asked order by what"):
            self.problem(f"« {what} » n'a ni tâche ni réponse")

    def _kept(self) -> Iterator[str]:
        for kind, payload in database.json_rows(
            self.connection,
            "select kind, payload from jobs where kind in "
            "('home_plus.request', 'mail.invoice', 'documents.print_batch')",
        ):
            if kind == "home_plus.request":
                yield from (
                    f"demande HOME+ {one.get('invoice_number')}" for one in payload.get("requests", [])
                )
            elif kind == "mail.invoice":
                yield f"mail {payload.get('invoice_id')}"
            else:
                yield from (f"courrier {invoice_id}" for invoice_id in payload.get("invoice_ids", []))
        for gateway, items in database.json_rows(
            self.connection, "select gateway, items from responses where gateway = 'home_plus'"
        ):
            yield from (f"demande HOME+ {item.get('subject')}" for item in items if gateway)


class DocumentAudit(Audit):
    """Each document that an event names is on disk, byte for byte."""

    name = "Documents"

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.home = settings.paths
        self.seen: set[bytes] = set()

    def follow(self, event: Event, payload: Payload) -> None:
        if not isinstance(payload, DocumentStored) or (key := bytes.fromhex(payload.sha256)) in self.seen:
            return
        from console.documents import store

        self.seen.add(key)
        self.looked_at += 1
        try:
            store.get(self.home, payload.sha256)
        except (store.DocumentError, OSError):
            self.problem(f"le document {payload.sha256[:12]}… de {payload.entity_id} manque ou est abîmé")


def _claims_of(connection: Connection, seq: int) -> Iterable[str]:
    sql = f"select payload from events where seq = {int(seq)} and kind = '{InvoiceCreated.kind_name}'"
    row = connection.exec_driver_sql(sql).first()
    return InvoiceCreated.model_validate_json(row[0]).claims() if row else ()


def _merged(
    left: Iterator[tuple[Any, ...]], right: Iterator[tuple[Any, ...]]
) -> Iterator[tuple[str, int | None, int | None]]:
    """Two lists in the same order of keys, side by side: (key, value on the left, value on the right)."""
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        first = one[0].encode() if one else None
        second = other[0].encode() if other else None
        if other is None or (first is not None and second is not None and first < second):
            assert one is not None
            yield one[0], one[1], None
            one = next(left, None)
        elif one is None or (first is not None and second is not None and second < first):
            yield other[0], None, other[1]
            other = next(right, None)
        else:
            yield one[0], one[1], other[1]
            one, other = next(left, None), next(right, None)
