"""Events of a few words, for tests of the journal."""

from __future__ import annotations

from typing import Any

from console.journal.events import (
    LINE_COLUMNS,
    InterventionValidated,
    InvoiceCreated,
    InvoiceDeleted,
    InvoiceValidated,
    Payload,
)
from console.journal.store import NewEvent


def of(stream: str, payload: Payload, **options: Any) -> NewEvent:
    return NewEvent(stream, payload.kind_name, payload, **options)


def validated(intervention_id: str, **options: Any) -> NewEvent:
    return of(
        f"intervention:{intervention_id}", InterventionValidated(intervention_id=intervention_id), **options
    )


def line(no: int, source_id: str, amount: str = "11.00", payer: str = "0.00") -> tuple[Any, ...]:
    client = f"{(round(float(amount) * 100) - round(float(payer) * 100)) / 100:.2f}"
    values = {
        "line_no": no,
        "source": "intervention",
        "source_id": source_id,
        "source_version": 1,
        "date": "2026-10-02",
        "service_code": "MENAGE",
        "label": "Ménage",
        "worker_id": "W1",
        "day_type": "weekday",
        "minutes": 60,
        "quantity": "1.0000",
        "unit": "hour",
        "rate": amount,
        "amount": amount,
        "excl_vat": amount,
        "vat": "0.00",
        "vat_rate": "0.0000",
        "covered": False,
        "payer_share": payer,
        "client_share": client,
        "informative_payer_share": "0.00",
        "is_adjustment": False,
        "service_kind": "service",
    }
    return tuple(values.get(name) for name in LINE_COLUMNS)


def created(invoice_id: str, *sources: str, payer: str = "0.00", **options: Any) -> NewEvent:
    """An invoice of one line of 11 € a source."""
    lines = tuple(line(no, source, payer=payer) for no, source in enumerate(sources, 1))
    total = f"{11 * len(lines)}.00"
    payers = f"{float(payer) * len(lines):.2f}"
    payload = InvoiceCreated(
        invoice_id=invoice_id,
        draft_id=f"D-{invoice_id}",
        invoice_kind="main",
        client_id="C1",
        period="2026-10",
        payment_method="virement",
        total_incl_vat=total,
        total_excl_vat=total,
        total_vat="0.00",
        payer_total=payers,
        client_total=f"{float(total) - float(payers):.2f}",
        columns=LINE_COLUMNS,
        lines=lines,
    )
    return of(f"invoice:{invoice_id}", payload, **options)


def deleted(invoice_id: str, seq: int, **options: Any) -> NewEvent:
    return of(f"invoice:{invoice_id}", InvoiceDeleted(invoice_id=invoice_id, released_seqs=(seq,)), **options)


def numbered(invoice_id: str, rank: int, document: str = "invoice") -> NewEvent:
    letter = "F" if document == "invoice" else "A"
    payload = InvoiceValidated(
        invoice_id=invoice_id,
        document=document,
        number=f"{letter}2026-{rank:06}",
        series=document,  # type: ignore[arg-type]
        year=2026,
        rank=rank,
        issued_on="2026-11-03",
        due_on="2026-12-03",
    )
    return of(f"invoice:{invoice_id}", payload)
