"""What becomes of a created invoice: deleted while a draft, or validated with its legal number (spec 20)."""

from __future__ import annotations

from typing import Any

from console.actions.invoice_facts import Invoice, read_invoices, selected, stream_of
from console.actions.numbering import number
from console.actions.parameters import Invoices
from console.actions.registry import Context, Result, action
from console.journal.events import InvoiceDeleted
from console.journal.store import NewEvent

APPEND_BATCH = 20_000


class DeleteInvoices(Invoices):
    pass


class ValidateInvoices(Invoices):
    pass


@action(
    "invoices.delete",
    label="Supprimer les brouillons",
    confirm="Les brouillons choisis sont supprimés ; leurs interventions redeviennent à facturer.",
    bulk="invoice_ids",
)
def delete(params: DeleteInvoices, ctx: Context) -> Result:
    """Supprime des factures en brouillon et libère ce qu'elles facturaient."""
    ids, failed = selected(ctx, params, ("brouillon",))
    result, events = Result(failed=failed), []
    for invoice_id, invoice in read_invoices(ctx, ids):
        if invoice is None:
            result.failed.append(unknown(invoice_id))
        elif invoice.state == "supprimee":
            _skip(result, params, invoice, "déjà supprimée")
        elif invoice.state != "brouillon":
            reason = f"la facture {invoice.number} est validée : elle ne se supprime plus, faites un avoir"
            _fail(result, params, invoice, reason)
        else:
            payload = InvoiceDeleted(invoice_id=invoice_id, released_seqs=(invoice.created_seq,))
            events.append(NewEvent(stream_of(invoice_id), InvoiceDeleted.kind_name, payload))
            result.done.append(
                {"id": invoice_id, "draft_id": invoice.draft_id, "client_id": invoice.client_id}
            )
    ctx.tx.append(events)
    result.message = (
        f"{len(result.done)} brouillon(s) supprimé(s)." if ids else "Aucun brouillon à supprimer."
    )
    return result


@action(
    "invoices.validate",
    label="Valider les factures",
    confirm="Chaque facture reçoit son numéro définitif et ne peut plus être modifiée.",
    bulk="invoice_ids",
)
def validate(params: ValidateInvoices, ctx: Context) -> Result:
    """Valide des brouillons : numéro légal, date et échéance ; la facture ne change plus."""
    ids, failed = selected(ctx, params, ("brouillon",))
    result, drafts = Result(failed=failed), []
    for invoice_id, invoice in read_invoices(ctx, ids):
        if invoice is None:
            result.failed.append(unknown(invoice_id))
        elif invoice.state == "supprimee":
            _fail(result, params, invoice, "le brouillon a été supprimé")
        elif invoice.state != "brouillon":
            _skip(result, params, invoice, f"déjà validée sous le numéro {invoice.number}")
        else:
            drafts.append(invoice)
    append_validated(ctx, drafts)
    result.done += [done(invoice) for invoice in drafts]
    result.message = f"{len(drafts)} facture(s) validée(s)." if ids else "Aucune facture à valider."
    return result


def append_validated(ctx: Context, drafts: list[Invoice]) -> None:
    """Numbers and appends, a bounded number of events at a time."""
    for start in range(0, len(drafts), APPEND_BATCH):
        ctx.tx.append(number(ctx, drafts[start : start + APPEND_BATCH]))


def done(invoice: Invoice) -> dict[str, Any]:
    return {"id": invoice.invoice_id, "invoice_id": invoice.invoice_id, "invoice_number": invoice.number}


def unknown(invoice_id: str) -> dict[str, Any]:
    return {"id": invoice_id, "reason": "facture inconnue"}


def _skip(result: Result, params: Invoices, invoice: Invoice, reason: str) -> None:
    """Says what is already done, unless nobody asked for it by name."""
    if params.named():
        result.skipped.append({"id": invoice.invoice_id, "invoice_number": invoice.number, "reason": reason})


def _fail(result: Result, params: Invoices, invoice: Invoice, reason: str) -> None:
    """The same for what cannot be done."""
    if params.named():
        result.failed.append({"id": invoice.invoice_id, "invoice_number": invoice.number, "reason": reason})
