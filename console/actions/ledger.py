"""What is still due on an invoice and available on a payment or a credit note, at the moment of deciding.

An allocation is an edge (source, invoice, part, amount > 0); what is due is a total minus a sum of edges
(spec 96). Edges come from the journal; those that the warehouse derives (a Home+ transfer settles its
invoice by itself) come from `marts.allocations`, and whatever was decided since its run is added.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from console.actions.invoice_facts import Invoice
from console.actions.parameters import known_seq, made_id, mart, money
from console.actions.registry import Context
from console.journal.events import Allocated, Unallocated
from console.journal.store import Event, NewEvent

Part = Literal["client", "payer"]
Source = Literal["payment", "credit_note"]
KINDS = (Allocated.kind_name, Unallocated.kind_name)
ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Edge:
    allocation_id: str
    source: str
    source_id: str
    invoice_number: str
    part: str
    amount: Decimal


def account_of(client_id: str) -> str:
    return f"account:{client_id}"


class Ledger:
    """The edges in force that touch these invoices, sources and clients."""

    def __init__(
        self, ctx: Context, clients: Iterable[str], invoice_numbers: Iterable[str], sources: Iterable[str]
    ):
        self.ctx = ctx
        self.edges: dict[str, Edge] = {}
        self._added = 0
        rows = mart(
            ctx,
            "select allocation_id, source, source_id, invoice_number, part, amount from marts.allocations "
            "where invoice_number in (select unnest($1::varchar[])) "
            "or source_id in (select unnest($2::varchar[]))",
            [list(invoice_numbers), list(sources)],
        )
        for row in rows:
            self._put(row)
        accounts = ctx.tx.streams((account_of(one) for one in clients), KINDS)
        events = {event.seq: event for listed in accounts.values() for event in listed}
        events.update((event.seq, event) for event in ctx.tx.events_after(known_seq(ctx), KINDS))
        for seq in sorted(events):
            self._follow(events[seq])

    def paid(self, invoice_number: str, part: Part) -> Decimal:
        return sum(
            (e.amount for e in self.edges.values() if e.invoice_number == invoice_number and e.part == part),
            ZERO,
        )

    def used(self, source: Source, source_id: str) -> Decimal:
        return sum(
            (e.amount for e in self.edges.values() if e.source == source and e.source_id == source_id), ZERO
        )

    def due(self, invoice: Invoice, part: Part) -> Decimal:
        """What is left to pay of a part of a numbered invoice; never below zero."""
        total = Decimal(invoice.client_total if part == "client" else invoice.payer_total)
        return max(total - self.paid(invoice.number or "", part), ZERO)

    def allocate(
        self, source: Source, source_id: str, invoice: Invoice, part: Part, amount: Decimal,
        payer_id: str | None = None,
    ) -> NewEvent:  # fmt: skip
        """The event of a new edge, which counts from now on. The caller has checked the amount."""
        self._added += 1
        payload = Allocated(
            allocation_id=made_id("L", self.ctx.key, source_id, invoice.number, part, self._added),
            source=source, source_id=source_id, invoice_number=invoice.number or "", part=part,
            payer_id=payer_id, amount=money(amount),
        )  # fmt: skip
        self._put(payload.model_dump())
        return NewEvent(account_of(invoice.client_id), Allocated.kind_name, payload)

    def _put(self, row: dict[str, Any]) -> None:
        self.edges[row["allocation_id"]] = Edge(
            row["allocation_id"], row["source"], row["source_id"], row["invoice_number"], row["part"],
            Decimal(row["amount"]),
        )  # fmt: skip

    def _follow(self, event: Event) -> None:
        if event.kind == Allocated.kind_name:
            self._put(event.data)
        else:
            self.edges.pop(event.data["allocation_id"], None)


def euros(amount: Decimal) -> str:
    """« 1 234,50 € », as the screens write it."""
    return f"{amount:,.2f}".replace(",", "\u202f").replace(".", ",") + "\u00a0€"
