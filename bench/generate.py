"""Writes N interventions of one month with their clients, contracts and care plans, in the shape of the demo.

    python bench/generate.py 1000000 --out bench/out/data --seed 7

Five interventions a client; a third of the clients have a care plan (both billing modes, caps, surcharge,
Sunday caps empty, 0 and 2); one visit in a hundred is a night that crosses midnight. The CSV files are what a
planning tool exports (`;`, decimal comma, French headers and dates); `parquet/` holds the same rows typed,
with times in UTC, for handwritten.sql. Seeded: the same N and seed write the same files. All is drawn in
numpy and written by DuckDB: a row never becomes a Python object.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

MONTH = "2026-11"
DAYS = 30
SERVICES = """
    SELECT * FROM (VALUES
      ('MENAGE', 'Entretien de la maison', 'service', 'hour', 27.40, 10.0, '60'),
      ('AIDE_VIE', 'Aide à la personne dépendante', 'service', 'hour', 29.90, 5.5, '30'),
      ('JARDIN', 'Petits travaux de jardinage', 'service', 'hour', 36.50, 20.0, '140')
    ) t(service_code, label, kind, unit, unit_price, vat_rate, home_plus_nature)"""
PAYERS = """
    SELECT * FROM (VALUES
      ('APA67', 'Collectivité du Rhin, service APA', 'departement', 'globale', 'non'),
      ('RETRAITE', 'Caisse de retraite Rhin et Vosges', 'retraite', 'individuelle', 'non'),
      ('MUTUELLE', 'Mutuelle des Trois Frontières', 'mutuelle', 'individuelle', 'non')
    ) t(payer_id, name, kind, billing_type, direct_to_client)"""
AGENCY = """
    SELECT 'STRAS' AS agency_id, 'Maison & Services Strasbourg' AS name, '91990005000015' AS siret,
           'SAP919900050' AS nova_number, '14 quai des Bateliers' AS address, '67000' AS postal_code,
           'Strasbourg' AS city, 'FR' AS country, 'alsace-moselle' AS holiday_region"""

# Every draw is one integer column of `drawn_clients` or `drawn_visits`; SQL gives them their meaning.
CLIENTS = """
    SELECT format('C{:07d}', n) AS client_id, CASE n % 2 WHEN 0 THEN 'Mme' ELSE 'M' END AS civility,
           'Nom' || (n % 4001) AS last_name, 'Prénom' || (n % 211) AS first_name,
           date '1930-01-01' + born::INTEGER AS birth_date, format('client{}@courriel.example', n) AS email,
           (n % 120 + 1) || ' rue des Tilleuls' AS address, '67000' AS postal_code, 'Strasbourg' AS city,
           CASE WHEN n % 3 = 1 THEN 'virement' WHEN n % 2 = 0 THEN 'prelevement' ELSE 'cheque' END
             AS payment_method,
           CASE WHEN n % 11 = 0 THEN 'courrier' ELSE 'mail' END AS invoice_delivery,
           CASE WHEN n % 3 = 1 THEN format('1100000{:07d}', n) END AS home_plus_id,
           CASE WHEN n % 3 = 1 THEN date '2025-06-01' + (born % 400)::INTEGER END AS home_plus_activated_on,
           CASE WHEN n % 3 = 1 THEN 'OK' END AS home_plus_status, 'STRAS' AS agency_id
    FROM drawn_clients"""
CONTRACTS = """
    WITH hours AS (
      SELECT n, CASE WHEN n % 5 < 3 THEN 'MENAGE' ELSE 'AIDE_VIE' END AS service_code, price
      FROM drawn_clients
      UNION ALL
      SELECT n, 'JARDIN', price + 900 FROM drawn_clients WHERE n % 10 = 0)
    SELECT format('CT{:07d}{}', n, left(service_code, 1)) AS contract_id, format('C{:07d}', n) AS client_id,
           service_code, (price / 100)::DECIMAL(12,2) AS unit_price,
           CASE WHEN n % 3 = 2 THEN ((price + 150) / 100)::DECIMAL(12,2) END AS saturday_price,
           CASE WHEN n % 2 = 0 THEN ((price + 655) / 100)::DECIMAL(12,2) END AS sunday_holiday_price,
           date '2026-01-01' AS valid_from, NULL::DATE AS valid_to
    FROM hours"""
CARE_PLANS = """
    SELECT format('PA{:07d}', n) AS care_plan_id, ['APA67', 'RETRAITE', 'MUTUELLE'][1 + kind % 3] AS payer_id,
           format('C{:07d}', n) AS client_id,
           CASE WHEN n % 5 < 3 THEN 'MENAGE' ELSE 'AIDE_VIE' END AS service_code,
           date '2026-01-01' AS valid_from, CASE WHEN kind % 17 = 0 THEN date '2026-11-18' END AS valid_to,
           1 AS rank, ((price - 210) / 100)::DECIMAL(12,2) AS base_rate,
           CASE WHEN kind % 4 = 1 THEN ((price - 60) / 100)::DECIMAL(12,2) END AS saturday_rate,
           CASE WHEN kind % 2 = 0 THEN ((price + 390) / 100)::DECIMAL(12,2) END AS sunday_holiday_rate,
           (coverage / 100)::DECIMAL(12,2) AS coverage_rate,
           [NULL, 3, 5, 7.5, 10, 20][1 + kind % 6]::DECIMAL(12,2) AS monthly_hours_cap,
           CASE WHEN kind % 2 = 0 THEN 'oui' ELSE 'non' END AS surcharge,
           CASE WHEN kind % 2 = 0 THEN 90::DECIMAL(12,2) END AS sunday_holiday_coverage_rate,
           [NULL, 0, 2][1 + kind % 3]::DECIMAL(12,2) AS sunday_holiday_hours_cap,
           CASE WHEN kind % 5 < 3 THEN 'tarif_pec' ELSE 'tarif_prestation' END AS billing_mode,
           format('D-{:07d}', n) AS file_number,
           CASE WHEN kind % 20 = 7 THEN 'brouillon' ELSE 'valide' END AS status
    FROM drawn_clients WHERE n % 3 = 0"""
INTERVENTIONS = """
    WITH visits AS (
      SELECT i, i % {clients} AS n, worker, night,
             timestamp '2026-11-01' + to_days(CASE WHEN night = 0 THEN day % 29 ELSE day END::INTEGER)
               + to_minutes(CASE WHEN night = 0 THEN 1260 + quarter % 7 * 15 ELSE 420 + quarter * 15 END)
               AS local,
             CASE WHEN night = 0 THEN 540 ELSE 45 + five * 5 END AS minutes
      FROM drawn_visits)
    SELECT format('IN{{:08d}}', i) AS intervention_id, format('C{{:07d}}', n) AS client_id,
           format('W{{:05d}}', worker) AS worker_id,
           CASE WHEN n % 10 = 0 AND i // {clients} = 4 THEN 'JARDIN'
                WHEN n % 5 < 3 THEN 'MENAGE' ELSE 'AIDE_VIE' END AS service_code,
           local AS starts_at, local + to_minutes(minutes) AS ends_at, 'validee' AS status
    FROM visits ORDER BY local, i"""

FRENCH = {
    "starts_at": "strftime(starts_at, '%d/%m/%Y %H:%M')",
    "ends_at": "strftime(ends_at, '%d/%m/%Y %H:%M')",
}
DATES = ("birth_date", "home_plus_activated_on", "valid_from", "valid_to")
HEADERS = {
    "agency_id": "Code agence", "client_id": "Code client", "service_code": "Code prestation",
    "intervention_id": "Code intervention", "worker_id": "Intervenant", "starts_at": "Début",
    "ends_at": "Fin", "status": "Statut", "contract_id": "Code contrat", "unit_price": "Prix unitaire",
    "valid_from": "Date de début", "valid_to": "Date de fin",
}  # fmt: skip


def draw(count: int, clients: int, seed: int) -> tuple[pa.Table, pa.Table]:
    """The random columns: one table of clients, one of visits."""
    rng = np.random.default_rng(seed)
    drawn_clients = pa.table(
        {
            "n": np.arange(clients),
            "born": rng.integers(0, 12000, clients),
            "price": rng.integers(2400, 3200, clients),  # cents
            "coverage": rng.integers(4000, 10001, clients),  # percent with two decimals
            "kind": rng.integers(0, 1020, clients),
        }
    )
    drawn_visits = pa.table(
        {
            "i": np.arange(count),
            "day": rng.integers(0, DAYS, count),
            "quarter": rng.integers(0, 49, count),
            "five": rng.integers(0, 28, count),
            "night": rng.integers(0, 100, count),
            "worker": rng.integers(0, max(1, clients // 5), count),
        }
    )
    return drawn_clients, drawn_visits


def french(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """The select that writes a table as a planning tool would: headers, dates and decimals of France."""
    parts = []
    for name, kind in connection.execute(
        f"SELECT column_name, column_type FROM (DESCRIBE {table})"
    ).fetchall():
        value = FRENCH.get(name, name)
        if name in DATES:
            value = f"strftime({name}, '%d/%m/%Y')"
        elif kind.startswith("DECIMAL"):
            value = f"replace({name}::VARCHAR, '.', ',')"
        parts.append(f'{value} AS "{HEADERS.get(name, name)}"')
    return f"SELECT {', '.join(parts)} FROM {table}"


def generate(count: int, out: Path, seed: int = 7) -> dict[str, int]:
    """Writes the files of `count` interventions under `out`; returns the number of rows of each source."""
    clients = max(1, count // 5)
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = true")
    drawn_clients, drawn_visits = draw(count, clients, seed)
    connection.register("drawn_clients", drawn_clients)
    connection.register("drawn_visits", drawn_visits)
    selects = {
        "agencies": AGENCY, "services": SERVICES, "payers": PAYERS, "clients": CLIENTS,
        "contracts": CONTRACTS, "care_plans": CARE_PLANS,
        "interventions": INTERVENTIONS.format(clients=clients),
    }  # fmt: skip
    (out / "parquet").mkdir(parents=True, exist_ok=True)
    counts = {}
    for source, select in selects.items():
        connection.execute(f"CREATE TABLE {source} AS {select}")
        name = f"{source}_{MONTH}.csv" if source == "interventions" else f"{source}.csv"
        copy = f"COPY ({french(connection, source)}) TO '{out / name}' (HEADER, DELIMITER ';')"
        connection.execute(copy)
        connection.execute(f"COPY ({typed(source)}) TO '{out / 'parquet' / source}.parquet' (FORMAT parquet)")
        counts[source] = connection.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0]
    return counts


def typed(source: str) -> str:
    """The select of the Parquet twin: times in UTC, rates as fractions."""
    if source == "interventions":
        return (
            "SELECT * REPLACE (starts_at AT TIME ZONE 'Europe/Paris' AT TIME ZONE 'UTC' AS starts_at, "
            "ends_at AT TIME ZONE 'Europe/Paris' AT TIME ZONE 'UTC' AS ends_at) FROM interventions"
        )
    if source == "services":
        return "SELECT * REPLACE ((vat_rate * 0.01)::DECIMAL(12,4) AS vat_rate) FROM services"
    if source == "care_plans":
        return (
            "SELECT * REPLACE ((coverage_rate * 0.01)::DECIMAL(12,4) AS coverage_rate, "
            "(sunday_holiday_coverage_rate * 0.01)::DECIMAL(12,4) AS sunday_holiday_coverage_rate, "
            "surcharge = 'oui' AS surcharge) FROM care_plans"
        )
    return f"SELECT * FROM {source}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Interventions d'essai, en CSV et en Parquet.")
    parser.add_argument("count", type=int, metavar="N", help="nombre d'interventions")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "data")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    for source, rows in generate(options.count, options.out, options.seed).items():
        print(f"{source}: {rows} lignes")


if __name__ == "__main__":
    main()
