"""The 14 worked examples of spec 40, from CSV files to `draft_invoices`, to the cent, in one home."""

from __future__ import annotations

from decimal import Decimal

from tests.e2e_cli.agency import AGENCY, CARE, Agency, client, contract, euros, visits

WEEKDAYS = [2, 3, 4, 5, 6, 9, 10, 12, 13, 16, 17, 18]  # November 2026, Wednesday 11 is a holiday


def weekday_hours(hours: int) -> list[tuple[str, int]]:
    """Visits of two hours on the first weekdays of November (the last one shorter when need be)."""
    spans = []
    for day in WEEKDAYS:
        if hours <= 0:
            break
        spans.append((f"2026-11-{day:02d} 09:00", min(hours, 2) * 60))
        hours -= 2
    return spans


SUNDAYS = [("2026-11-22 09:00", 120), ("2026-11-29 09:00", 120)]
# (base, cap, surcharge, Sunday cap, mode) of each example; the rest is the same for all
PEC, PRESTATION = "tarif_pec", "tarif_prestation"
PLANS = {
    1: ("20", "oui", "", PEC), 2: ("20", "oui", "", PRESTATION), 3: ("20", "oui", "", PEC),
    4: ("20", "oui", "", PRESTATION), 5: ("20", "oui", "0", PEC), 6: ("20", "oui", "", PEC),
    7: ("20", "non", "", PEC), 8: ("20", "oui", "2", PEC), 9: ("16", "oui", "2", PEC),
    10: ("20", "oui", "2", PRESTATION), 11: ("20", "oui", "4", PEC), 12: ("20", "oui", "", PEC),
    13: ("20", "oui", "", PEC), 14: ("20", "oui", "", PEC),
}  # fmt: skip
HOURS = {
    1: weekday_hours(18), 2: weekday_hours(18), 3: weekday_hours(23), 4: weekday_hours(23),
    5: weekday_hours(16) + SUNDAYS, 6: weekday_hours(16) + SUNDAYS, 7: weekday_hours(16) + SUNDAYS,
    8: weekday_hours(16) + SUNDAYS, 9: weekday_hours(16) + SUNDAYS, 10: weekday_hours(16) + SUNDAYS,
    11: [*weekday_hours(10), ("2026-11-11 09:00", 180), ("2026-11-15 09:00", 120)],
    12: [("2026-12-26 09:00", 180)],
    13: [*weekday_hours(10), *((f"2026-11-{day} 09:00", 180) for day in (16, 17, 18, 19))],
    14: weekday_hours(18),
}  # fmt: skip
EXPECTED = {
    "E01": ("432.00", "345.60", "86.40"), "E02": ("468.00", "345.60", "122.40"),
    "E03": ("558.00", "384.00", "174.00"), "E04": ("598.00", "384.00", "214.00"),
    "E05": ("514.00", "307.20", "206.80"), "E06": ("504.00", "415.20", "88.80"),
    "E07": ("480.00", "384.00", "96.00"), "E08": ("492.00", "399.60", "92.40"),
    "E09": ("509.00", "361.20", "147.80"), "E10": ("546.00", "399.60", "146.40"),
    "E11": ("384.00", "319.20", "64.80"), "E12": ("90.00", "81.00", "9.00"),
    "E12B": ("72.00", "57.60", "14.40"), "E13": ("548.00", "230.40", "317.60"),
    "E14": ("468.00", "0.00", "468.00"), "E15": ("432.00", "345.60", "86.40"),
}  # fmt: skip


def plan(name: str, example: int) -> str:
    cap, surcharge, sunday_cap, mode = PLANS[example]
    since = "2026-11-16" if example == 13 else "2026-01-01"
    status = "brouillon" if example == 14 else "valide"
    return (
        f"PA-{name};P1;{name};AIDE;{since};;1;24,00;;30,00;80 %;{cap};{surcharge};90 %;{sunday_cap};{mode};"
        f"{status}"
    )


def test_the_fourteen_examples_to_the_cent(agency: Agency) -> None:
    names = {f"E{n:02d}": n for n in PLANS} | {"E12B": 12, "E15": 1}
    hours = {name: HOURS[n] for name, n in names.items()}
    hours["E15"] = [("2026-11-02 06:00", 18 * 60)]  # example 1 as one line
    agency.load(
        [
            agency.csv("agencies", AGENCY, "A2;Ailleurs;;;;;Lyon;"),
            agency.csv("services", CARE),
            agency.csv("payers", "P1;Département;departement;globale;non"),
            agency.csv("clients", *(client(n, agency="A2" if n == "E12B" else "A1") for n in names)),
            agency.csv("contracts", *(contract(name) for name in names)),
            agency.csv("care_plans", *(plan(name, n) for name, n in names.items())),
            agency.csv("interventions", *(row for n in names for row in visits(n, *hours[n]))),
        ]
    )
    agency.guichet("run")
    drafts = {row["client_id"]: row for row in agency.rows("draft_invoices")}
    found = {n: euros(row, "total_incl_vat", "payer_total", "client_total") for n, row in drafts.items()}
    assert found == {name: tuple(map(Decimal, amounts)) for name, amounts in EXPECTED.items()}
    assert euros(drafts["E15"], "total_excl_vat", "total_vat") == (Decimal("409.48"), Decimal("22.52"))
    lines = agency.rows("draft_invoice_lines", where="client_id = 'E03'")
    assert sum(row["minutes"] for row in lines if row["covered"]) == 20 * 60
    assert sum(row["minutes"] for row in lines if not row["covered"]) == 3 * 60
