"""An agency with invoices already sent, for tests of Home+ and settlement: events and answers of the payer go
straight into the journal, at the time the case needs, and the real pipeline computes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from console.journal.events import (
    LINE_COLUMNS,
    Allocated,
    HomePlusRequested,
    HomePlusStatusAccepted,
    HomePlusStopped,
    InvoiceCreated,
    InvoiceSent,
    InvoiceValidated,
    Payload,
    PaymentRecorded,
    Unallocated,
)
from console.journal.records import NewEvent
from tests.dbt.agency import Agency

UTC = ZoneInfo("UTC")
CODES = {
    "integree": "10",
    "attente": "20",
    "validee": "30",
    "refusee": "40",
    "prelevee": "50",
    "impaye": "60",
    "payee": "70",
    "echanges": "80",
}


def moment(day: str) -> datetime:
    """ "2026-11-03" or "2026-11-03 14:00", in UTC."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def line(amount: str, date: str = "2026-10-05", minutes: int = 60, **more: Any) -> dict[str, Any]:
    """A line of ten per cent VAT; its shares follow the amount unless they are given."""
    gross = Decimal(amount)
    excl = (gross / Decimal("1.1")).quantize(Decimal("0.01"))
    return {
        "source": "item" if gross < 0 else "intervention",
        "source_version": 1,
        "date": date,
        "service_code": "MENAGE",
        "label": "Ménage",
        "worker_id": "W1",
        "day_type": "weekday",
        "minutes": minutes,
        "quantity": "1.00",
        "unit": "hour",
        "rate": amount,
        "amount": amount,
        "excl_vat": str(excl),
        "vat": str(gross - excl),
        "vat_rate": "0.1000",
        "covered": False,
        "payer_share": "0.00",
        "client_share": amount,
        "informative_payer_share": "0.00",
        "is_adjustment": False,
        "home_plus_nature": "60",
        "service_kind": "service",
        **more,
    }


def total(lines: list[dict[str, Any]], column: str) -> str:
    return str(sum((Decimal(entry[column]) for entry in lines), Decimal("0.00")))


class HomePlusAgency(Agency):
    """`invoice` makes one, `asked`, `told` and `accepted` are its story at Home+."""

    def home_plus_client(self, client_id: str, **more: Any) -> str:
        """A client whose Home+ account is complete and in order."""
        return self.client(
            client_id,
            **{
                "payment_method": "virement",
                "home_plus_id": f"HP-{client_id}",
                "home_plus_status": "OK",
                "home_plus_activated_on": "2026-01-15",
                "birth_date": "1950-05-20",
                **more,
            },
        )

    def event(self, stream: str, payload: Payload, at: str) -> None:
        transaction = self.journal.begin("test", moment(at))
        results = transaction.append([NewEvent(stream, payload.kind_name, payload)])
        assert isinstance(results[0], int), results
        transaction.commit()

    def invoice(
        self,
        number: str,
        client_id: str,
        *lines: dict[str, Any],
        kind: str = "main",
        status: str = "envoyee",
        period: str = "2026-10",
        payment_method: str = "virement",
        origin: str | None = None,
        at: str = "2026-11-02",
    ) -> str:
        """A validated (and sent) invoice; `lines` by `line(…)`. Returns its number."""
        listed = list(lines) or [line("50.00")]
        rows = []
        for rank, entry in enumerate(listed, 1):
            values = dict.fromkeys(LINE_COLUMNS) | {"line_no": rank, "source_id": f"{number}-{rank}"} | entry
            rows.append(tuple(values[name] for name in LINE_COLUMNS))
        invoice_id = f"I-{number}"
        is_credit = kind == "credit_note" or Decimal(total(listed, "amount")) < 0
        created = InvoiceCreated.model_validate(
            {
                "invoice_id": invoice_id,
                "draft_id": None if kind == "credit_note" else f"D-{number}",
                "invoice_kind": kind,
                "origin": origin,
                "client_id": client_id,
                "period": period,
                "payment_method": payment_method,
                "total_incl_vat": total(listed, "amount"),
                "total_excl_vat": total(listed, "excl_vat"),
                "total_vat": total(listed, "vat"),
                "payer_total": total(listed, "payer_share"),
                "client_total": total(listed, "client_share"),
                "columns": LINE_COLUMNS,
                "lines": rows,
            }
        )
        self.event(f"invoice:{invoice_id}", created, at)
        if status == "brouillon":
            return number
        validated = InvoiceValidated(
            invoice_id=invoice_id,
            document="credit_note" if is_credit else "invoice",
            number=number,
            series="credit_note" if is_credit else "invoice",
            year=2026,
            rank=1,
            issued_on="2026-11-02",
            due_on="2026-12-02",
        )
        self.event(f"invoice:{invoice_id}", validated, at)
        if status == "envoyee":
            sent = InvoiceSent(
                invoice_id=invoice_id, number=number, delivery="mail", recipient="a@exemple.fr", template=""
            )
            self.event(f"invoice:{invoice_id}", sent, at)
        return number

    def asked(self, number: str, client_id: str, at: str, amount: str = "50.00", attempt: int = 1) -> None:
        payload = HomePlusRequested(
            invoice_number=number,
            client_id=client_id,
            amount=amount,
            request={"numFactureTiers": number},
            attempt=attempt,
        )
        self.event(f"home_plus:{number}", payload, at)

    def stopped(self, number: str, client_id: str, at: str, *codes: str) -> None:
        payload = HomePlusStopped(invoice_number=number, client_id=client_id, amount="50.00", codes=codes)
        self.event(f"home_plus:{number}", payload, at)

    def accepted(self, number: str, state: str, at: str) -> None:
        payload = HomePlusStatusAccepted(invoice_number=number, state=state, reason="Vu avec l'Urssaf")
        self.event(f"home_plus:{number}", payload, at)

    def told(
        self,
        number: str,
        code: str | None,
        at: str,
        operation: str = "poll",
        job_id: str | None = None,
        outcome: str = "ok",
        **item: Any,
    ) -> None:
        """One answer about one invoice; `code` is a key of CODES or a code as the payer writes it."""
        entry = {"subject": number, "outcome": outcome, "status_code": CODES.get(code or "", code), **item}
        transaction = self.journal.begin("worker", moment(at))
        transaction.respond(
            gateway="home_plus",
            operation=operation,
            outcome=outcome,
            job_id=job_id or f"J-{number}-{at}",
            items=[{name: value for name, value in entry.items() if value is not None}],
            http_status=200,
        )
        transaction.commit()

    def paid(self, payment_id: str, client_id: str, amount: str, at: str = "2026-11-10", **more: Any) -> None:
        payload = PaymentRecorded.model_validate(
            {
                "payment_id": payment_id,
                "received_on": at[:10],
                "amount": amount,
                "emitter": "client",
                "client_id": client_id,
                **more,
            }
        )
        self.event(f"account:{client_id}", payload, at)

    def allocated(
        self,
        allocation_id: str,
        client_id: str,
        source_id: str,
        number: str,
        amount: str,
        source: str = "payment",
        part: str = "client",
        at: str = "2026-11-10",
    ) -> None:
        payload = Allocated.model_validate(
            {
                "allocation_id": allocation_id,
                "source": source,
                "source_id": source_id,
                "invoice_number": number,
                "part": part,
                "amount": amount,
            }
        )
        self.event(f"account:{client_id}", payload, at)

    def taken_back(self, allocation_id: str, client_id: str, at: str = "2026-11-11") -> None:
        self.event(f"account:{client_id}", Unallocated(allocation_id=allocation_id), at)

    def one(self, sql: str, *params: Any) -> dict[str, Any]:
        found = self.rows(sql, *params)
        assert len(found) == 1, found
        return found[0]

    def request(self, number: str) -> dict[str, Any]:
        return self.one("SELECT * FROM marts.home_plus_requests WHERE invoice_number = ?", number)

    def codes(self, subject_id: str) -> set[str]:
        """Failing Home+ rules of an invoice (`I-<number>`) or draft."""
        found = self.rows(
            "SELECT code FROM intermediate.int_home_plus__controls WHERE subject_id = ?", subject_id
        )
        return {row["code"] for row in found}
