"""A small agency for tests of the models: rows go straight into landing in canonical text (what loaders leave there),
decisions into the journal, and the real pipeline computes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from console.actions.registry import Context, Result, run_action
from console.journal.store import Journal
from console.settings import Settings, load_settings
from console.warehouse import pipeline
from console.warehouse.query import Warehouse
from loaders.contracts import SOURCES
from loaders.landing import open_landing

PARIS = ZoneInfo("Europe/Paris")


def utc(local: str) -> str:
    """Local time of Paris ("2026-11-02 08:00") as landing's UTC text."""
    moment = datetime.fromisoformat(local).replace(tzinfo=PARIS).astimezone(UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


class Agency:
    """`add` rows (one call = one row of the next batch), `run`, look at `rows`, `do` actions."""

    def __init__(self, home: Path, as_of: str = "2026-12-15T12:00", **settings: Any):
        self.settings: Settings = load_settings(home=home, as_of=as_of, **settings)
        self.settings.paths.create()
        self.journal = Journal.open(self.settings)
        self.warehouse = Warehouse.open(self.settings.paths)
        self._pending: list[tuple[str, dict[str, Any]]] = []
        self._batch = 0
        self._keys = 0
        self.add("agencies", agency_id="A1", name="Agence du Centre", siret="73282932000074", country="FR")
        self.add(
            "services", service_code="AVS", label="Aide à la vie", kind="service", unit="hour", vat_rate="0.0550",
            home_plus_nature="ENF",
        )  # fmt: skip
        self.add("payers", payer_id="P1", name="Département", billing_type="individuelle")

    def add(self, source: str, **row: Any) -> None:
        self._pending.append((source, row))

    def client(self, client_id: str, price: str = "26.00", **more: Any) -> str:
        """A client with a contract for AVS (Sunday and holiday 32,50)."""
        row = {
            "payment_method": "cheque",
            "invoice_delivery": "mail",
            "email": f"{client_id}@exemple.fr",
            **more,
        }
        self.add("clients", client_id=client_id, last_name=client_id, **row)
        self.add(
            "contracts", contract_id=f"K-{client_id}", client_id=client_id, service_code="AVS", unit_price=price,
            sunday_holiday_price="32.50", valid_from="2026-01-01",
        )  # fmt: skip
        return client_id

    def plan(self, client_id: str, plan_id: str | None = None, **values: Any) -> None:
        row = {
            "payer_id": "P1", "service_code": "AVS", "valid_from": "2026-01-01", "rank": "1", "base_rate": "24.00",
            "coverage_rate": "0.8000", "monthly_hours_cap": "20", "surcharge": "true",
            "sunday_holiday_rate": "30.00", "sunday_holiday_coverage_rate": "0.9000", "billing_mode": "tarif_pec",
            "status": "valide",
        }  # fmt: skip
        self.add(
            "care_plans",
            **{**row, "care_plan_id": plan_id or f"CP-{client_id}", "client_id": client_id, **values},
        )

    def visit(self, visit_id: str, client_id: str, starts: str, ends: str, **more: Any) -> None:
        self.add(
            "interventions",
            **{
                "intervention_id": visit_id, "client_id": client_id, "worker_id": "W1", "service_code": "AVS",
                "starts_at": utc(starts), "ends_at": utc(ends), "status": "validee", **more,
            },
        )  # fmt: skip

    def land(self) -> None:
        """The pending rows as one batch."""
        if not self._pending:
            return
        self._batch += 1
        landing = open_landing(self.settings.paths.landing)
        landing.execute(
            "INSERT INTO raw.load_batches (batch_id, source, file_name, loaded_at, status, journal_seq, response_seq) "
            "VALUES (?, 'test', 'test.csv', ?, 'charge', ?, ?)",
            [
                self._batch,
                self.settings.now().replace(tzinfo=None),
                self.journal.last_seq(),
                self.journal.last_response_seq(),
            ],
        )
        for number, (source, row) in enumerate(self._pending):
            contract = SOURCES[source]
            key = "|".join(str(row[part]) for part in contract.key)
            full = {**row, "_key": key, "_hash": str(number), "_batch": self._batch, "_row": number + 1}
            landing.execute(
                f"INSERT INTO raw.{source} ({', '.join(full)}) VALUES ({', '.join('?' * len(full))})",
                list(full.values()),
            )
        landing.close()
        self._pending = []

    def run(self, full: bool = True) -> None:
        self.land()
        report = pipeline.run(self.settings) if full else pipeline.refresh(self.settings)
        assert report.ok, report.failures

    def rows(self, sql: str, *params: Any) -> list[dict[str, Any]]:
        return self.warehouse.rows(sql, params)

    def do(self, action: str, **params: Any) -> Result:
        """The action, then a refresh."""
        import console.actions  # noqa: F401  (registers every action)

        self._keys += 1
        context = Context(self.settings, self.journal, self.warehouse, actor="test")
        result = run_action(action, params, context, key=f"test-{self._keys}")
        self.run(full=False)
        return result

    def lines(self, client_id: str) -> list[tuple]:
        """(date, minutes, day_type, covered, plan, pool, rate, amount, payer, client) of a client's draft lines."""
        found = self.rows(
            "SELECT date::varchar AS date, minutes, day_type, covered, care_plan_id, pool, rate, amount, payer_share, "
            "client_share FROM marts.draft_invoice_lines WHERE client_id = ? ORDER BY draft_id, line_no",
            client_id,
        )
        return [tuple(str(v) if i >= 6 else v for i, v in enumerate(row.values())) for row in found]

    def close(self) -> None:
        self.warehouse.close()
        self.journal.close()
