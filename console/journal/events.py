"""The kinds of events and the shape of their payloads. A kind is `<domain>.<what_happened>`; the domain names
the landing table (`raw.events_<domain>`) and so what a refresh has to rebuild.

A payload says by itself what it claims (`claims()`) and which earlier events' claims it gives back
(`released_seqs`), so that the index of claims can be rebuilt from the events alone.
Amounts are text with two decimals ("432.00"), dates `YYYY-MM-DD`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Money = Annotated[str, Field(pattern=r"^-?\d{1,14}\.\d{2}$")]
Rate = Annotated[str, Field(pattern=r"^-?\d{1,8}\.\d{1,4}$")]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Month = Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]
Name = Annotated[str, Field(min_length=1, max_length=300)]


class Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    kind_name: ClassVar[str] = ""
    released_seqs: tuple[int, ...] = ()  # events whose claims this event gives back

    def claims(self) -> Iterator[str]:
        return iter(())


class InterventionValidated(Payload):
    kind_name = "activity.intervention_validated"
    intervention_id: Name


class ClientFieldSet(Payload):
    """Overrides one imported field until a file brings a different value of that same field."""

    kind_name = "clients.field_set"
    client_id: Name
    field: Literal[
        "payment_method", "birth_date", "email", "phone", "address", "postal_code", "city",
        "invoice_delivery", "home_plus_id", "home_plus_activated_on", "home_plus_status",
    ]  # fmt: skip
    value: str | None
    reason: str = ""


# One invoice line, in this order. Positional, because 1 000 000 lines are frozen in one action: the names are
# written once per invoice (`columns`).
LINE_COLUMNS = (
    "line_no", "source", "source_id", "source_version", "date", "service_code", "label", "worker_id",
    "day_type", "minutes", "quantity", "unit", "rate", "amount", "excl_vat", "vat", "vat_rate", "covered",
    "care_plan_id", "pool", "plan_rate", "coverage_rate", "payer_id", "payer_share", "client_share",
    "informative_payer_share", "is_adjustment", "reversed_invoice_id", "reversed_line_no", "home_plus_nature",
    "home_plus_activity", "service_kind", "starts_at", "ends_at",
)  # fmt: skip
Line = tuple[
    int, Literal["intervention", "item", "reversal"], str, int, Day, str, str, str | None, str | None,
    int, str, Literal["hour", "piece"], Money, Money, Money, Money, Rate, bool, str | None,
    Literal["main", "sunday"] | None, Money | None, Rate | None, str | None, Money, Money, Money,
    bool, str | None, int | None, str | None, str | None,
    Literal["service", "fee", "discount"], str | None, str | None,
]  # fmt: skip


class InvoiceCreated(Payload):
    """A draft frozen (`brouillon`), or a credit note. Claims each segment, item and reversed line, once."""

    kind_name = "billing.invoice_created"
    invoice_id: Name
    draft_id: str | None  # None for a credit note
    invoice_kind: Literal["main", "adj", "credit_note", "repair"]
    origin: str | None = None  # credit_note: number of the credited invoice
    replaces: str | None = None  # number of the invoice this one bills again
    client_id: Name
    period: Month
    payment_method: str
    reason: str = ""
    reinvoice: bool = False  # credit note whose interventions are free to be billed again
    total_incl_vat: Money
    total_excl_vat: Money
    total_vat: Money
    payer_total: Money
    client_total: Money
    columns: tuple[str, ...]
    lines: tuple[Line, ...]

    def claims(self) -> Iterator[str]:
        seen: set[str] = set()  # a segment cut in several parts is claimed once
        for line in self.lines:
            source, source_id, version, date = line[1], line[2], line[3], line[4]
            if source == "intervention":
                resource = f"segment:{source_id}:{date}:{version}"
            elif source == "item":
                resource = f"item:{source_id}:{version}"
            else:
                resource = f"reversal:{line[27]}:{line[28]}"
            if resource not in seen:
                seen.add(resource)
                yield resource


class InvoiceDeleted(Payload):
    kind_name = "billing.invoice_deleted"
    invoice_id: Name


class InvoiceValidated(Payload):
    kind_name = "billing.invoice_validated"
    invoice_id: Name
    document: Literal["invoice", "credit_note"]
    number: Name
    series: Name  # "invoice" | "credit_note"
    year: int
    rank: int  # gapless per (series, year), from 1
    issued_on: Day
    due_on: Day


class InvoiceSent(Payload):
    kind_name = "billing.invoice_sent"
    invoice_id: Name
    number: Name
    delivery: Literal["mail", "courrier"]
    recipient: str
    template: str = ""


class DocumentStored(Payload):
    kind_name = "documents.stored"
    entity: Literal["invoice", "print_batch", "bordereau", "letter", "attestation"]
    entity_id: Name
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: int
    media_type: str
    template: str = ""


class HomePlusRequested(Payload):
    """A payment request (or its retry) handed to the outbox, with the exact body that will be sent."""

    kind_name = "home_plus.requested"
    invoice_number: Name
    client_id: Name
    amount: Money
    request: dict[str, Any]  # InputDemandePaiement of the public contract
    attempt: int = 1

    def claims(self) -> Iterator[str]:
        if self.attempt == 1:
            yield f"home_plus:{self.invoice_number}"


class HomePlusStopped(Payload):
    """A request stopped by a control before sending: a local synchronisation that failed."""

    kind_name = "home_plus.request_stopped"
    invoice_number: Name
    client_id: Name
    amount: Money
    codes: tuple[str, ...]


class HomePlusStatusAccepted(Payload):
    kind_name = "home_plus.status_accepted"
    invoice_number: Name
    state: Name
    reason: Name


class PaymentRecorded(Payload):
    kind_name = "settlement.payment_recorded"
    payment_id: Name
    received_on: Day
    amount: Money
    emitter: Literal["client", "organisme", "home_plus", "emetteur_ts"]
    client_id: str | None = None
    payer_id: str | None = None
    method: str | None = None
    reference: str | None = None
    label: str | None = None


class Allocated(Payload):
    """One edge: this much of a payment (or of a credit note) settles that part of that invoice."""

    kind_name = "settlement.allocated"
    allocation_id: Name
    source: Literal["payment", "credit_note"]
    source_id: Name  # payment_id | number of the credit note or of the negative adjustment
    invoice_number: Name
    part: Literal["client", "payer"]
    payer_id: str | None = None
    bordereau_id: str | None = None
    amount: Money


class Unallocated(Payload):
    kind_name = "settlement.unallocated"
    allocation_id: Name
    reason: str = ""


PAYLOADS: dict[str, type[Payload]] = {
    model.kind_name: model
    for model in (
        InterventionValidated, ClientFieldSet, InvoiceCreated, InvoiceDeleted, InvoiceValidated,
        InvoiceSent, DocumentStored, HomePlusRequested, HomePlusStopped, HomePlusStatusAccepted,
        PaymentRecorded, Allocated, Unallocated,
    )
}  # fmt: skip

# A landing table each, whether or not it has events yet: dbt's sources must exist.
DOMAINS = (
    "activity", "clients", "billing", "documents", "home_plus", "settlement",
    "funding", "vouchers", "repairs", "attestations", "access",
)  # fmt: skip


def domain_of(kind: str) -> str:
    return kind.split(".", 1)[0]
