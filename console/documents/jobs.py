"""What the worker does with documents: invoices as PDF, print batches, mails (docs/architecture.md).

Every step may start again: a PDF is stored under its hash, `documents.stored` is appended once per document
(first version of its stream), what has that event is not rendered again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from console.documents import mails, store
from console.documents.invoice_view import Mentions
from console.documents.invoices import invoice_data, print_batch, render_many
from console.documents.store import DocumentError
from console.exports.formats import count
from console.gateways import mail as gateway
from console.journal.events import DocumentStored
from console.journal.outbox import Job
from console.journal.store import NewEvent
from console.warehouse import pipeline, runs
from console.warehouse.query import Warehouse
from console.worker import Outcome, Response, WorkerContext

BATCH = 200  # invoices rendered and committed at a time
PDF = "application/pdf"
TEMPLATE = "invoice.typ"
SHOWN_FAILURES = 5
INTERRUPTED = "Interrompu par l'arrêt ; la suite reprendra."


def handle_invoices(job: Job, ctx: WorkerContext) -> Outcome:
    """Job `documents.invoices` {invoice_ids}: each numbered invoice's PDF, stored and told to the journal."""
    invoice_ids = list(dict.fromkeys(job.payload["invoice_ids"]))
    if (behind := _catch_up(ctx, invoice_ids)) is not None:
        return behind
    failures: list[str] = []
    if not _store_missing(ctx, invoice_ids, failures):
        return Outcome("retry", INTERRUPTED, retry_at=ctx.now())
    return _told(f"{count(len(invoice_ids) - len(failures), 'facture')} en PDF.", failures)


def handle_print_batch(job: Job, ctx: WorkerContext) -> Outcome:
    """Job `documents.print_batch` {invoice_ids}: one PDF for the printer, stored as `print_batch` under the
    job's id; each invoice's own PDF is stored as well."""
    invoice_ids = list(dict.fromkeys(job.payload["invoice_ids"]))
    if _stored(ctx, "print_batch", [job.job_id]):
        return Outcome("done", "Lot d'impression prêt.")
    if (behind := _catch_up(ctx, invoice_ids)) is not None:
        return behind
    failures: list[str] = []
    if not _store_missing(ctx, invoice_ids, failures):
        return Outcome("retry", INTERRUPTED, retry_at=ctx.now())
    printable = _stored(ctx, "invoice", invoice_ids)
    ctx.progress(0.9, "Assemblage du lot d'impression")
    wanted = [invoice_id for invoice_id in invoice_ids if invoice_id in printable]
    try:
        content = print_batch(invoice_data(Warehouse.open(ctx.home), wanted), Mentions.of(ctx.settings))
    except DocumentError as error:
        return Outcome("failed", str(error))
    sha256 = store.put(ctx.home, content)
    outcome = _told(f"Lot d'impression de {count(len(wanted), 'facture')}.", failures)
    outcome.events = [_event("print_batch", job.job_id, sha256, len(content))]
    return outcome


def handle_mail_invoice(job: Job, ctx: WorkerContext) -> Outcome:
    """Job `mail.invoice` {invoice_id, number, to, template}: the invoice's mail with the stored PDF.

    A refused recipient ends it; trouble on the way is tried again, under the same Message-ID."""
    invoice_id, number = job.payload["invoice_id"], job.payload["number"]
    if (behind := _catch_up(ctx, [invoice_id])) is not None:
        return behind
    failures: list[str] = []
    if not _store_missing(ctx, [invoice_id], failures):
        return Outcome("retry", INTERRUPTED, retry_at=ctx.now())
    data = next(iter(invoice_data(Warehouse.open(ctx.home), [invoice_id])), None)
    sha256 = _stored(ctx, "invoice", [invoice_id]).get(invoice_id)
    if data is None or sha256 is None:
        reason = failures[0] if failures else f"La facture {number} est introuvable."
        return Outcome("failed", reason, responses=[_response(number, "error", reason)])
    try:
        message = mails.invoice_mail(
            ctx.settings, data, store.get(ctx.home, sha256), to=job.payload["to"],
            template=job.payload.get("template") or "",
            message_id=mails.message_id(ctx.settings, invoice_id, job.job_id),
        )  # fmt: skip
    except DocumentError as error:
        return Outcome("failed", str(error), responses=[_response(number, "error", str(error))])
    if not ctx.lease_held():
        return Outcome("retry", "La tâche a été reprise ailleurs.")
    result = gateway.send(ctx.settings, message)
    response = _response(number, result.outcome, result.detail, message)
    if result.outcome == "ok":
        return Outcome("done", result.detail, responses=[response])
    return Outcome("retry" if result.retry else "failed", result.detail, responses=[response])


def _catch_up(ctx: WorkerContext, invoice_ids: Sequence[str]) -> Outcome | None:
    """Brings the warehouse to where it knows the numbers of these invoices; what to answer when it cannot."""
    if not _behind(ctx, invoice_ids):
        return None
    ctx.progress(0.0, "Mise à jour des données")
    report = pipeline.ensure_fresh(ctx.settings, trigger="documents")
    if _behind(ctx, invoice_ids):
        reasons = " ; ".join(report.failures[:2]) if report is not None and not report.ok else ""
        said = "Les données ne sont pas encore à jour pour ces factures"
        return Outcome("retry", f"{said} : {reasons}" if reasons else f"{said}.")
    return None


def _behind(ctx: WorkerContext, invoice_ids: Sequence[str]) -> bool:
    if (record := runs.current(ctx.home)) is None:
        return True
    with ctx.journal.begin(ctx.job.actor, ctx.now()) as tx:
        validated = tx.streams([f"invoice:{name}" for name in invoice_ids], {"billing.invoice_validated"})
    return any(event.seq > record.seq for events in validated.values() for event in events)


def _store_missing(ctx: WorkerContext, invoice_ids: Sequence[str], failures: list[str]) -> bool:
    """Renders, stores and records the invoices that have no document yet; `failures` gets a sentence for each
    that could not be. False when the worker stops before the end: what was done is kept."""
    known = _stored(ctx, "invoice", invoice_ids)
    missing = [invoice_id for invoice_id in invoice_ids if invoice_id not in known]
    warehouse, mentions = Warehouse.open(ctx.home), Mentions.of(ctx.settings)

    def told(_: dict[str, Any], error: DocumentError) -> None:
        failures.append(str(error))

    done = len(invoice_ids) - len(missing)
    for part in _parts(missing, BATCH):
        if ctx.stopping.is_set() and not ctx.last_attempt:
            return False
        found = list(invoice_data(warehouse, part))
        numbered = [data for data in found if data["invoice_number"]]
        failures += [
            f"Facture {name} : introuvable ou sans numéro."
            for name in sorted(set(part) - {data["invoice_id"] for data in numbered})
        ]
        events = []
        for invoice_id, pdf in render_many(numbered, mentions, on_error=told):
            events.append(_event("invoice", invoice_id, store.put(ctx.home, pdf), len(pdf)))
        ctx.save(Outcome(events=events))
        done += len(part)
        ctx.progress(0.9 * done / len(invoice_ids), f"{count(done, 'facture')} sur {len(invoice_ids)}")
    return True


def _stored(ctx: WorkerContext, entity: str, ids: Sequence[str]) -> dict[str, str]:
    """SHA-256 of each document that the journal knows."""
    prefix = f"document:{entity}:"
    with ctx.journal.begin(ctx.job.actor, ctx.now()) as tx:
        streams = tx.streams([prefix + name for name in ids], {DocumentStored.kind_name})
    return {name.removeprefix(prefix): events[-1].data["sha256"] for name, events in streams.items()}


def _event(entity: Literal["invoice", "print_batch"], entity_id: str, sha256: str, size: int) -> NewEvent:
    payload = DocumentStored(
        entity=entity, entity_id=entity_id, sha256=sha256, size=size, media_type=PDF, template=TEMPLATE
    )
    return NewEvent(f"document:{entity}:{entity_id}", DocumentStored.kind_name, payload, expected_version=0)


def _response(
    number: str,
    outcome: Literal["ok", "error", "unknown"],
    detail: str,
    message: gateway.OutgoingMail | None = None,
) -> Response:
    request = None
    if message is not None:
        request = f"To: {message.to}\nSubject: {message.subject}\nMessage-ID: <{message.message_id}>"
    items = [{"subject": number, "outcome": outcome, "message": detail}]
    return Response("mail", "send", outcome, items, request=request, response=detail)


def _told(message: str, failures: list[str]) -> Outcome:
    """Done, or failed with the first reasons; what could be done was."""
    if not failures:
        return Outcome("done", message)
    more = len(failures) - SHOWN_FAILURES
    rest = f" (et {count(more, 'autre')})" if more > 0 else ""
    return Outcome("failed", f"{message} {' '.join(failures[:SHOWN_FAILURES])}{rest}")


def _parts(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
