"""A small published run for the console's tests: the tables that dbt's own contracts declare, a few dozen
rows.

No dbt here: the columns come from the contracts in the YAML files, so that a screen that asks for a column
nobody publishes fails its test.
"""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import yaml

from console.paths import DBT_PROJECT, Home
from console.warehouse import datasets, runs

CLIENTS = ["Mme Yvette Garnier", "M. Paul Lefèvre", "Mme Inès Caron", "M. Karim Benali", "Mme Odile Perrin"]
ERRORS = [
    ("HP_NAISSANCE", "Date de naissance manquante", "Compléter la fiche client", "agency", "fiche_client"),
    (
        "ERR_PARTICULIER_INCONNU",
        "Particulier inconnu de l'Urssaf",
        "Vérifier identifiant et date de naissance",
        "client",
        "fiche_client",
    ),
    (
        "HP_AVANT_ACTIVATION",
        "Intervention antérieure à l'activation",
        "Retirer la ligne ou refacturer hors Home+",
        "agency",
        "credit_notes.create",
    ),
    ("ERREUR_TECHNIQUE", "Service indisponible", "Relancer la synchronisation", "retry", "home_plus.poll"),
]
NOW = datetime(2026, 11, 21, 13, 32)


def contracts() -> dict[str, dict[str, str]]:
    """Published table -> column -> type, from every model under an enforced contract."""
    found: dict[str, dict[str, str]] = {}
    for path in DBT_PROJECT.glob("models/*/_*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models") or []:
            columns = {c["name"]: c["data_type"] for c in model.get("columns") or [] if "data_type" in c}
            if columns and (model.get("config") or {}).get("contract"):
                name = "home_plus_errors" if model["name"] == "home_plus_requests_in_error" else model["name"]
                found[name] = columns
    return found


def seeds() -> dict[str, list[str]]:
    return {
        path.stem: next(csv.reader(path.open(encoding="utf-8"))) for path in DBT_PROJECT.glob("seeds/*.csv")
    }


def _insert(db: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    columns = {
        name
        for (name,) in db.execute(
            "select column_name from duckdb_columns() where table_name = ?", [table]
        ).fetchall()
    }
    for row in rows:
        if "client_search" in columns:
            row = {
                **row,
                "client_search": str(row.get("client_name") or "")
                .lower()
                .replace("é", "e")
                .replace("è", "e"),
            }
        names = ", ".join(f'"{name}"' for name in row)
        db.execute(
            f"insert into marts.{table} ({names}) values ({', '.join('?' * len(row))})", list(row.values())
        )


def _line(number: int, invoice: dict[str, Any]) -> dict[str, Any]:
    amount = Decimal(invoice["total_incl_vat"]) / 2
    return {
        "line_no": number,
        "source": "intervention",
        "source_id": f"INT-{number}",
        "date": date(2026, 10, number + 3),
        "service_code": "MENAGE",
        "label": "Ménage",
        "day_type": "weekday" if number == 1 else "sunday_holiday",
        "minutes": 150,
        "quantity": Decimal("2.5"),
        "unit": "hour",
        "rate": Decimal("26.00"),
        "amount": amount,
        "excl_vat": amount,
        "vat": Decimal("0.00"),
        "vat_rate": Decimal("0.0550"),
        "covered": number == 1,
        "care_plan_id": "PLAN-7" if number == 1 else None,
        "pool": "main" if number == 1 else None,
        "plan_rate": Decimal("24.50"),
        "coverage_rate": Decimal("0.8000"),
        "payer_share": Decimal("10.00"),
        "client_share": amount - 10,
        "informative_payer_share": Decimal("0.00"),
        "is_adjustment": False,
        "client_id": invoice["client_id"],
        "period": invoice["period"],
    }


def _invoice(position: int, status: str) -> dict[str, Any]:
    amount = Decimal(6_000 + 1_337 * (position % 50)) / 100
    name = CLIENTS[position % len(CLIENTS)]
    issued = status in ("validee", "envoyee")
    return {
        "invoice_id": f"I{position:04}",
        "invoice_number": f"F2026-{1200 + position:06}" if issued else None,
        "kind": "main",
        "draft_id": f"D-C{position % 60:03}-202610-main",
        "client_id": f"C{position % 60:03}",
        "client_name": name,
        "payment_method": "virement" if position % 4 else "prelevement",
        "period": "2026-10",
        "status": status,
        "issued_on": date(2026, 11, 2) if issued else None,
        "due_on": date(2026, 12, 2),
        "created_at": NOW - timedelta(days=19),
        "sent_at": NOW - timedelta(days=12) if status == "envoyee" else None,
        "delivery": "mail" if position % 3 else "courrier",
        "is_home_plus_client": position % 2 == 0,
        "total_incl_vat": amount,
        "total_excl_vat": amount - 3,
        "total_vat": Decimal("3.00"),
        "payer_total": Decimal("20.00"),
        "client_total": amount - 20,
        "client_paid": Decimal("0.00"),
        "payer_paid": Decimal("0.00"),
        "client_due": amount - 20,
        "payer_due": Decimal("20.00"),
        "client_payment_state": "a_regler" if position % 5 else "partiel",
        "payer_payment_state": "a_regler",
        "home_plus_status": "integree" if position % 6 == 0 and issued else None,
    }


def _home_plus_error(position: int) -> dict[str, Any]:
    invoice = _invoice(position, "envoyee")
    code, reason, remedy, who, action = ERRORS[position % len(ERRORS)]
    return {
        "invoice_number": invoice["invoice_number"],
        "client_id": invoice["client_id"],
        "client_name": invoice["client_name"],
        "period": "2026-10",
        "amount": invoice["total_incl_vat"],
        "error_code": code,
        "reason": reason,
        "remedy": remedy,
        "fixable_by": who,
        "action": action,
        "since": NOW - timedelta(days=position % 23, hours=position),
        "tries": 1 + position % 4,
        "message": reason,
        "codes": code,
        "status": "en_erreur",
        "status_label": "En erreur",
        "colour": "red",
    }


def _fill(db: duckdb.DuckDBPyConnection) -> None:
    issued = [_invoice(position, "envoyee" if position % 3 else "validee") for position in range(130)]
    drafts = [_invoice(position, "brouillon") for position in range(200, 212)]
    _insert(db, "invoices", issued + drafts)
    for invoice in issued[:40] + drafts:
        _insert(
            db, "invoice_lines", [{**_line(n, invoice), "invoice_id": invoice["invoice_id"]} for n in (1, 2)]
        )
    simulated = [
        {
            "draft_id": f"D-C{n:03}-202611-main",
            "kind": "main",
            "client_id": f"C{n:03}",
            "client_name": CLIENTS[n % len(CLIENTS)],
            "period": "2026-11",
            "total_incl_vat": Decimal("130.00"),
            "total_excl_vat": Decimal("123.22"),
            "total_vat": Decimal("6.78"),
            "payer_total": Decimal("20.00"),
            "client_total": Decimal("110.00"),
            "line_count": 2,
            "blocking_controls": int(n == 3),
            "payment_method": "virement",
        }
        for n in range(20)
    ]
    _insert(db, "draft_invoices", simulated)
    for draft in simulated[:5]:
        _insert(
            db, "draft_invoice_lines", [{**_line(n, draft), "draft_id": draft["draft_id"]} for n in (1, 2)]
        )
    _insert(
        db,
        "invoice_controls",
        [
            {
                "control_id": f"K{n}",
                "subject_type": "draft",
                "draft_id": f"D-C{n:03}-202611-main",
                "client_id": f"C{n:03}",
                "client_name": CLIENTS[n % 5],
                "period": "2026-11",
                "code": "TARIF_MANQUANT" if n == 3 else "EMAIL_MANQUANT",
                "severity": "bloquant" if n == 3 else "alerte",
                "message": "Intervention du 04/11/2026 sans tarif.",
                "remedy": "Créer le contrat du client.",
            }
            for n in range(6)
        ],
    )
    _insert(db, "home_plus_errors", [_home_plus_error(position) for position in range(38)])
    _insert(
        db,
        "interventions",
        [
            {
                "intervention_id": f"INT-{n:04}",
                "client_id": f"C{n % 60:03}",
                "client_name": CLIENTS[n % 5],
                "worker_id": f"W{n % 12:02}",
                "service_code": "MENAGE",
                "service_label": "Ménage",
                "starts_at": NOW - timedelta(days=n % 40),
                "ends_at": NOW - timedelta(days=n % 40) + timedelta(hours=2),
                "date": (NOW - timedelta(days=n % 40)).date(),
                "period": "2026-11",
                "minutes": 120,
                "status": "realisee",
                "version": 1,
                "billing_state": "sans_validation",
            }
            for n in range(70)
        ],
    )
    _insert(
        db,
        "planning_gaps",
        [
            {
                "gap_id": "MANQUANTE:P1",
                "planning_id": "P1",
                "client_id": "C001",
                "client_name": CLIENTS[1],
                "worker_id": "W01",
                "date": date(2026, 11, 3),
                "code": "MANQUANTE",
                "planned_minutes": 90,
                "done_minutes": 0,
                "message": "Prévue à 09:00, aucune intervention reçue.",
                "period": "2026-11",
            }
        ],
    )
    _insert(
        db,
        "queue_counts",
        [
            {
                "queue": "interventions_a_valider",
                "rank": 10,
                "section": "Activité",
                "screen": "Interventions à valider",
                "label": "Interventions à valider",
                "items": 70,
                "oldest": NOW - timedelta(days=39),
            },
            {
                "queue": "brouillons",
                "rank": 50,
                "section": "Facturation",
                "screen": "Brouillons et contrôles",
                "label": "Brouillons et contrôles",
                "items": 12,
                "amount": Decimal("1234.56"),
                "oldest": NOW,
            },
            {
                "queue": "a_envoyer",
                "rank": 60,
                "section": "Facturation",
                "screen": "Toutes les factures",
                "label": "Factures validées à envoyer",
                "items": 44,
                "amount": Decimal("9876.54"),
                "oldest": NOW,
            },
            {
                "queue": "home_plus_erreurs",
                "rank": 100,
                "section": "Home+",
                "screen": "Erreurs HOME+",
                "label": "Erreurs HOME+",
                "items": 38,
                "amount": Decimal("16713.91"),
                "oldest": NOW - timedelta(days=22),
            },
        ],
    )
    stages = ["Planifiées", "Réalisées", "Validées", "Facturées", "Envoyées", "Demandées à Home+", "Réglées"]
    _insert(
        db,
        "month_progress",
        [
            {
                "progress_id": f"{period}:{rank}",
                "period": period,
                "rank": rank,
                "stage": stage,
                "items": 400 - rank * 40,
                "base": 400,
                "amount": Decimal("0.00") if rank < 4 else Decimal("12345.60"),
            }
            for period in ("2026-10", "2026-11")
            for rank, stage in enumerate(stages, start=1)
        ],
    )
    _insert(
        db,
        "rejected_rows",
        [
            {
                "reject_id": "1:4",
                "batch_id": 1,
                "source": "interventions",
                "file_name": "interventions.csv",
                "row_no": 4,
                "key": "INT-9",
                "raw": '{"id": "INT-9", "debut": "31/02/2026"}',
                "errors": '[{"column": "debut", "value": "31/02/2026", "message": "date inconnue"}]',
                "reasons": "date inconnue",
                "loaded_at": NOW,
            }
        ],
    )


def publish(home: Home, run_id: str = "20261121T133200-00001", seq: int = 0, response_seq: int = 0) -> str:
    """Makes the run and puts it in service."""
    home.create()
    folder = home.runs / run_id
    folder.mkdir(parents=True)
    path = folder / "warehouse.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute("create schema marts; create schema seeds")
        for table, columns in contracts().items():
            listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            db.execute(f"create table marts.{table} ({listed})")
        for name in seeds():
            db.execute(
                f"create table seeds.{name} as select * from read_csv(?, all_varchar = true)",
                [str(DBT_PROJECT / "seeds" / f"{name}.csv")],
            )
        _fill(db)
    datasets.write(path, {})
    now = datetime.now(UTC)
    runs.publish(
        home,
        runs.RunRecord(
            run_id=run_id,
            kind="full",
            trigger="essai",
            as_of="2026-11-21 13:32:00",
            seq=seq,
            response_seq=response_seq,
            journal_hash="",
            fingerprint="",
            marks={},
            started_at=runs.utc(now),
            finished_at=runs.utc(now),
            landing_stat=[],
        ),
    )
    return run_id


def home_at(path: Path) -> Home:
    return Home(path).create()
