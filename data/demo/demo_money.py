"""Payments that come in, and the payer's list of Home+ clients (the sandbox's).

The amounts of the cheques are those of the October invoices of clients without a care plan, worked out here
from visits and contract (the files are written before any invoice exists); a test compares them with those of
Guichet.
"""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import demo_cases as cases
from demo_schedule import HOLIDAYS, Visit

CENT = Decimal("0.01")
# What the payer knows or does, client by client; the others are accepted and paid.
BEHAVIOURS = {
    5: "recovered", 6: "closed", 8: "slow", 9: "refuse:CONTEST_ERR_FACT", 10: "debit_refused",
    11: "no_answer", 12: "cancelled_by_client", 18: "refuse:ERR_FACTURE_DOUBLON",
    19: "refuse:ERREUR_TECHNIQUE", 20: "exchanges", 21: "unknown_status", 34: "refuse:REGUL_NB_QTE_FACT",
}  # fmt: skip
UNKNOWN = {13}  # not on the payer's list
OTHER_BIRTH_DATE = {14: "1941-02-28"}
OTHER_ACTIVATION = {17: "2026-10-20"}
OTHER_ACCOUNT = {15: "BLOQUE", 16: "MANDAT_ECHU"}


def plain_total(visits: list[Visit], contract: dict) -> str:
    """October of a client without plan, item or night: each visit at its day's price, rounded to the cent."""
    total = Decimal(0)
    for visit in visits:
        day = visit.start.date()
        special = "sunday_holiday_price" if day in HOLIDAYS or day.weekday() == 6 else "saturday_price"
        price = contract[special] if special != "saturday_price" or day.weekday() == 5 else None
        rate = Decimal(price or contract["unit_price"])
        total += (visit.minutes * rate / 60).quantize(CENT, ROUND_HALF_UP)
    return str(total)


def payments(october: list[Visit], contracts: list[dict]) -> list[dict]:
    """Cheques and transfers of November: exact, in part, too much, and one of a payer."""
    first: dict[str, dict] = {}
    for contract in contracts:
        first.setdefault(contract["client_id"], contract)

    def total(number: int) -> Decimal:
        mine = [visit for visit in october if visit.client == number]
        return Decimal(plain_total(mine, first[f"C{number:03d}"]))

    def row(number: str, day: str, amount: Decimal, client: int, method: str, reference: str) -> dict:
        return {
            "payment_id": number, "received_on": day, "amount": str(amount), "emitter": "client",
            "client_id": f"C{client:03d}", "payer_id": None, "method": method, "reference": reference,
        }  # fmt: skip

    return [
        row("RG11001", "2026-11-09", total(55), 55, "cheque", "CHQ 7130041"),
        row("RG11002", "2026-11-10", Decimal("50.00"), 56, "cheque", "CHQ 2210877"),
        row("RG11003", "2026-11-10", total(58) + 10, 58, "virement", "VIR KAPPS"),
        row("RG11004", "2026-11-12", total(59), 59, "virement", "VIR KAPPS N"),
        row("RG11005", "2026-11-13", total(57), 57, "cheque", "CHQ 0094410"),
        {"payment_id": "RG11006", "received_on": "2026-11-17", "amount": "1500.00", "emitter": "organisme",
         "client_id": None, "payer_id": "APA67", "method": "virement", "reference": "APA OCTOBRE"},
    ]  # fmt: skip


def home_plus_responses() -> list[dict]:
    """A few statuses read on the payer's portal, which the polls did not see."""

    def row(number: int, code: str, at: str, label: str) -> dict:
        return {"invoice_number": f"F2026-{number:06d}", "status_code": code, "status_at": at,
                "status_label": label}  # fmt: skip

    return [
        row(1, "15", "03/11/2026 18:20", "Aides calculées"),
        row(2, "15", "03/11/2026 18:25", "Aides calculées"),
        row(3, "15", "03/11/2026 18:25", "Aides calculées"),
    ]


def write_sandbox_clients(path: Path, clients: list[dict]) -> None:
    """The payer's own list: docs/decisions/home-plus-sandbox.md."""
    entries = []
    for row in clients:
        number = int(row["client_id"][1:])
        if row["home_plus_id"] is None or number in UNKNOWN:
            continue
        entries.append({
            "idClient": row["home_plus_id"],
            "dateNaissance": OTHER_BIRTH_DATE.get(number, row["birth_date"]),
            "dateActivation": OTHER_ACTIVATION.get(number, row["home_plus_activated_on"]),
            "statut": OTHER_ACCOUNT.get(number, cases.ACCOUNT.get(number, "OK")),
            "comportement": BEHAVIOURS.get(number, "accept"),
        })  # fmt: skip
    lines = ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in entries)
    path.write_text('{"clients": [\n' + lines + "\n]}\n", encoding="utf-8")
