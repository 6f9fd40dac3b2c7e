"""`guichet verify`: never more is settled than is due, nor given than was received (spec 40)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from console.journal.audits import Audit, Scratch, cents
from console.journal.events import Allocated, Payload, PaymentRecorded, Unallocated
from console.journal.records import Event
from console.settings import Settings

Rows = list[tuple[Any, ...]]


class AllocationAudit(Audit):
    """Amounts in cents. Only payments of the journal: what a file said, a file may lower afterwards; the datasets
    then settle no more than it is now, and the anomaly `VENTILATION_EXCESSIVE` says so."""

    name = "Ventilations"

    def __init__(self, settings: Settings, scratch: Scratch) -> None:
        super().__init__()
        self.settings, self.scratch = settings, scratch
        scratch.db.execute(
            "create table edges(allocation_id text primary key, source text, source_id text, number text,"
            " part text, amount integer) without rowid"
        )
        scratch.db.execute("create table payments(payment_id text primary key, amount integer) without rowid")

    def follow(self, event: Event, payload: Payload) -> None:
        if isinstance(payload, Allocated):
            self.looked_at += 1
            amount = cents(payload.amount)
            if amount <= 0:
                self.problem(f"la ventilation {payload.allocation_id} n'est pas positive")
            self.scratch.later(
                "insert or ignore into edges values (?, ?, ?, ?, ?, ?)",
                (
                    payload.allocation_id,
                    payload.source,
                    payload.source_id,
                    payload.invoice_number,
                    payload.part,
                    amount,
                ),
            )
        elif isinstance(payload, Unallocated):
            self.scratch.flush()
            self.scratch.db.execute("delete from edges where allocation_id = ?", (payload.allocation_id,))
        elif isinstance(payload, PaymentRecorded):
            self.scratch.later(
                "insert or ignore into payments values (?, ?)", (payload.payment_id, cents(payload.amount))
            )

    def conclude(self) -> None:
        self.scratch.flush()
        self.scratch.db.execute("create index invoices_by_number on invoices(number)")
        self._invoices()
        self._credits()
        self._payments()

    def _invoices(self) -> None:
        rows = self.scratch.rows(
            "select e.number, e.part, e.amount, case e.part when 'client' then i.client else i.payer end "
            "from (select number, part, sum(amount) as amount from edges group by number, part) e "
            "left join invoices i on i.number = e.number order by 1, 2"
        )
        for number, part, amount, total in rows:
            whose = "du client" if part == "client" else "de l'organisme"
            if total is None:
                self.problem(f"une ventilation règle {number}, qui n'existe pas")
            elif amount > total:
                self.problem(f"{number} : {_euros(amount)} réglés pour {_euros(total)} dus (part {whose})")

    def _credits(self) -> None:
        rows = self.scratch.rows(
            "select e.source_id, e.amount, -i.client from "
            "(select source_id, sum(amount) as amount from edges where source = 'credit_note' group by 1) e "
            "left join invoices i on i.number = e.source_id"
        )
        for number, amount, available in rows:
            if available is None or amount > available:
                self.problem(f"l'avoir {number} est utilisé pour {_euros(amount)}, au-delà de son montant")

    def _payments(self) -> None:
        rows: Rows = list(
            self.scratch.rows(
                "select e.source_id, e.amount, p.amount from "
                "(select source_id, sum(amount) as amount from edges where source = 'payment' group by 1) e "
                "left join payments p on p.payment_id = e.source_id"
            )
        )
        for payment_id, amount, received in rows:
            if received is not None and amount > received:
                self.problem(f"{_euros(amount)} ventilés sur le règlement {payment_id} de {_euros(received)}")


def _euros(amount: int) -> str:
    return f"{Decimal(amount) / 100:.2f} €".replace(".", ",")
