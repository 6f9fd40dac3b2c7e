"""Legal numbers: gapless per series and year of the issue date, given in the transaction (spec 00, 20)."""

from __future__ import annotations

from datetime import timedelta

from console.actions.invoice_facts import Invoice, stream_of
from console.actions.registry import Context
from console.journal.events import InvoiceValidated
from console.journal.store import NewEvent

INVOICES, CREDIT_NOTES = "invoice", "credit_note"


def number(ctx: Context, invoices: list[Invoice], group: str | None = None) -> list[NewEvent]:
    """The events that validate these drafts, numbered in the order given; the invoices take their new facts.
    The events must be appended in this transaction, and all of them, or the numbers would have gaps."""
    today = ctx.settings.today()
    due = today + timedelta(days=ctx.settings.payment_terms_days)
    formats = {
        INVOICES: ctx.settings.invoice_number_format,
        CREDIT_NOTES: ctx.settings.credit_note_number_format,
    }
    counts = {INVOICES: 0, CREDIT_NOTES: 0}
    for invoice in invoices:
        counts[CREDIT_NOTES if invoice.is_credit else INVOICES] += 1
    ranks = {
        series: iter(ctx.tx.next_numbers(series, today.year, count))
        for series, count in counts.items()
        if count
    }
    events = []
    for invoice in invoices:
        series = CREDIT_NOTES if invoice.is_credit else INVOICES
        rank = next(ranks[series])
        invoice.number = formats[series].format(year=today.year, seq=rank)
        invoice.state, invoice.document = "validee", series
        invoice.issued_on, invoice.due_on = today.isoformat(), due.isoformat()
        payload = InvoiceValidated(
            invoice_id=invoice.invoice_id, document="credit_note" if invoice.is_credit else "invoice",
            number=invoice.number, series=series, year=today.year, rank=rank,
            issued_on=invoice.issued_on, due_on=invoice.due_on,
        )  # fmt: skip
        kind = InvoiceValidated.kind_name
        events.append(NewEvent(stream_of(invoice.invoice_id), kind, payload, group=group))
    return events
