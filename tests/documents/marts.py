"""A tiny warehouse with the marts that documents read (docs/architecture.md), filled by keyword."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb

TABLES = """
create schema marts;
create table marts.invoices (
    invoice_id varchar, invoice_number varchar, kind varchar, origin varchar, replaces varchar,
    client_id varchar, payment_method varchar, period varchar, status varchar, issued_on date, due_on date,
    created_at timestamp,
    total_incl_vat decimal(12,2), total_excl_vat decimal(12,2), total_vat decimal(12,2),
    payer_total decimal(12,2), client_total decimal(12,2), is_home_plus_client boolean, client_name varchar,
    email varchar, document_sha256 varchar, delivery varchar);
create table marts.clients (
    client_id varchar, civility varchar, last_name varchar, first_name varchar, email varchar,
    address varchar, postal_code varchar, city varchar, country varchar, agency_id varchar);
create table marts.agencies (
    agency_id varchar, name varchar, siret varchar, nova_number varchar, vat_number varchar, address varchar,
    postal_code varchar, city varchar, country varchar, is_default boolean);
create table marts.payers (payer_id varchar, name varchar);
create table marts.invoice_controls (invoice_id varchar, code varchar, severity varchar);
create table marts.invoice_lines (
    invoice_id varchar, line_no bigint, source varchar, date date, label varchar, worker_id varchar,
    day_type varchar, minutes bigint, quantity decimal(12,2), unit varchar, rate decimal(12,2),
    amount decimal(12,2), excl_vat decimal(12,2), vat decimal(12,2), vat_rate decimal(12,4), covered boolean,
    care_plan_id varchar, payer_id varchar, payer_share decimal(12,2), client_share decimal(12,2),
    informative_payer_share decimal(12,2), is_adjustment boolean, reversed_invoice_id varchar,
    reversed_line_no bigint);
insert into marts.agencies values
    ('AG1', 'Domicile & Compagnie', '83293456700018', 'SAP832934567', 'FR12832934567', '12 rue des Lilas',
     '69003', 'Lyon', 'FR', true);
insert into marts.clients values
    ('C1', 'Mme', 'Lefèvre', 'Jeanne', 'jeanne@exemple.fr', '4 allée des Érables' || chr(10) || 'Bât. B',
     '69100', 'Villeurbanne', 'FR', null);
insert into marts.payers values ('P1', 'Département du Rhône');
"""
ZERO = Decimal("0.00")


class Marts:
    """Stands where console.warehouse.query.Warehouse stands."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(":memory:")
        self.connection.execute(TABLES)

    def rows(self, sql: str, params: Any = ()) -> list[dict[str, Any]]:
        cursor = self.connection.cursor().execute(sql, list(params))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def insert(self, table: str, **values: Any) -> None:
        marks = ", ".join("?" for _ in values)
        sql = f"insert into marts.{table} ({', '.join(values)}) values ({marks})"
        self.connection.execute(sql, list(values.values()))

    def invoice(self, invoice_id: str = "I1", number: str | None = "F2026-000001", **values: Any) -> None:
        """An invoice whose totals are the sums of the lines already inserted for it."""
        totals = self.rows(
            "select coalesce(sum(amount), 0) as total_incl_vat, coalesce(sum(excl_vat), 0) as total_excl_vat,"
            " coalesce(sum(vat), 0) as total_vat, coalesce(sum(payer_share), 0) as payer_total, "
            "coalesce(sum(client_share), 0) as client_total from marts.invoice_lines where invoice_id = ?",
            [invoice_id],
        )[0]
        row = {
            "invoice_id": invoice_id, "invoice_number": number, "kind": "main", "client_id": "C1",
            "payment_method": "cheque", "period": "2026-10", "status": "validee" if number else "brouillon",
            "issued_on": date(2026, 11, 3) if number else None,
            "due_on": date(2026, 12, 3) if number else None, "created_at": datetime(2026, 11, 2, 8, 30),
            "is_home_plus_client": False, "client_name": "Lefèvre Jeanne", "email": "jeanne@exemple.fr",
        }  # fmt: skip
        self.insert("invoices", **(row | totals | values))

    def line(self, invoice_id: str = "I1", line_no: int = 1, **values: Any) -> None:
        row = {
            "invoice_id": invoice_id, "line_no": line_no, "source": "intervention", "date": date(2026, 10, 5),
            "label": "Aide à domicile", "worker_id": "INT-014", "day_type": "weekday", "minutes": 150,
            "quantity": Decimal("2.50"), "unit": "hour", "rate": Decimal("24.00"), "amount": Decimal("60.00"),
            "excl_vat": Decimal("56.87"), "vat": Decimal("3.13"), "vat_rate": Decimal("0.0550"),
            "covered": False, "payer_share": ZERO, "client_share": Decimal("60.00"),
            "informative_payer_share": ZERO, "is_adjustment": False,
        }  # fmt: skip
        self.insert("invoice_lines", **(row | values))
