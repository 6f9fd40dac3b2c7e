"""« Ventiler » : sets a credit (credit note, adjustment below zero) off against an invoice (spec 20)."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from console.actions.invoice_facts import Invoice, one_by_number
from console.actions.ledger import Ledger, euros
from console.actions.parameters import Amount, money
from console.actions.registry import Context, Params, Refused, Result, action


class AllocateAdjustment(Params):
    credit_number: str = Field(
        title="Avoir", description="Numéro de l'avoir ou de l'ajustement négatif.", min_length=1
    )
    invoice_number: str = Field(title="Facture", description="Facture du même client à solder.", min_length=1)
    amount: Amount | None = Field(
        None, title="Montant", description="En euros ; tout ce qui est possible si rien n'est indiqué."
    )


@action(
    "invoices.allocate_adjustment",
    label="Ventiler",
    confirm="L'avoir est imputé sur la facture choisie.",
)
def allocate_adjustment(params: AllocateAdjustment, ctx: Context) -> Result:
    """Impute un avoir ou un ajustement négatif sur une facture du client, sans dépasser ce qui reste."""
    credit = one_by_number(ctx, params.credit_number)
    invoice = one_by_number(ctx, params.invoice_number)
    _same_matter(credit, invoice)
    ledger = Ledger(ctx, [invoice.client_id], [params.invoice_number], [params.credit_number])
    left = -Decimal(credit.client_total) - ledger.used("credit_note", params.credit_number)
    due = ledger.due(invoice, "client")
    amount = min(left, due) if params.amount is None else params.amount
    if left <= 0:
        raise Refused(f"L'avoir {params.credit_number} est déjà entièrement utilisé.")
    if due <= 0:
        raise Refused(f"La facture {params.invoice_number} ne doit plus rien.")
    if amount > left:
        raise Refused(f"Il ne reste que {euros(left)} sur l'avoir {params.credit_number}.")
    if amount > due:
        raise Refused(f"Il ne reste que {euros(due)} à régler sur la facture {params.invoice_number}.")
    event = ledger.allocate("credit_note", params.credit_number, invoice, "client", amount)
    ctx.tx.append([event])
    item = {
        "id": params.credit_number,
        "allocation_id": event.payload.allocation_id,  # type: ignore[union-attr]
        "invoice_number": params.invoice_number,
        "amount": money(amount),
    }
    return Result(done=[item], message=f"{euros(amount)} imputés sur la facture {params.invoice_number}.")


def _same_matter(credit: Invoice, invoice: Invoice) -> None:
    if not credit.is_credit:
        raise Refused(f"{credit.number} n'est ni un avoir ni un ajustement négatif.")
    if invoice.is_credit:
        raise Refused(f"{invoice.number} est un avoir : il ne reçoit pas de règlement.")
    if credit.client_id != invoice.client_id:
        raise Refused("L'avoir et la facture ne sont pas du même client.")
