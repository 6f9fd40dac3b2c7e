"""Sends invoices: what is decided here is who gets what, and how; the worker prints and mails (spec 20)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from console.actions.invoice_facts import Invoice, read_invoices, selected, stream_of
from console.actions.invoices import append_validated, unknown
from console.actions.parameters import Invoices, known_seq, mart
from console.actions.registry import Context, Result, action
from console.journal.events import ClientFieldSet, InvoiceSent
from console.journal.store import NewEvent

Delivery = Literal["mail", "courrier"]
DOCUMENTS_PER_JOB = 200
APPEND_BATCH = 20_000
CLIENT_COLUMNS = (
    "client_id", "client_name", "email", "address", "postal_code", "city", "invoice_delivery", "home_plus_id",
)  # fmt: skip


class SendInvoices(Invoices):
    delivery: Literal["mail", "courrier", "all"] = Field(
        "all",
        title="Mode d'envoi",
        description="Par mail, par courrier (un lot à imprimer), ou selon le choix de chaque client (all).",
    )
    template: Literal["auto", "facture", "facture_home_plus"] = Field(
        "auto",
        title="Modèle de mail",
        description="auto : « Email Facture Home+ » pour les clients Home+, sinon le modèle simple.",
    )


@dataclass(slots=True)
class Sending:
    invoice: Invoice
    delivery: Delivery
    recipient: str
    template: str


@action(
    "invoices.send",
    label="Envoyer les factures",
    confirm="Les factures choisies sont validées s'il le faut, puis envoyées.",
    bulk="invoice_ids",
)
def send(params: SendInvoices, ctx: Context) -> Result:
    """Envoie des factures par mail ou par courrier ; les brouillons sont d'abord validés."""
    ids, failed = selected(ctx, params, ("brouillon", "validee"))
    result = Result(failed=failed)
    invoices = _sendable(params, ctx, ids, result)
    clients = _clients(ctx, sorted({invoice.client_id for invoice in invoices}))
    sendings = []
    for invoice in invoices:
        choice = _sending(params, invoice, clients.get(invoice.client_id, {}))
        if isinstance(choice, str):
            result.skipped.append(
                {"id": invoice.invoice_id, "invoice_number": invoice.number, "reason": choice}
            )
        else:
            sendings.append(choice)
    append_validated(ctx, [one.invoice for one in sendings if one.invoice.state == "brouillon"])
    _append_sent(ctx, sendings)
    _enqueue(ctx, sendings)
    result.done += [_done(one) for one in sendings]
    result.message = _message(sendings)
    return result


def _sendable(params: SendInvoices, ctx: Context, ids: list[str], result: Result) -> list[Invoice]:
    invoices = []
    for invoice_id, invoice in read_invoices(ctx, ids):
        if invoice is None:
            result.failed.append(unknown(invoice_id))
        elif invoice.state in ("brouillon", "validee"):
            invoices.append(invoice)
        elif params.named():
            item = {"id": invoice_id, "invoice_number": invoice.number}
            if invoice.state == "envoyee":
                result.skipped.append({**item, "reason": "déjà envoyée"})
            else:
                result.failed.append({**item, "reason": "le brouillon a été supprimé"})
    return invoices


def _sending(params: SendInvoices, invoice: Invoice, client: dict[str, Any]) -> Sending | str:
    """How this invoice leaves, or why it does not. The client's choice holds, unless invoices were named
    one by one together with a way to send them."""
    chosen = client.get("invoice_delivery") or "courrier"
    if params.delivery != "all" and chosen != params.delivery and not params.named():
        return f"le client reçoit ses factures par {chosen}"
    wanted = chosen if params.delivery == "all" else params.delivery
    delivery: Delivery = "mail" if wanted == "mail" else "courrier"
    if delivery == "mail":
        if not client.get("email"):
            return "le client n'a pas d'adresse électronique"
        template = params.template
        if template == "auto":
            template = "facture_home_plus" if client.get("home_plus_id") else "facture"
        return Sending(invoice, "mail", client["email"], template)
    lines = [client.get("client_name"), client.get("address"), client.get("postal_code"), client.get("city")]
    if not all(lines[1:]):
        return "l'adresse postale du client est incomplète"
    return Sending(invoice, "courrier", ", ".join(str(line) for line in lines if line), "")


def _clients(ctx: Context, client_ids: list[str]) -> dict[str, dict[str, Any]]:
    """Who receives, with what was changed in the console since the warehouse's run."""
    rows = mart(
        ctx,
        f"select {', '.join(CLIENT_COLUMNS)} from marts.clients where client_id in (select unnest(?))",
        [client_ids],
    )
    clients = {row["client_id"]: row for row in rows}
    for event in ctx.tx.events_after(known_seq(ctx), (ClientFieldSet.kind_name,)):
        client = clients.get(event.data["client_id"])
        if client is not None and event.data["field"] in CLIENT_COLUMNS:
            client[event.data["field"]] = event.data["value"]
    return clients


def _append_sent(ctx: Context, sendings: list[Sending]) -> None:
    for start in range(0, len(sendings), APPEND_BATCH):
        ctx.tx.append([_event(one) for one in sendings[start : start + APPEND_BATCH]])


def _event(one: Sending) -> NewEvent:
    payload = InvoiceSent(
        invoice_id=one.invoice.invoice_id, number=one.invoice.number or "", delivery=one.delivery,
        recipient=one.recipient, template=one.template,
    )  # fmt: skip
    return NewEvent(stream_of(one.invoice.invoice_id), InvoiceSent.kind_name, payload)


def _enqueue(ctx: Context, sendings: list[Sending]) -> None:
    ids = [one.invoice.invoice_id for one in sendings]
    ctx.tx.enqueue_many(
        "documents.invoices",
        ({"invoice_ids": ids[i : i + DOCUMENTS_PER_JOB]} for i in range(0, len(ids), DOCUMENTS_PER_JOB)),
    )
    ctx.tx.enqueue_many(
        "mail.invoice",
        (
            {
                "invoice_id": one.invoice.invoice_id,
                "number": one.invoice.number,
                "to": one.recipient,
                "template": one.template,
            }
            for one in sendings
            if one.delivery == "mail"
        ),
    )
    letters = [one.invoice.invoice_id for one in sendings if one.delivery == "courrier"]
    if letters:
        ctx.tx.enqueue("documents.print_batch", {"invoice_ids": letters})


def _done(one: Sending) -> dict[str, Any]:
    return {
        "id": one.invoice.invoice_id,
        "invoice_id": one.invoice.invoice_id,
        "invoice_number": one.invoice.number,
        "delivery": one.delivery,
        "recipient": one.recipient,
    }


def _message(sendings: list[Sending]) -> str:
    if not sendings:
        return "Aucune facture à envoyer."
    mails = sum(one.delivery == "mail" for one in sendings)
    letters = len(sendings) - mails
    return f"{len(sendings)} facture(s) en cours d'envoi : {mails} par mail, {letters} par courrier."
