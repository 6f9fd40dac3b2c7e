"""A validated invoice is corrected by a new, opposite document: the credit note (spec 20). It takes whole
lines, with the client's and the payer's shares, and leaves the invoice as it is."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from pydantic import Field

from console.actions.invoice_facts import Invoice, one_by_number, read_invoices, stream_of
from console.actions.numbering import number
from console.actions.parameters import Reason, made_id, money
from console.actions.registry import Context, Params, Refused, Result, action
from console.journal.events import LINE_COLUMNS, InvoiceCreated
from console.journal.store import NewEvent, Refusal

AT = {name: position for position, name in enumerate(LINE_COLUMNS)}
OPPOSITE = ("amount", "excl_vat", "vat", "payer_share", "client_share", "informative_payer_share")


class CreateCreditNote(Params):
    invoice_number: str | None = Field(
        None, title="Facture", description="Numéro de la facture à annuler.", min_length=1
    )
    invoice_id: str | None = Field(None, title="Identifiant de la facture", min_length=1)
    lines: list[int] | None = Field(
        None, title="Lignes", description="Numéros des lignes à annuler ; toutes si rien n'est indiqué."
    )
    reason: Reason = Field(title="Motif", description="Figure sur l'avoir.")
    reinvoice: bool = Field(
        False,
        title="Refacturer",
        description="Avoir total : les interventions redeviennent à facturer sur une nouvelle facture.",
    )


@action(
    "credit_notes.create",
    label="Créer un avoir",
    confirm="L'avoir reçoit son numéro définitif et annule les lignes choisies.",
)
def create(params: CreateCreditNote, ctx: Context) -> Result:
    """Crée un avoir sur une facture validée, pour toutes ses lignes ou quelques-unes."""
    invoice = _invoice(params, ctx)
    lines = ctx.tx.events_at([invoice.created_seq])[invoice.created_seq].data["lines"]
    chosen = _chosen(params, ctx, invoice, lines)
    credit, created = _credit_note(params, ctx, invoice, chosen)
    stream = stream_of(credit.invoice_id)
    outcomes = ctx.tx.append([NewEvent(stream, InvoiceCreated.kind_name, created, 0)])
    if isinstance(outcomes[0], Refusal):
        raise Refused(f"L'avoir n'est pas possible : {outcomes[0].reason}.")
    ctx.tx.append(number(ctx, [credit]))
    item = {
        "id": credit.invoice_id,
        "invoice_id": credit.invoice_id,
        "invoice_number": credit.number,
        "origin": invoice.number,
        "total_incl_vat": credit.total,
    }
    return Result(done=[item], message=f"Avoir {credit.number} créé sur la facture {invoice.number}.")


def _invoice(params: CreateCreditNote, ctx: Context) -> Invoice:
    if params.invoice_number is not None:
        invoice = one_by_number(ctx, params.invoice_number)
    elif params.invoice_id is not None:
        found = dict(read_invoices(ctx, [params.invoice_id]))[params.invoice_id]
        if found is None:
            raise Refused(f"Aucune facture ne porte l'identifiant {params.invoice_id}.")
        invoice = found
    else:
        raise Refused("Indiquez la facture à annuler.")
    if invoice.number is None:
        raise Refused(f"La facture {invoice.invoice_id} n'est pas validée : un brouillon se supprime.")
    if invoice.is_credit:
        raise Refused(f"{invoice.number} est déjà un avoir.")
    return invoice


def _chosen(
    params: CreateCreditNote, ctx: Context, invoice: Invoice, lines: list[list[Any]]
) -> list[list[Any]]:
    """The lines to take back: those asked for, none of them credited already; else all that are left."""
    by_no = {line[AT["line_no"]]: line for line in lines}
    resources = {f"reversal:{invoice.invoice_id}:{no}": no for no in by_no}
    holders = {resources[name]: seq for name, seq in ctx.tx.claim_holders(resources).items()}
    wanted = list(dict.fromkeys(params.lines)) if params.lines is not None else None
    if wanted is not None:
        if unknown := [no for no in wanted if no not in by_no]:
            raise Refused(f"La facture {invoice.number} n'a pas de ligne {unknown[0]}.")
        if taken := [no for no in wanted if no in holders]:
            raise Refused(f"La ligne {taken[0]} est déjà annulée par {_bearer(ctx, holders[taken[0]])}.")
        if not wanted:
            raise Refused("Indiquez au moins une ligne.")
    if params.reinvoice:
        if wanted is not None and set(wanted) != set(by_no):
            raise Refused("Refacturer demande un avoir total : n'indiquez pas de lignes.")
        for seq in holders.values():
            if ctx.tx.events_at([seq])[seq].data["invoice_kind"] == "credit_note":
                raise Refused(
                    f"Refacturer n'est plus possible : la facture {invoice.number} est déjà annulée, "
                    f"au moins en partie, par {_bearer(ctx, seq)}."
                )
    chosen = [by_no[no] for no in (wanted if wanted is not None else by_no) if no not in holders]
    if not chosen:
        bearer = _bearer(ctx, next(iter(holders.values())))
        raise Refused(f"La facture {invoice.number} est déjà entièrement annulée par {bearer}.")
    return chosen


def _bearer(ctx: Context, seq: int) -> str:
    invoice_id = ctx.tx.events_at([seq])[seq].data["invoice_id"]
    holder = dict(read_invoices(ctx, [invoice_id]))[invoice_id]
    if holder is None or holder.number is None:
        return f"le brouillon {invoice_id}"
    return f"l'avoir {holder.number}" if holder.is_credit else f"la facture {holder.number}"


def _credit_note(
    params: CreateCreditNote, ctx: Context, invoice: Invoice, lines: list[list[Any]]
) -> tuple[Invoice, str]:
    """The credit note and its frozen text. Its id follows from the credited number and the command."""
    opposite = [_opposite(line, invoice.invoice_id, no) for no, line in enumerate(lines, 1)]
    credit = Invoice(
        made_id("I", invoice.number, ctx.key), 0, None, "credit_note", invoice.client_id, invoice.period,
        invoice.payment_method, _sum(opposite, "amount"), _sum(opposite, "client_share"),
        _sum(opposite, "payer_share"), invoice.number,
    )  # fmt: skip
    payload = {
        "released_seqs": [invoice.created_seq] if params.reinvoice else [],
        "invoice_id": credit.invoice_id, "draft_id": None, "invoice_kind": "credit_note",
        "origin": invoice.number, "replaces": None, "client_id": invoice.client_id, "period": invoice.period,
        "payment_method": invoice.payment_method, "reason": params.reason, "reinvoice": params.reinvoice,
        "total_incl_vat": credit.total, "total_excl_vat": _sum(opposite, "excl_vat"),
        "total_vat": _sum(opposite, "vat"), "payer_total": credit.payer_total,
        "client_total": credit.client_total, "columns": list(LINE_COLUMNS), "lines": opposite,
    }  # fmt: skip
    return credit, json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def _opposite(line: list[Any], invoice_id: str, line_no: int) -> list[Any]:
    """The same line, the other way: amounts, shares, minutes and quantity change sign; the rate does not."""
    new = list(line)
    for name in OPPOSITE:
        new[AT[name]] = money(-Decimal(line[AT[name]]) + 0)
    new[AT["quantity"]] = str(-Decimal(line[AT["quantity"]]) + 0)
    new[AT["minutes"]] = -line[AT["minutes"]]
    new[AT["source"]] = "reversal"
    new[AT["is_adjustment"]] = False
    new[AT["reversed_invoice_id"]] = invoice_id
    new[AT["reversed_line_no"]] = line[AT["line_no"]]
    new[AT["line_no"]] = line_no
    return new


def _sum(lines: list[list[Any]], name: str) -> str:
    return money(sum((Decimal(line[AT[name]]) for line in lines), Decimal("0.00")))
