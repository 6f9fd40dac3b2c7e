"""Money received, and what it settles (spec 40, "Payments of a payer"; clients' payments in the same way).

Never more than is due, never more than was paid; what is left stays unallocated, and visible.
Undo is an event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from console.actions.invoice_facts import VALIDATED, Invoice, by_number, one_by_number, read_invoices
from console.actions.ledger import ZERO, Ledger, Part, account_of, euros
from console.actions.parameters import Amount, known_seq, made_id, mart, money
from console.actions.registry import Context, Params, Refused, Result, action
from console.journal.events import Allocated, PaymentRecorded, Unallocated
from console.journal.store import NewEvent, Refusal


class RecordPayment(Params):
    received_on: date = Field(title="Reçu le", description="Date de réception.")
    amount: Amount = Field(title="Montant", description="En euros.")
    emitter: Literal["client", "organisme", "home_plus", "emetteur_ts"] = Field(
        title="Émetteur", description="Qui a payé : le client, un organisme, Home+ ou l'émetteur de titres."
    )
    client_id: str | None = Field(None, title="Client", min_length=1)
    payer_id: str | None = Field(None, title="Organisme", min_length=1)
    method: str | None = Field(None, title="Mode de règlement", max_length=50)
    reference: str | None = Field(None, title="Référence", max_length=300)
    payment_id: str | None = Field(
        None, title="Identifiant", description="Attribué automatiquement si rien n'est indiqué.", min_length=1
    )


class Share(BaseModel):
    model_config = ConfigDict(extra="forbid")
    invoice_number: str = Field(title="Facture", min_length=1)
    amount: Amount = Field(title="Montant", description="En euros.")
    part: Literal["client", "payer"] | None = Field(
        None, title="Part", description="Part du client ou de l'organisme ; celle de l'émetteur par défaut."
    )


class AllocatePayment(Params):
    payment_id: str = Field(title="Règlement", min_length=1)
    allocations: list[Share] | None = Field(
        None,
        title="Ventilation",
        description="Factures et montants ; automatique si rien n'est indiqué (montant exact d'abord).",
    )


class Unallocate(Params):
    allocation_id: str = Field(title="Ventilation", min_length=1)
    reason: str = Field("", title="Motif", max_length=300)


@dataclass(frozen=True, slots=True)
class Payment:
    payment_id: str
    received_on: str
    amount: Decimal
    emitter: str
    client_id: str | None
    payer_id: str | None
    status: str  # recu | annonce | …

    @property
    def part(self) -> Part:
        return "payer" if self.emitter == "organisme" else "client"


@action("payments.record", label="Enregistrer un règlement", role="comptable")
def record(params: RecordPayment, ctx: Context) -> Result:
    """Enregistre un règlement reçu d'un client ou d'un organisme."""
    _known_emitter(params, ctx)
    payment_id = params.payment_id or made_id("P", ctx.key)
    known = _payment(ctx, payment_id)
    if known is not None:
        if (known.received_on, known.amount) == (params.received_on.isoformat(), params.amount):
            return Result(skipped=[{"id": payment_id, "reason": "règlement déjà enregistré"}])
        raise Refused(f"L'identifiant {payment_id} désigne déjà un autre règlement.")
    payload = PaymentRecorded(
        payment_id=payment_id, received_on=params.received_on.isoformat(), amount=money(params.amount),
        emitter=params.emitter, client_id=params.client_id, payer_id=params.payer_id,
        method=params.method, reference=params.reference,
    )  # fmt: skip
    outcome = ctx.tx.append([NewEvent(f"payment:{payment_id}", PaymentRecorded.kind_name, payload, 0)])[0]
    if isinstance(outcome, Refusal):
        raise Refused(f"Le règlement {payment_id} est {outcome.reason}.")
    item = {"id": payment_id, "payment_id": payment_id, "amount": money(params.amount)}
    return Result(done=[item], message=f"Règlement de {euros(params.amount)} enregistré.")


@action("payments.allocate", label="Ventiler un règlement", role="comptable")
def allocate(params: AllocatePayment, ctx: Context) -> Result:
    """Répartit un règlement : comme indiqué, sinon la facture du même montant puis la plus ancienne."""
    payment = _payment(ctx, params.payment_id)
    if payment is None:
        raise Refused(f"Aucun règlement ne porte l'identifiant {params.payment_id}.")
    if payment.status != "recu":
        raise Refused(f"Le règlement {payment.payment_id} n'est pas encore reçu ou a été annulé.")
    if params.allocations is None:
        return _automatic(ctx, payment)
    return _as_asked(ctx, payment, params.allocations)


@action("payments.unallocate", label="Annuler une ventilation", role="comptable")
def unallocate(params: Unallocate, ctx: Context) -> Result:
    """Annule une ventilation : la somme redevient disponible et la facture redevient due."""
    number = _allocated_invoice(ctx, params.allocation_id)
    if number is None:
        raise Refused(f"Aucune ventilation en cours ne porte l'identifiant {params.allocation_id}.")
    invoice = one_by_number(ctx, number)
    if params.allocation_id not in Ledger(ctx, [invoice.client_id], [number], []).edges:
        raise Refused(f"La ventilation {params.allocation_id} est déjà annulée.")
    payload = Unallocated(allocation_id=params.allocation_id, reason=params.reason)
    ctx.tx.append([NewEvent(account_of(invoice.client_id), Unallocated.kind_name, payload)])
    return Result(
        done=[{"id": params.allocation_id, "invoice_number": number}],
        message=f"Ventilation annulée sur la facture {number}.",
    )


def _known_emitter(params: RecordPayment, ctx: Context) -> None:
    if params.emitter == "organisme":
        if not params.payer_id:
            raise Refused("Indiquez l'organisme qui a payé.")
        table, column, value, word = "payers", "payer_id", params.payer_id, "organisme"
    else:
        if not params.client_id:
            raise Refused("Indiquez le client que ce règlement concerne.")
        table, column, value, word = "clients", "client_id", params.client_id, "client"
    known = mart(ctx, "select 1 as known from information_schema.tables where table_schema = 'marts' "
                 "and table_name = ?", [table])  # fmt: skip
    if known and not mart(ctx, f"select 1 as known from marts.{table} where {column} = ?", [value]):
        raise Refused(f"Aucun {word} ne porte l'identifiant {value}.")


def _payment(ctx: Context, payment_id: str) -> Payment | None:
    """A payment, from the journal or, for those of files and of Home+, from the warehouse."""
    stream = f"payment:{payment_id}"
    recorded = ctx.tx.streams([stream], (PaymentRecorded.kind_name,)).get(stream)
    if recorded:
        data = recorded[0].data
        status = "recu" if data["received_on"] <= ctx.settings.today().isoformat() else "annonce"
        return Payment(
            payment_id, data["received_on"], Decimal(data["amount"]), data["emitter"], data["client_id"],
            data["payer_id"], status,
        )  # fmt: skip
    rows = mart(
        ctx,
        "select payment_id, received_on, amount, emitter, client_id, payer_id, status from marts.payments "
        "where payment_id = ?",
        [payment_id],
    )
    if not rows:
        return None
    row = rows[0]
    return Payment(
        payment_id, row["received_on"].isoformat(), row["amount"], row["emitter"], row["client_id"],
        row["payer_id"], row["status"],
    )  # fmt: skip


def _as_asked(ctx: Context, payment: Payment, shares: list[Share]) -> Result:
    ids = by_number(ctx, [share.invoice_number for share in shares])
    invoices = {one.number: one for _, one in read_invoices(ctx, ids.values()) if one is not None}
    ledger = _ledger(ctx, payment, list(invoices.values()))
    left = payment.amount - ledger.used("payment", payment.payment_id)
    result, events = Result(), []
    for share in shares:
        invoice = invoices.get(share.invoice_number)
        part = share.part or payment.part
        if reason := _refused(payment, share, invoice, part, ledger, left):
            result.failed.append({"id": share.invoice_number, "reason": reason})
        elif invoice is not None:
            left -= share.amount
            events.append(_allocate(ledger, payment, invoice, part, share.amount, result))
    return _finish(ctx, events, result, left)


def _refused(
    payment: Payment, share: Share, invoice: Invoice | None, part: Part, ledger: Ledger, left: Decimal
) -> str | None:
    if invoice is None:
        return "aucune facture ne porte ce numéro"
    if invoice.is_credit:
        return "c'est un avoir : il ne reçoit pas de règlement"
    if payment.client_id is not None and payment.client_id != invoice.client_id:
        return "la facture n'est pas de ce client"
    due = ledger.due(invoice, part)
    if share.amount > due:
        whose = "du client" if part == "client" else "de l'organisme"
        return f"il ne reste que {euros(due)} à régler sur la part {whose}"
    if share.amount > left:
        return f"il ne reste que {euros(left)} à ventiler sur ce règlement"
    return None


def _automatic(ctx: Context, payment: Payment) -> Result:
    """Exact match of one open invoice first, then the oldest due first (spec 40)."""
    if payment.client_id is None or payment.part == "payer":
        raise Refused("La ventilation automatique demande un règlement de client ; indiquez les factures.")
    invoices = _open_invoices(ctx, payment.client_id)
    ledger = _ledger(ctx, payment, invoices)
    left = payment.amount - ledger.used("payment", payment.payment_id)
    due = [(one, ledger.due(one, "client")) for one in invoices]
    due = sorted(
        (pair for pair in due if pair[1] > 0),
        key=lambda pair: (pair[0].due_on, pair[0].issued_on, pair[0].number),
    )
    due = [pair for pair in due if pair[1] == left][:1] or due
    result, events = Result(), []
    for invoice, owed in due:
        if left <= 0:
            break
        amount = min(owed, left)
        left -= amount
        events.append(_allocate(ledger, payment, invoice, "client", amount, result))
    return _finish(ctx, events, result, left)


def _open_invoices(ctx: Context, client_id: str) -> list[Invoice]:
    rows = mart(
        ctx,
        "select invoice_id from marts.invoices where client_id = ? and invoice_number is not null",
        [client_id],
    )
    ids = [row["invoice_id"] for row in rows]
    ids += [head.data["invoice_id"] for head in ctx.tx.heads_after(known_seq(ctx), (VALIDATED,))]
    return [
        one
        for _, one in read_invoices(ctx, ids)
        if one is not None and one.client_id == client_id and one.number is not None and not one.is_credit
    ]


def _ledger(ctx: Context, payment: Payment, invoices: list[Invoice]) -> Ledger:
    clients = {one.client_id for one in invoices} | ({payment.client_id} if payment.client_id else set())
    return Ledger(ctx, sorted(clients), [one.number or "" for one in invoices], [payment.payment_id])


def _allocate(
    ledger: Ledger, payment: Payment, invoice: Invoice, part: Part, amount: Decimal, result: Result
) -> NewEvent:
    payer = payment.payer_id if part == "payer" else None
    event = ledger.allocate("payment", payment.payment_id, invoice, part, amount, payer)
    assert isinstance(event.payload, Allocated)
    result.done.append(
        {
            "id": event.payload.allocation_id,
            "allocation_id": event.payload.allocation_id,
            "invoice_number": invoice.number,
            "part": part,
            "amount": event.payload.amount,
        }
    )
    return event


def _finish(ctx: Context, events: list[NewEvent], result: Result, left: Decimal) -> Result:
    ctx.tx.append(events)
    total = sum((Decimal(item["amount"]) for item in result.done), ZERO)
    result.message = f"{euros(total)} ventilés ; il reste {euros(left)} à ventiler."
    return result


def _allocated_invoice(ctx: Context, allocation_id: str) -> str | None:
    """The invoice that an allocation touches, whether the warehouse knows it yet or not."""
    rows: list[dict[str, Any]] = mart(
        ctx, "select invoice_number from marts.allocations where allocation_id = ?", [allocation_id]
    )
    if rows:
        return rows[0]["invoice_number"]
    for event in ctx.tx.events_after(known_seq(ctx), (Allocated.kind_name,)):
        if event.data["allocation_id"] == allocation_id:
            return event.data["invoice_number"]
    return None
