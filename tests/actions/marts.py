"""A warehouse of a few rows: the marts that actions read, with their columns and types, in memory."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from console.journal.events import LINE_COLUMNS

MONEY = "decimal(12, 2)"
TYPES = {
    "line_no": "integer",
    "source_version": "integer",
    "minutes": "integer",
    "reversed_line_no": "integer",
    "date": "date",
    "quantity": "decimal(12, 4)",
    "vat_rate": "decimal(12, 4)",
    "coverage_rate": "decimal(12, 4)",
    "covered": "boolean",
    "is_adjustment": "boolean",
    "starts_at": "timestamp",
    "ends_at": "timestamp",
    **dict.fromkeys(
        (
            "rate",
            "amount",
            "excl_vat",
            "vat",
            "plan_rate",
            "payer_share",
            "client_share",
            "informative_payer_share",
        ),
        MONEY,
    ),
}
LINES = ", ".join(f'"{name}" {TYPES.get(name, "varchar")}' for name in LINE_COLUMNS)
SCHEMA = f"""
create schema marts;
create table marts.interventions(intervention_id varchar, status varchar, period varchar);
create table marts.draft_invoices(draft_id varchar, kind varchar, client_id varchar, period varchar,
    total_incl_vat {MONEY}, total_excl_vat {MONEY}, total_vat {MONEY}, payer_total {MONEY},
    client_total {MONEY}, line_count integer, blocking_controls integer default 0, payment_method varchar,
    replaces varchar);
create table marts.draft_invoice_lines(draft_id varchar, client_id varchar, period varchar, {LINES});
create table marts.invoice_controls(control_id varchar, subject_type varchar, draft_id varchar,
    invoice_id varchar, severity varchar, code varchar, message varchar);
create table marts.invoices(invoice_id varchar, invoice_number varchar, client_id varchar, period varchar,
    is_home_plus_client boolean, status varchar);
create table marts.clients(client_id varchar, client_name varchar, email varchar, address varchar,
    postal_code varchar, city varchar, invoice_delivery varchar, home_plus_id varchar);
create table marts.payments(payment_id varchar, received_on date, amount {MONEY}, emitter varchar,
    client_id varchar, payer_id varchar, status varchar);
create table marts.allocations(allocation_id varchar, source varchar, source_id varchar,
    invoice_number varchar, part varchar, payer_id varchar, bordereau_id varchar, amount {MONEY});
"""


@dataclass
class Info:
    seq: int


class FakeWarehouse:
    """Speaks like `console.warehouse.query.Warehouse`; `seq` is what it has seen of the journal."""

    def __init__(self, seq: int = 0):
        self.connection = duckdb.connect(":memory:")
        self.connection.execute(SCHEMA)
        self.seq = seq
        self.run_id: str | None = "essai"

    def info(self) -> Info:
        return Info(self.seq)

    def rows(self, sql: str, params: Any = ()) -> list[dict[str, Any]]:
        cursor = self.connection.cursor().execute(sql, params)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def arrow(self, sql: str, params: Any = ()) -> Any:
        return self.connection.cursor().execute(sql, params).to_arrow_table()

    def value(self, sql: str, params: Any = ()) -> Any:
        row = self.connection.cursor().execute(sql, params).fetchone()
        return row[0] if row else None

    def put(self, table: str, **values: Any) -> None:
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" for _ in values)
        self.connection.execute(
            f"insert into marts.{table} ({names}) values ({marks})", list(values.values())
        )

    def client(self, client_id: str, **values: Any) -> None:
        self.put(
            "clients",
            **{
                "client_id": client_id,
                "client_name": f"Mme {client_id}",
                "email": f"{client_id.lower()}@exemple.fr",
                "address": "1 rue des Lilas",
                "postal_code": "67000",
                "city": "Strasbourg",
                "invoice_delivery": "mail",
                **values,
            },
        )

    def draft(
        self,
        client_id: str,
        amounts: list[str],
        *,
        kind: str = "main",
        period: str = "2026-10",
        payer_shares: list[str] | None = None,
        suffix: str = "main",
        replaces: str | None = None,
        version: int = 1,
    ) -> str:
        """A draft of one intervention a line, named I-<client>-<n>; VAT is a tenth, to keep figures plain."""
        draft_id = f"D-{client_id}-{period.replace('-', '')}-{suffix}"
        shares = [Decimal(one) for one in payer_shares or ["0.00"] * len(amounts)]
        parts = [Decimal(one) for one in amounts]
        vats = [(one / 11).quantize(Decimal("0.01")) for one in parts]
        for no, (amount, share, vat) in enumerate(zip(parts, shares, vats, strict=True), 1):
            self.put(
                "draft_invoice_lines",
                draft_id=draft_id,
                client_id=client_id,
                period=period,
                line_no=no,
                source="intervention",
                source_id=f"I-{client_id}-{no}",
                source_version=version,
                date=f"{period}-{no:02}",
                service_code="MENAGE",
                label='Ménage « à domicile » "net"',
                worker_id="W1",
                day_type="weekday",
                minutes=120,
                quantity="2.0000",
                unit="hour",
                rate=amount / 2,
                amount=amount,
                excl_vat=amount - vat,
                vat=vat,
                vat_rate="0.1000",
                covered=share != 0,
                payer_share=share,
                payer_id="P1" if share else None,
                client_share=amount - share,
                informative_payer_share="0.00",
                is_adjustment=kind == "adj",
                service_kind="service",
                starts_at=f"{period}-{no:02} 08:00:00",
                ends_at=f"{period}-{no:02} 10:00:00",
            )
        total, vat = sum(parts, Decimal(0)), sum(vats, Decimal(0))
        self.put(
            "draft_invoices",
            draft_id=draft_id,
            kind=kind,
            client_id=client_id,
            period=period,
            total_incl_vat=total,
            total_excl_vat=total - vat,
            total_vat=vat,
            payer_total=sum(shares, Decimal(0)),
            client_total=total - sum(shares, Decimal(0)),
            line_count=len(parts),
            payment_method="virement",
            replaces=replaces,
        )
        return draft_id
