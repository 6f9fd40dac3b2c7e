"""What the journal knows of invoices, read inside the transaction that decides about them.

The warehouse may be older than the journal: it finds the subjects, the journal says in which state they are.
What was decided after the warehouse's last run is added, so that a script may act twice in a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from console.actions.parameters import Invoices, known_seq, mart
from console.actions.registry import Context, Refused
from console.journal.store import Head

CREATED, DELETED = "billing.invoice_created", "billing.invoice_deleted"
VALIDATED, SENT = "billing.invoice_validated", "billing.invoice_sent"
KINDS = (CREATED, DELETED, VALIDATED, SENT)
STATE = {CREATED: "brouillon", DELETED: "supprimee", VALIDATED: "validee", SENT: "envoyee"}
BATCH = 20_000


@dataclass(slots=True)
class Invoice:
    """An invoice as its stream tells it. Totals are the frozen ones, in euros (text with two decimals)."""

    invoice_id: str
    created_seq: int
    draft_id: str | None
    kind: str  # main | adj | credit_note | repair
    client_id: str
    period: str
    payment_method: str
    total: str
    client_total: str
    payer_total: str
    origin: str | None
    state: str = "brouillon"
    number: str | None = None
    document: str | None = None  # invoice | credit_note
    issued_on: str = ""
    due_on: str = ""

    @property
    def is_credit(self) -> bool:
        """A credit note, or an adjustment below zero: numbered in the series of credit notes (spec 20)."""
        return self.kind == "credit_note" or (self.kind == "adj" and Decimal(self.total) < 0)

    @property
    def name(self) -> str:
        return self.number or f"le brouillon {self.invoice_id}"


def stream_of(invoice_id: str) -> str:
    return f"invoice:{invoice_id}"


def read_invoices(ctx: Context, invoice_ids: Iterable[str]) -> Iterator[tuple[str, Invoice | None]]:
    """Each id with its invoice, in the order given; None for one that the journal does not know."""
    wanted = list(dict.fromkeys(invoice_ids))
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        found: dict[str, Invoice] = {}
        for head in ctx.tx.heads((stream_of(one) for one in batch), KINDS):
            _fold(found, head)
        for invoice_id in batch:
            yield invoice_id, found.get(invoice_id)


def _fold(found: dict[str, Invoice], head: Head) -> None:
    data = head.data
    if head.kind == CREATED:
        found[data["invoice_id"]] = Invoice(
            data["invoice_id"], head.seq, data["draft_id"], data["invoice_kind"], data["client_id"],
            data["period"], data["payment_method"], data["total_incl_vat"], data["client_total"],
            data["payer_total"], data.get("origin"),
        )  # fmt: skip
        return
    invoice = found[data["invoice_id"]]
    invoice.state = STATE[head.kind]
    if head.kind == VALIDATED:
        invoice.number, invoice.document = data["number"], data["document"]
        invoice.issued_on, invoice.due_on = data["issued_on"], data["due_on"]


def by_number(ctx: Context, numbers: Iterable[str]) -> dict[str, str]:
    """invoice_id of each number; unknown numbers are absent."""
    wanted = list(dict.fromkeys(numbers))
    rows = mart(
        ctx,
        "select invoice_number, invoice_id from marts.invoices where invoice_number in (select unnest(?))",
        [wanted],
    )
    found = {row["invoice_number"]: row["invoice_id"] for row in rows}
    if missing := set(wanted) - found.keys():
        for head in ctx.tx.heads_after(known_seq(ctx), (VALIDATED,)):
            if head.data["number"] in missing:
                found[head.data["number"]] = head.data["invoice_id"]
    return found


def one_by_number(ctx: Context, number: str) -> Invoice:
    """The validated invoice or credit note of this number. Raises Refused when there is none."""
    found = by_number(ctx, [number])
    if number in found:
        for _, invoice in read_invoices(ctx, [found[number]]):
            if invoice is not None:
                return invoice
    raise Refused(f"Aucune facture ne porte le numéro {number}.")


def selected(
    ctx: Context, params: Invoices, statuses: tuple[str, ...]
) -> tuple[list[str], list[dict[str, Any]]]:
    """The ids that the parameters name, and the names that nothing bears (as failures). A `period` gives
    every invoice of the month that was in one of `statuses`, or came after the warehouse's run."""
    if not params.named():
        if params.period is None:
            raise Refused("Indiquez des factures ou un mois.")
        return _of_period(ctx, params.period, statuses), []
    failed: list[dict[str, Any]] = []
    ids = list(params.invoice_ids or [])
    if params.invoice_numbers:
        found = by_number(ctx, params.invoice_numbers)
        for number in params.invoice_numbers:
            if number in found:
                ids.append(found[number])
            else:
                failed.append({"id": number, "reason": f"aucune facture ne porte le numéro {number}"})
    return list(dict.fromkeys(ids)), failed


def _of_period(ctx: Context, period: str, statuses: tuple[str, ...]) -> list[str]:
    rows = mart(
        ctx,
        "select invoice_id from marts.invoices where period = ? and status in (select unnest(?)) "
        "order by client_id, invoice_id",
        [period, list(statuses)],
    )
    found = [row["invoice_id"] for row in rows]
    newer = ctx.tx.heads_after(known_seq(ctx), (CREATED,))
    return found + [head.data["invoice_id"] for head in newer if head.data["period"] == period]
