"""Writes the files of the demo agency, as a planning tool would export them.

Run by whoever changes the demo (`python data/demo/make_demo.py`), never at demo time: the files are
committed. Seeded: the same version of this file writes the same files. Which client shows what: README.md.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import demo_cases as cases
from demo_export import write_csv, write_xlsx
from demo_money import home_plus_responses, payments, write_sandbox_clients
from demo_names import PEOPLE, STREETS, TOWNS, fold, iban, siret
from demo_schedule import Visit, done, plannings, service_of, weekly_slots

HERE = Path(__file__).resolve().parent


def client_code(number: int) -> str:
    return f"C{number:03d}"


def people(rng: Random) -> list[dict]:
    """The 60 clients; those whose account is watched follow demo_cases."""
    rows = []
    for number, name in enumerate(PEOPLE, start=1):
        civility, rest = name.split(" ", 1)
        last = (
            rest.rsplit(" ", 1)[1]
            if "Da Silva" not in rest and "Nguyen" not in rest
            else rest.split(" ", 1)[1]
        )
        last = "Nguyen" if "Nguyen" in rest else last
        first = rest[: -len(last)].strip()
        postal_code, city = rng.choice(TOWNS)
        home_plus = number in cases.HOME_PLUS
        born = date(1932, 1, 1) + timedelta(days=rng.randrange(11000))
        method = cases.PAYMENT_METHODS.get(
            number, "virement" if home_plus else cases.OTHERS_PAY[number % len(cases.OTHERS_PAY)]
        )
        debit = method == "prelevement"
        activated = date(2025, 1, 6) + timedelta(days=rng.randrange(480))
        rows.append({
            "client_id": client_code(number), "civility": civility, "last_name": last, "first_name": first,
            "birth_date": None if number in cases.NO_BIRTH_DATE else born.isoformat(),
            "birth_place_code": "67482" if number % 3 else "68224",
            "email": None if number in cases.NO_EMAIL or number in cases.BY_POST
            else f"{fold(first)}.{fold(last)}@courriel.example",
            "phone": ("063998" if number % 4 else "035301") + f"{rng.randrange(10000):04d}",
            "address": f"{rng.randrange(1, 120)} {rng.choice(STREETS)}", "postal_code": postal_code,
            "city": city, "country": "FR", "payment_method": method,
            "invoice_delivery": "courrier" if number in cases.BY_POST else "mail",
            "home_plus_id": f"1100000{number:07d}" if home_plus else None,
            "home_plus_activated_on": cases.ACTIVATED.get(number, str(activated)) if home_plus else None,
            "home_plus_status": cases.ACCOUNT.get(number, "OK") if home_plus else None,
            "iban": iban(20260000 + number) if debit or home_plus else None,
            "bic": "DEMOFRPPXXX" if debit or home_plus else None,
            "mandate_reference": f"RUM-{number:05d}" if debit else None,
            "mandate_signed_on": "2025-09-01" if debit else None,
            "agency_id": "STRAS",
        })  # fmt: skip
        if number in cases.NO_HOME_PLUS_ID:  # the account is said to be active, its identifier is missing
            rows[-1] |= {"home_plus_activated_on": "2026-09-01", "home_plus_status": "OK"}
        if number in cases.NO_ADDRESS:
            rows[-1] |= dict.fromkeys(("address", "postal_code", "city"))
    return rows


def contracts() -> list[dict]:
    """One contract a client and service; prices differ a little from one client to the next."""
    catalogue = {row["service_code"]: row["unit_price"] for row in cases.SERVICES}
    rows: list[dict] = []

    def add(number: int, service: str, price: str, since: str = "2026-01-01", until: str | None = None,
            saturday: str | None = None, sunday: str | None = None) -> None:  # fmt: skip
        rows.append({
            "contract_id": f"CT{len(rows) + 1:04d}", "client_id": client_code(number),
            "service_code": service, "unit_price": price, "saturday_price": saturday,
            "sunday_holiday_price": sunday, "valid_from": since, "valid_to": until,
        })  # fmt: skip

    for number in range(1, 61):
        service = service_of(number)
        cents = int(catalogue[service].replace(".", "")) + 5 * (number % 7) - 10
        price = f"{cents // 100}.{cents % 100:02d}"
        dearer = cents * 125 // 100
        sunday = f"{dearer // 100}.{dearer % 100:02d}" if number in cases.CARE or number % 5 == 0 else None
        saturday = f"{(cents + 150) // 100}.{(cents + 150) % 100:02d}" if number % 4 == 1 else None
        until = "2026-10-31" if number == 58 else None
        add(number, service, price, until=until, saturday=saturday, sunday=sunday)
    add(56, "MENAGE", "28.30", since="2026-11-01")  # two at once: CONTRATS_MULTIPLES
    add(58, "MENAGE", "0.00", since="2026-11-01")  # a month offered: TOTAL_NUL
    add(30, "REPAS", "28.10")
    add(31, "MENAGE", "27.40")
    return rows


def plans(rows: list[tuple], first: int) -> list[dict]:
    result = []
    for place, (number, payer, service, since, until, rank, status, given) in enumerate(rows, start=first):
        values = given or dict.fromkeys(cases.PLAN_VALUES, "défaut" if place % 2 else "defaut")
        result.append({
            "care_plan_id": f"PA{place:03d}", "payer_id": payer, "client_id": client_code(number),
            "service_code": service, "valid_from": since, "valid_to": until, "rank": rank, **values,
            "file_number": f"{payer[:3]}-2026-{number:04d}", "status": status,
        })  # fmt: skip
    return result


PLAN_COLUMNS = [
    "care_plan_id", "payer_id", "client_id", "service_code", "valid_from", "valid_to", "rank",
    *cases.PLAN_VALUES, "file_number", "status",
]  # fmt: skip
PLANNING_COLUMNS = ["planning_id", "client_id", "worker_id", "service_code", "starts_at", "ends_at"]
INTERVENTION_COLUMNS = [
    "intervention_id", "planning_id", "client_id", "worker_id", "service_code", "starts_at", "ends_at",
    "status", "comment",
]  # fmt: skip
PAYMENT_COLUMNS = [
    "payment_id", "received_on", "amount", "emitter", "client_id", "payer_id", "method", "reference",
]  # fmt: skip
ITEM_COLUMNS = ["item_id", "client_id", "service_code", "date", "quantity", "unit_price", "label"]


def planning_row(v: Visit) -> dict:
    return {
        "planning_id": v.id, "client_id": client_code(v.client), "worker_id": v.worker,
        "service_code": v.service, "starts_at": v.start, "ends_at": v.end,
    }  # fmt: skip


def intervention_row(v: Visit) -> dict:
    return planning_row(v) | {
        "intervention_id": v.id, "planning_id": v.planning_id, "status": v.status, "comment": v.comment,
    }  # fmt: skip


def item(number: str, client: int, service: str, day: str, quantity: str, price: str | None = None,
         label: str | None = None) -> dict:  # fmt: skip
    return {
        "item_id": number, "client_id": client_code(client), "service_code": service, "date": day,
        "quantity": quantity, "unit_price": price, "label": label,
    }  # fmt: skip


def october_cases(visits: list[Visit]) -> list[Visit]:
    """Two nights of October: the one of the clock change, the one that ends on All Saints' Day."""
    return [replace(v, comment="Passage à l'heure d'hiver") if v.client == 54 and v.start.day == 24 else v
            for v in visits]  # fmt: skip


def of(visits: list[Visit], client: int, rank: int = 0) -> Visit:
    """The (rank + 1)th visit of a client."""
    return [v for v in visits if v.client == client][rank]


def late_october(visits: list[Visit]) -> list[Visit]:
    """What came in November about October, already billed: changed, cancelled, forgotten."""
    changed = of(visits, 35, 1)
    longer = of(visits, 60, 2)
    forgotten = of(visits, 37, 0)
    return [
        replace(changed.lasting(changed.minutes - 45), status="validée", comment="Départ anticipé"),
        replace(of(visits, 36, 2), status="annulée", comment="Client hospitalisé"),
        replace(longer.lasting(longer.minutes + 30), status="validée", comment="Prolongée"),
        replace(forgotten, id="IN10L001", planning_id=None, status="validée",
                start=datetime(2026, 10, 31, 14, 0), end=datetime(2026, 10, 31, 15, 30),
                comment="Feuille d'heures reçue en retard"),
    ]  # fmt: skip


def november_cases(visits: list[Visit]) -> list[Visit]:
    """Missing, unplanned, too short, too long, overlapping, cancelled: the queue « Écarts de planning »."""

    def replaced(old: Visit, new: Visit | None) -> None:
        visits[visits.index(old):visits.index(old) + 1] = [] if new is None else [new]  # fmt: skip

    for client in (3, 18, 41):  # planned, not done
        replaced(of(visits, client, 1), None)
    for client, minutes in ((5, -35), (8, 25), (42, 40), (59, -15)):
        old = of(visits, client, 0)
        replaced(old, old.lasting(old.minutes + minutes))
    old = of(visits, 21, 2)
    replaced(old, replace(old, status="annulée", comment="Absence du client prévenue"))
    other = of(visits, 11, 0)  # the same worker in two places
    visits.append(Visit("IN11N001", 10, other.worker, "MENAGE", other.start + timedelta(minutes=30),
                        other.end + timedelta(minutes=15), comment="Remplacement"))  # fmt: skip
    other = of(visits, 45, 1)  # two workers at the same client's
    visits.append(
        Visit("IN11N002", 45, "MOSSER_E", "AIDE_VIE", other.start + timedelta(minutes=20), other.end)
    )
    visits.append(
        Visit("IN11N003", 2, "MOSSER_E", "MENAGE", datetime(2026, 11, 7, 9), datetime(2026, 11, 7, 11))
    )
    visits.append(Visit("IN11N004", 55, "MOSSER_E", "JARDIN", datetime(2026, 11, 6, 14),
                        datetime(2026, 11, 6, 17), comment="Prestation sans contrat"))  # fmt: skip
    visits.append(
        Visit("IN11N005", 30, "MOSSER_E", "REPAS", datetime(2026, 11, 9, 11), datetime(2026, 11, 9, 12))
    )
    return visits


def faulty_rows(good: Visit) -> list[dict]:
    """Rows as people type them: eleven that must be refused, each for its reason, and two that are right."""

    def row(number: str, **changes: object) -> dict:
        base = {
            "intervention_id": f"INE{number}", "planning_id": None, "client_id": client_code(good.client),
            "worker_id": "MOSSER_E", "service_code": good.service, "starts_at": "18/11/2026 09:00",
            "ends_at": "18/11/2026 11:00", "status": "réalisée", "comment": "",
        }  # fmt: skip
        return base | changes

    return [
        row("001", starts_at="31/11/2026 09:00", comment="Date inexistante"),
        row("002", ends_at="18/11/2026 08:00", comment="Fin avant le début"),
        row("003", ends_at="20/11/2026 11:00", comment="Plus de 24 heures"),
        row("004", status="à confirmer", comment="Statut inconnu"),
        row("005", client_id=None, comment="Client absent"),
        row("006", starts_at="29/03/2026 02:30", ends_at="29/03/2026 04:30", comment="Heure sautée"),
        row("007", starts_at="18-11-26 9h", comment="Format de date"),
        row("008", worker_id=None, comment="Intervenant absent"),
        row("009", comment="Doublon écarté"),
        row("009", starts_at="18/11/2026 14:00", ends_at="18/11/2026 15:30", comment="Doublon gardé"),
        row("010", starts_at=None, comment="Début absent"),
        row("011", starts_at="19/11/2026 16:00", ends_at="19/11/2026 17:00", comment="Correcte"),
        {**row("012"), "intervention_id": None, "comment": "Code absent"},
    ]  # fmt: skip


def base_files(out: Path, rng: Random) -> list[dict]:
    """Agency, catalogue, payers, clients, contracts and plans. Returns the clients."""
    out.mkdir(exist_ok=True)
    agency = {
        "agency_id": "STRAS", "name": "Maison & Services Strasbourg", "siret": siret("91990005", "0001"),
        "nova_number": "SAP" + siret("91990005", "0001")[:9], "vat_number": vat_number("91990005"),
        "address": "14 quai des Bateliers", "postal_code": "67000", "city": "Strasbourg", "country": "FR",
        "holiday_region": "alsace-moselle",
    }  # fmt: skip
    write_csv(out / "agencies.csv", list(agency), [agency])
    write_csv(
        out / "services.csv",
        ["service_code", "label", "kind", "unit", "unit_price", "vat_rate", "home_plus_nature",
         "home_plus_activity", "revenue_account"],
        [row | {"vat_rate": row["vat_rate"].replace(".", ",") + " %"} for row in cases.SERVICES],
    )  # fmt: skip
    payers = json.dumps(cases.PAYERS, ensure_ascii=False, indent=1)
    (out / "payers.json").write_text(payers + "\n", encoding="utf-8")
    defaults = [
        {"payer_id": payer, "service_code": service, **given} for payer, service, given in cases.DEFAULTS
    ]
    write_csv(out / "payer_defaults.csv", ["payer_id", "service_code", *cases.PLAN_VALUES], defaults)
    clients = people(rng)
    write_csv(out / "clients.csv", list(clients[0]), clients)
    rows = contracts()
    write_xlsx(out / "contracts.xlsx", "contracts", list(rows[0]), rows)
    write_csv(out / "care_plans.csv", PLAN_COLUMNS, plans(cases.PLANS, 1))
    return clients


def vat_number(siren8: str) -> str:
    siren = siret(siren8, "0001")[:9]
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"


def october_files(out: Path, visits: list[Visit], planned: list[Visit]) -> None:
    write_csv(out / "plannings_2026-10.csv", PLANNING_COLUMNS, [planning_row(v) for v in planned])
    write_csv(out / "interventions_2026-10.csv", INTERVENTION_COLUMNS, [intervention_row(v) for v in visits])
    write_csv(out / "billable_items_2026-10.csv", ITEM_COLUMNS, [
        item("EL10001", 4, "FRAIS_DEPLACEMENT", "2026-10-14", "2"),  # reference fee: eligible
        item("EL10002", 6, "GRAND_MENAGE", "2026-10-22", "1"),
        item("EL10003", 29, "REMISE_FIDELITE", "2026-10-30", "-1"),  # HP_REMISE, HP_LIGNE_NEGATIVE
        item("EL10004", 30, "GANTS", "2026-10-12", "2"),  # HP_FRAIS, HP_NATURE
        item("EL10005", 40, "FRAIS_KILOMETRIQUES", "2026-10-19", "24,5"),
        item("EL10006", 51, "FRAIS_DEPLACEMENT", "2026-10-19", "3", label="Déplacements d'octobre"),
    ])  # fmt: skip


def november_files(
    out: Path, clients: list[dict], visits: list[Visit], planned: list[Visit], october: list[Visit]
) -> None:
    for row in clients:  # a new export of everybody: two lines differ
        if row["client_id"] == client_code(24):
            row["home_plus_status"], row["home_plus_activated_on"] = "OK", "2026-11-10"
        if row["client_id"] == client_code(9):
            row["phone"] = "0639980099"
    write_csv(out / "clients_2026-11.csv", list(clients[0]), clients)
    late = plans(cases.LATE_PLANS, len(cases.PLANS) + 1)
    write_csv(out / "care_plans_2026-11.csv", PLAN_COLUMNS, late)
    write_csv(out / "plannings_2026-11.csv", PLANNING_COLUMNS, [planning_row(v) for v in planned])
    write_csv(out / "interventions_2026-11.csv", INTERVENTION_COLUMNS, [intervention_row(v) for v in visits])
    write_csv(out / "interventions_2026-11_retards_octobre.csv", INTERVENTION_COLUMNS,
              [intervention_row(v) for v in late_october(october)])  # fmt: skip
    write_csv(out / "interventions_erreurs.csv", INTERVENTION_COLUMNS, faulty_rows(of(visits, 1)))
    write_csv(out / "billable_items_2026-11.csv", ITEM_COLUMNS, [
        item("EL11001", 4, "FRAIS_DEPLACEMENT", "2026-11-13", "1"),
        item("EL11002", 29, "REMISE_FIDELITE", "2026-11-20", "-1"),
        item("EL11003", 30, "GANTS", "2026-11-12", "1"),
        item("EL11004", 59, "REMISE_FIDELITE", "2026-11-16", "-6", "20.00"),  # more than the month: blocking
        item("EL11005", 39, "FRAIS_DEPLACEMENT", "2062-11-16", "1", label="Année saisie par erreur"),
        item("EL11006", 40, "FRAIS_KILOMETRIQUES", "2026-11-18", "31"),
    ])  # fmt: skip


def main(out: Path = HERE) -> None:
    """Writes all files under `out`."""
    rng = Random(20261121)
    base, october_dir, november_dir = (out / name for name in ("base", "2026-10", "2026-11"))
    clients = base_files(base, rng)
    slots = weekly_slots(rng)
    planned = plannings(slots, date(2026, 10, 1), date(2026, 10, 31), "10")
    october = october_cases(done(rng, planned, date(2026, 10, 31), None))
    october_files(october_dir, october, planned)
    planned = plannings(slots, date(2026, 11, 1), date(2026, 11, 30), "11")
    only = of(planned, 59)  # one visit in the month and a large discount: a negative total
    planned = [visit for visit in planned if visit.client != 59 or visit is only]
    visits = november_cases(done(rng, planned, date(2026, 11, 20), date(2026, 11, 15)))
    write_sandbox_clients(out / "sandbox_clients.json", clients)
    november_files(november_dir, clients, visits, planned, october)
    received = payments(october, contracts())
    write_csv(november_dir / "payments_2026-11.csv", PAYMENT_COLUMNS, received)
    responses = home_plus_responses()
    write_csv(november_dir / "home_plus_responses_2026-11.csv", list(responses[0]), responses)


if __name__ == "__main__":
    main()
