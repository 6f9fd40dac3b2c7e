"""From invoices to requests in the outbox: what the warehouse proposes, what the journal lets through.

Bodies stay the text that the warehouse made, so that every amount keeps its two decimals on its way.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from console.actions.registry import Context, Result
from console.journal.events import HomePlusStopped
from console.journal.store import NewEvent, Refusal

BATCH = 10
JUST_CHANGED = "la facture ou son client vient de changer ; recommencez quand les données sont à jour"


@dataclass(frozen=True)
class Candidate:
    """An invoice of a Home+ client as the warehouse shows it, with the body to send when it may be sent."""

    number: str
    invoice_id: str
    client_id: str
    amount: Decimal
    sent: bool
    eligible: bool
    reasons: str
    codes: tuple[str, ...]
    state: str
    label: str
    body: str | None

    @property
    def stream(self) -> str:
        return f"home_plus:{self.number}"


class Sending:
    """Collects what is to be sent, decides it in the journal at once, and leaves it to the outbox."""

    def __init__(self, ctx: Context, result: Result):
        self.ctx = ctx
        self.result = result
        self.changed_clients, self.credited = changed_since(ctx)
        self.asked: list[tuple[Candidate, int]] = []
        self.stopped: list[Candidate] = []

    def add(self, one: Candidate, attempt: int, named: bool) -> None:
        """Sorts an invoice: to send, stopped by a control, or left out with the reason."""
        if one.client_id in self.changed_clients or one.number in self.credited:
            self.result.skipped.append({"id": one.number, "reason": JUST_CHANGED})
        elif one.eligible and one.body:
            self.asked.append((one, attempt))
        elif one.eligible:
            self.result.skipped.append({"id": one.number, "reason": f"demande déjà faite ({one.label})"})
        elif not named:
            self.result.skipped.append({"id": one.number, "reason": one.reasons, "codes": list(one.codes)})
        else:
            self.result.failed.append({"id": one.number, "reason": one.reasons, "codes": list(one.codes)})
            if one.sent:
                self.stopped.append(one)

    def commit(self) -> None:
        """Events first; a job for those the journal took, ten by ten."""
        tx = self.ctx.tx
        tx.append([_stopped(one) for one in self.stopped])
        outcomes = tx.append([_requested(one, attempt) for one, attempt in self.asked])
        accepted: list[tuple[Candidate, int]] = []
        for (one, attempt), outcome in zip(self.asked, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                self.result.skipped.append({"id": one.number, "reason": outcome.reason})
            else:
                accepted.append((one, attempt))
        for start in range(0, len(accepted), BATCH):
            part = accepted[start : start + BATCH]
            job_id = tx.enqueue("home_plus.request", {"requests": [_entry(*pair) for pair in part]})
            self.result.done += [
                {"id": one.number, "client_id": one.client_id, "amount": _money(one.amount), "job_id": job_id}
                for one, _ in part
            ]
        total = sum((one.amount for one, _ in accepted), Decimal("0.00"))
        euros = f"{total:,.2f}".replace(",", " ").replace(".", ",")
        self.result.message = f"{len(accepted)} demande(s) en file d'envoi, pour {euros} €."


def candidates(ctx: Context, numbers: list[str] | None, period: str | None) -> dict[str, Candidate]:
    """Invoices of Home+ clients by number, in order; `numbers` (any of the period when both are given)."""
    rows = ctx.warehouse.rows(
        """
        select i.invoice_number, i.invoice_id, i.client_id, i.amount, i.status, i.eligible, i.reasons,
            i.codes, i.request_status, i.request_label, b.request
        from marts.home_plus_invoices i
        left join marts.home_plus_request_bodies b using (invoice_number)
        where (? or i.invoice_number in (select unnest(?::varchar[]))) and (? is null or i.period = ?)
        order by i.invoice_number
        """,
        [numbers is None, numbers or [], period, period],
    )
    return {
        row["invoice_number"]: Candidate(
            row["invoice_number"], row["invoice_id"], row["client_id"], row["amount"],
            row["status"] == "envoyee", row["eligible"], row["reasons"] or "",
            tuple(filter(None, (row["codes"] or "").split(","))), row["request_status"] or "a_envoyer",
            row["request_label"] or "À envoyer", row["request"],
        )
        for row in rows
    }  # fmt: skip


def changed_since(ctx: Context) -> tuple[set[str], set[str]]:
    """What the warehouse does not know yet: clients corrected and invoices credited since its run."""
    clients: set[str] = set()
    credited: set[str] = set()
    kinds = ["clients.field_set", "billing.invoice_created"]
    for event in ctx.tx.events_after(ctx.warehouse.info().seq, kinds):
        if event.kind == "clients.field_set":
            clients.add(event.data["client_id"])
        elif event.data["origin"]:
            credited.add(event.data["origin"])
    return clients, credited


def _requested(one: Candidate, attempt: int) -> NewEvent:
    """The body is put in as the text the warehouse made, so that its amounts keep their two decimals."""
    head = json.dumps(
        {"invoice_number": one.number, "client_id": one.client_id, "amount": _money(one.amount),
         "attempt": attempt},
        ensure_ascii=False, separators=(",", ":"),
    )  # fmt: skip
    return NewEvent(one.stream, "home_plus.requested", f'{head[:-1]},"request":{one.body}}}')


def _stopped(one: Candidate) -> NewEvent:
    payload = HomePlusStopped(
        invoice_number=one.number, client_id=one.client_id, amount=_money(one.amount), codes=one.codes
    )
    return NewEvent(one.stream, payload.kind_name, payload)


def _entry(one: Candidate, attempt: int) -> dict[str, Any]:
    return {
        "invoice_number": one.number, "client_id": one.client_id, "amount": _money(one.amount),
        "request": one.body, "attempt": attempt,
    }  # fmt: skip


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"
