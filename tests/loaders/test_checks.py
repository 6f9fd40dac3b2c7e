"""What each contract refuses, and that it says so in French."""

import json

import pytest

from loaders.api import SOURCES
from tests.loaders.conftest import INTERVENTIONS, Landing

PAYMENTS = "payment_id;received_on;amount;emitter;client_id;payer_id\n"
ITEMS = "item_id;client_id;service_code;date;quantity\n"
CONTRACTS = "contract_id;client_id;service_code;unit_price;valid_from;valid_to\n"
PLANS = (
    "care_plan_id;payer_id;client_id;service_code;valid_from;base_rate;coverage_rate;"
    "monthly_hours_cap;sunday_holiday_hours_cap;surcharge;billing_mode;status\n"
)


def errors_of(landing: Landing) -> list[tuple[str | None, str]]:
    return [error for of_row in landing.errors().values() for error in of_row]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-10-05 09:00", "2026-10-05 09:00", [("ends_at", "chronologie")]),
        ("2026-10-05 09:00", "2026-10-05 09:00:45", [("ends_at", "chronologie")]),
        ("2026-10-05 09:00", "2026-10-05 08:00", [("ends_at", "chronologie")]),
        ("2026-10-05 09:00", "2026-10-06 09:01", [("ends_at", "duree")]),
        ("2026-10-05 09:00", "2026-10-06 09:00", []),
        # the night when clocks go back has 25 hours
        ("2026-10-24 12:00", "2026-10-25 12:00", [("ends_at", "duree")]),
        ("2026-10-24 12:00", "2026-10-25 11:00", []),
        # the night when they go forward has 23
        ("2026-03-28 12:00", "2026-03-29 13:00", []),
        ("2026-03-29 02:30", "2026-03-29 04:00", [("starts_at", "heure_inexistante")]),
        ("2026-10-25 02:15", "2026-10-25 02:45", []),
        ("1026-10-05 09:00", "1026-10-05 10:00", [("starts_at", "annee"), ("ends_at", "annee")]),
    ],
)  # fmt: skip
def test_times_of_an_intervention(landing: Landing, intervention, start, end, expected) -> None:
    landing.text("interventions.csv", INTERVENTIONS + intervention(start=start, end=end))
    assert errors_of(landing) == expected


@pytest.mark.parametrize(
    ("word", "value"),
    [("Réalisée", "realisee"), ("VALIDÉE", "validee"), ("annulé", "annulee"), ("effectuée", "realisee")],
)
def test_words_are_taken_whatever_their_case_and_accents(landing, intervention, word, value) -> None:
    landing.text("interventions.csv", INTERVENTIONS + intervention(status=word))
    assert landing.rows("SELECT status FROM raw.interventions") == [{"status": value}]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("R1;2026-11-05;86,40;client;C1;", []),
        ("R1;2026-11-05;86,405;client;C1;", [("amount", "decimales")]),
        ("R1;2026-11-05;0;client;C1;", [("amount", "positif")]),
        ("R1;2026-11-05;-5;client;C1;", [("amount", "positif")]),
        ("R1;2026-11-05;9 999 999 999,99;client;C1;", []),
        ("R1;2026-11-05;10000000000;client;C1;", [("amount", "grandeur")]),
        ("R1;2026-11-05;1e3;client;C1;", [("amount", "format")]),
        ("R1;2026-11-05;;client;C1;", [("amount", "obligatoire")]),
        ("R1;2026-11-05;5;client;;", [("client_id", "emetteur")]),
        ("R1;2026-11-05;5;organisme;;P1", []),
        ("R1;2026-11-05;5;HOME+;C1;", []),
        ("R1;2026-11-05;5;Émetteur TS;;", []),
        ("R1;2026-11-05;5;voisin;C1;", [("emitter", "liste")]),
    ],
)
def test_payments(landing: Landing, line: str, expected: list) -> None:
    report = landing.text("payments.csv", PAYMENTS + line + "\n")
    assert errors_of(landing) == expected
    assert report.rows_new == (0 if expected else 1)


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("1", []), ("-1,5", []), ("0", [("quantity", "non_nul")]), ("0,00", [("quantity", "non_nul")]),
     ("1,255", [("quantity", "decimales")]), ("deux", [("quantity", "format")])],
)  # fmt: skip
def test_quantity_of_an_item(landing: Landing, quantity: str, expected: list) -> None:
    landing.text("billable_items.csv", ITEMS + f"E1;C1;FRAIS;05/10/2026;{quantity}\n")
    assert errors_of(landing) == expected


def test_a_contract_does_not_end_before_it_begins(landing: Landing) -> None:
    lines = "K1;C1;M;26;2026-01-02;2026-01-01\nK2;C1;M;26;2026-01-02;2026-01-02\nK3;C1;M;-26;2026-01-02;\n"
    landing.text("contracts.csv", CONTRACTS + lines)
    assert landing.errors() == {2: [("valid_to", "chronologie")], 4: [("unit_price", "minimum")]}


def test_rates_of_a_payer(landing: Landing) -> None:
    header = "payer_id;service_code;base_rate;coverage_rate;billing_mode\n"
    lines = "P1;A;24;80 %;Tarif PEC\nP1;B;24;0,8;tarif_prestation\nP1;C;24;120;tarif_pec\n"
    lines += "P1;D;24;33,333 %;tarif_pec\nP1;E;24;-1;tarif_pec\n"
    landing.text("payer_defaults.csv", header + lines)
    landed = landing.rows(
        "SELECT _key, base_rate, coverage_rate, billing_mode FROM raw.payer_defaults ORDER BY 1"
    )
    assert [tuple(row.values()) for row in landed] == [
        ("P1|A", "24.00", "0.8000", "tarif_pec"),
        ("P1|B", "24.00", "0.8000", "tarif_prestation"),
    ]
    assert landing.errors() == {
        4: [("coverage_rate", "maximum")],
        5: [("coverage_rate", "decimales")],
        6: [("coverage_rate", "minimum")],
    }


def test_the_parts_of_a_key_cannot_be_confused(landing: Landing) -> None:
    header = "payer_id;service_code;base_rate;coverage_rate;billing_mode\n"
    landing.text("payer_defaults.csv", header + "P|1;A;24;80;tarif_pec\n")
    assert errors_of(landing) == [("payer_id", "identifiant")]
    assert landing.rows("SELECT key FROM raw.rejected_rows") == [{"key": None}]


def test_care_plans_inherit_what_they_do_not_say(landing: Landing) -> None:
    header = "care_plan_id;payer_id;client_id;service_code;valid_from;monthly_hours_cap;surcharge;status"
    landing.text("care_plans.csv", f"{header}\nPA1;P1;C1;M;2026-01-01;;Défaut;validé\n")
    (row,) = landing.rows("SELECT * FROM raw.care_plans")
    assert row["base_rate"] == row["coverage_rate"] == row["sunday_holiday_hours_cap"] == "defaut"
    assert row["monthly_hours_cap"] is None  # an empty cell stays empty: no cap
    assert row["surcharge"] == "defaut"
    assert (row["status"], row["rank"]) == ("valide", None)


def test_in_care_plans_empty_and_zero_differ(landing: Landing) -> None:
    line = "PA1;P1;C1;M;2026-01-01;24;80;20;{};oui;tarif_pec;valide\n"
    landing.text("care_plans.csv", PLANS + line.format("0") + line.format("").replace("PA1", "PA2"))
    rows = landing.rows("SELECT sunday_holiday_hours_cap AS cap FROM raw.care_plans ORDER BY _key")
    assert [row["cap"] for row in rows] == ["0.00", None]


def test_a_care_plan_without_a_rate_has_no_price(landing: Landing) -> None:
    landing.text("care_plans.csv", PLANS + "PA1;P1;C1;M;2026-01-01;;80;;;;tarif_pec;valide\n")
    assert errors_of(landing) == [("base_rate", "obligatoire")]


def test_in_json_an_absent_name_is_a_missing_column_and_null_is_empty(landing: Landing) -> None:
    common = {
        "payer_id": "P1",
        "client_id": "C1",
        "service_code": "M",
        "valid_from": "2026-01-01",
        "status": "valide",
    }
    plans = [{"care_plan_id": "PA1", **common}, {"care_plan_id": "PA2", "monthly_hours_cap": None, **common}]
    landing.text("care_plans.json", json.dumps(plans))
    rows = landing.rows("SELECT monthly_hours_cap AS cap FROM raw.care_plans ORDER BY _key")
    assert [row["cap"] for row in rows] == ["defaut", None]


def test_control_characters_and_spreadsheet_errors_are_not_text(landing: Landing) -> None:
    header = "client_id;last_name;payment_method;invoice_delivery\n"
    landing.text(
        "clients.csv", header + "C1;Mar\x07tin;virement;mail\nC2;#N/A;virement;mail\nC3;N° #3;virement;mail\n"
    )
    assert landing.errors() == {2: [("last_name", "texte")], 3: [("last_name", "texte")]}
    assert [row["client_id"] for row in landing.rows("SELECT client_id FROM raw.clients")] == ["C3"]


def test_an_identifier_stays_text(landing: Landing) -> None:
    header = "client_id;last_name;payment_method;invoice_delivery\n"
    landing.text("clients.csv", header + "00123;Martin;virement;mail\n1042.0;Durand;virement;mail\n")
    rows = landing.rows("SELECT client_id FROM raw.clients ORDER BY 1")
    assert [row["client_id"] for row in rows] == ["00123", "1042.0"]


def test_every_check_of_every_contract_has_a_french_message() -> None:
    for contract in SOURCES.values():
        checks = [check for column in contract.schema.columns.values() for check in column.checks]
        checks += [check for rule in contract.rules for check in rule.schema.checks]
        assert checks
        for check in checks:
            assert check.name and check.error and check.error.endswith((".", "…")), (
                contract.name,
                check.name,
            )


def test_no_two_columns_of_a_contract_share_an_alias() -> None:
    from loaders.values import fold

    for contract in SOURCES.values():
        taken: dict[str, str] = {}
        for field in contract.fields:
            for alias in {fold(field.name), *map(fold, field.aliases)}:
                assert taken.setdefault(alias, field.name) == field.name, (contract.name, alias)
