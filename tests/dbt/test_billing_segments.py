"""Segments, prices and coverage beyond the 14 worked examples: one agency, one run, one client a case (spec 20)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.dbt.agency import Agency


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    made = Agency(tmp_path_factory.mktemp("segments") / "home")
    made.add("agencies", agency_id="A2", name="Strasbourg", country="FR", holiday_region="alsace-moselle")
    made.add("agencies", agency_id="A3", name="Bruxelles", country="BE")

    made.client("nuit")  # 24 October 22:00 → 25 October 06:00: nine real hours, because clocks go back
    made.visit("V-nuit", "nuit", "2026-10-24 22:00", "2026-10-25 06:00")
    made.client("court")  # the night of 28 March 2026 is an hour short
    made.visit("V-court", "court", "2026-03-28 22:00", "2026-03-29 06:00")
    made.client("minuit")
    made.visit("V-minuit", "minuit", "2026-11-03 20:00", "2026-11-04 00:00")  # ends at midnight: one segment

    made.client("alsace", agency_id="A2")
    made.visit("V-alsace", "alsace", "2026-04-03 09:00", "2026-04-03 10:00")  # Good Friday
    made.client("paris")
    made.visit("V-paris", "paris", "2026-04-03 09:00", "2026-04-03 10:00")
    made.client("belge", agency_id="A3")
    made.visit("V-belge", "belge", "2026-07-21 09:00", "2026-07-21 10:00")  # national day in Belgium

    made.client("deux-contrats")
    made.add(
        "contracts", contract_id="K2", client_id="deux-contrats", service_code="AVS", unit_price="28.00",
        valid_from="2026-11-01",
    )  # fmt: skip
    made.visit("V-deux", "deux-contrats", "2026-11-03 09:00", "2026-11-03 10:00")
    made.visit("V-avant", "deux-contrats", "2026-10-05 09:00", "2026-10-05 10:00")

    made.client("samedi")
    made.add(
        "contracts", contract_id="K-samedi", client_id="samedi", service_code="AVS", unit_price="26.00",
        saturday_price="27.50", valid_from="2026-01-01",
    )  # fmt: skip
    made.visit("V-samedi", "samedi", "2026-11-07 09:00", "2026-11-07 10:00")

    made.client("sans-tarif")
    made.add("contracts", contract_id="K-sans-tarif", client_id="sans-tarif", service_code="AVS", unit_price="26.00",
             valid_from="2026-01-01", valid_to="2026-10-31")  # fmt: skip
    made.visit("V-sans", "sans-tarif", "2026-11-03 09:00", "2026-11-03 10:00")

    made.client("rangs")  # the first plan has an hour, the second two: the third hour is the client's
    made.plan("rangs", "R1", monthly_hours_cap="1")
    made.plan("rangs", "R2", rank="2", base_rate="20.00", coverage_rate="0.5000", monthly_hours_cap="2")
    made.visit("V-rangs", "rangs", "2026-11-03 08:00", "2026-11-03 12:00")

    made.client("rang-dimanche")  # a Sunday cap of 0 at the first leaves the whole to the second
    made.plan("rang-dimanche", "S1", sunday_holiday_hours_cap="0")
    made.plan("rang-dimanche", "S2", rank="2", surcharge="false", base_rate="20.00", coverage_rate="0.5000",
              monthly_hours_cap=None)  # fmt: skip
    made.visit("V-rd", "rang-dimanche", "2026-11-08 08:00", "2026-11-08 10:00")

    made.add("payers", payer_id="PD", name="Caisse", billing_type="individuelle", direct_to_client="true")
    made.client("direct")
    made.plan("direct", payer_id="PD", monthly_hours_cap="1")
    made.visit("V-direct", "direct", "2026-11-03 08:00", "2026-11-03 10:00")

    made.client("defaut")
    made.add(
        "payer_defaults", payer_id="P1", service_code="AVS", base_rate="22.00", coverage_rate="1.0000",
        monthly_hours_cap="1", surcharge="false", billing_mode="tarif_prestation",
    )  # fmt: skip
    made.plan("defaut", **dict.fromkeys(
        ("base_rate", "coverage_rate", "monthly_hours_cap", "surcharge", "billing_mode", "sunday_holiday_rate",
         "sunday_holiday_coverage_rate", "saturday_rate", "sunday_holiday_hours_cap"), "defaut"))  # fmt: skip
    made.visit("V-defaut", "defaut", "2026-11-03 08:00", "2026-11-03 10:00")

    made.client("exclue")
    made.plan("exclue")
    made.visit("V-exclue", "exclue", "2026-11-03 08:00", "2026-11-03 10:00", coverage_excluded="true")

    made.client("tarif-cher")  # the payer pays at most the line, never its own higher tariff
    made.plan("tarif-cher", base_rate="40.00", coverage_rate="1.0000", billing_mode="tarif_prestation")
    made.visit("V-cher", "tarif-cher", "2026-11-03 08:00", "2026-11-03 09:00")

    made.client("minute")  # 7 minutes at 26,00: 3,0333 → 3,03; the cap of 20 h runs out at the minute
    made.plan("minute", monthly_hours_cap="0.1")
    made.visit("V-minute", "minute", "2026-11-03 08:00", "2026-11-03 08:07")

    made.add("services", service_code="FRAIS", label="Frais de dossier", kind="fee", unit="piece", unit_price="12.50",
             vat_rate="0.2000")  # fmt: skip
    made.add("services", service_code="REM", label="Remise", kind="discount", unit="piece", unit_price="5.00",
             vat_rate="0.2000")  # fmt: skip
    made.client("articles")
    made.add("billable_items", item_id="F1", client_id="articles", service_code="FRAIS", date="2026-11-10",
             quantity="2")  # fmt: skip
    made.add("billable_items", item_id="R1", client_id="articles", service_code="REM", date="2026-11-10",
             quantity="1.5")  # fmt: skip

    made.client("annulee")
    made.visit("V-annulee", "annulee", "2026-11-03 08:00", "2026-11-03 09:00", status="annulee")
    made.client("realisee")
    made.visit("V-realisee", "realisee", "2026-11-03 08:00", "2026-11-03 09:00", status="realisee")
    made.run()
    yield made
    made.close()


def test_a_night_across_the_end_of_summer_time_counts_the_hours_really_worked(agency: Agency) -> None:
    assert [(line[0], line[1], line[2]) for line in agency.lines("nuit")] == [
        ("2026-10-24", 120, "saturday"), ("2026-10-25", 420, "sunday_holiday"),
    ]  # fmt: skip
    assert [(line[0], line[1]) for line in agency.lines("court")] == [
        ("2026-03-28", 120),
        ("2026-03-29", 300),
    ]


def test_an_intervention_that_ends_at_midnight_is_one_segment(agency: Agency) -> None:
    assert [(line[0], line[1]) for line in agency.lines("minuit")] == [("2026-11-03", 240)]


def test_holidays_are_those_of_the_agency_s_country_and_region(agency: Agency) -> None:
    assert agency.lines("alsace")[0][2] == "sunday_holiday"
    assert agency.lines("paris")[0][2] == "weekday"
    assert agency.lines("belge")[0][2] == "sunday_holiday"


def test_of_two_valid_contracts_the_latest_start_wins_and_is_said(agency: Agency) -> None:
    assert [(line[0], line[6]) for line in agency.lines("deux-contrats")] == [
        ("2026-10-05", "26.00"), ("2026-11-03", "28.00"),
    ]  # fmt: skip
    controls = agency.rows("SELECT code FROM marts.invoice_controls WHERE client_id = 'deux-contrats'")
    assert [row["code"] for row in controls] == ["CONTRATS_MULTIPLES"]


def test_saturday_price_only_where_the_contract_has_one(agency: Agency) -> None:
    rates = {line[6] for line in agency.lines("samedi")}
    assert rates == {"27.50"}


def test_no_contract_is_a_blocking_control_and_never_zero_euro(agency: Agency) -> None:
    assert agency.lines("sans-tarif") == []
    draft = agency.rows("SELECT * FROM marts.draft_invoices WHERE client_id = 'sans-tarif'")[0]
    assert (draft["line_count"], draft["blocking_controls"]) == (0, 1)
    state = agency.rows("SELECT billing_state FROM marts.interventions WHERE intervention_id = 'V-sans'")
    assert state[0]["billing_state"] == "bloquee"


def test_what_the_first_plan_leaves_is_offered_to_the_next(agency: Agency) -> None:
    assert [line[1:2] + line[4:] for line in agency.lines("rangs")] == [
        (60, "R1", "main", "24.00", "24.00", "19.20", "4.80"),
        (120, "R2", "main", "20.00", "40.00", "20.00", "20.00"),
        (60, None, None, "26.00", "26.00", "0.00", "26.00"),
    ]


def test_a_sunday_cap_of_zero_leaves_the_sunday_to_the_next_plan(agency: Agency) -> None:
    assert [line[1:2] + line[4:] for line in agency.lines("rang-dimanche")] == [
        (120, "S2", "main", "20.00", "40.00", "20.00", "20.00")
    ]


def test_aid_paid_to_the_client_is_only_information(agency: Agency) -> None:
    lines = agency.rows(
        "SELECT minutes, covered, rate, payer_share, client_share, informative_payer_share "
        "FROM marts.draft_invoice_lines WHERE client_id = 'direct' ORDER BY line_no"
    )
    assert [tuple(map(str, line.values())) for line in lines] == [
        ("60", "True", "26.00", "0.00", "26.00", "19.20"),
        ("60", "False", "26.00", "0.00", "26.00", "0.00"),
    ]


def test_defaut_takes_the_payer_s_value_and_empty_stays_empty(agency: Agency) -> None:
    assert [line[1:2] + line[3:] for line in agency.lines("defaut")] == [
        (60, True, "CP-defaut", "main", "26.00", "26.00", "22.00", "4.00"),
        (60, False, None, None, "26.00", "26.00", "0.00", "26.00"),
    ]


def test_an_excluded_intervention_is_billed_and_not_covered(agency: Agency) -> None:
    assert [(line[1], line[3], line[7]) for line in agency.lines("exclue")] == [(120, False, "52.00")]


def test_the_payer_never_pays_more_than_the_line(agency: Agency) -> None:
    assert agency.lines("tarif-cher")[0][7:] == ("26.00", "26.00", "0.00")


def test_a_cap_splits_at_the_minute_and_each_part_is_rounded(agency: Agency) -> None:
    assert [(line[1], line[7], line[8]) for line in agency.lines("minute")] == [
        (6, "2.40", "1.92"),
        (1, "0.43", "0.00"),
    ]


def test_fees_and_discounts(agency: Agency) -> None:
    lines = agency.rows(
        "SELECT source, quantity, rate, amount, excl_vat, vat FROM marts.draft_invoice_lines "
        "WHERE client_id = 'articles' ORDER BY source_id"
    )
    assert [(line["amount"], line["excl_vat"], line["vat"]) for line in lines] == [
        (Decimal("25.00"), Decimal("20.83"), Decimal("4.17")),
        (Decimal("-7.50"), Decimal("-6.25"), Decimal("-1.25")),
    ]
    codes = {
        r["code"] for r in agency.rows("SELECT code FROM marts.invoice_controls WHERE client_id = 'articles'")
    }
    assert codes == {"REMISE", "LIGNE_NEGATIVE"}


def test_cancelled_and_unvalidated_interventions_are_not_simulated(agency: Agency) -> None:
    assert agency.lines("annulee") == [] and agency.lines("realisee") == []
    states = agency.rows("SELECT intervention_id, billing_state FROM marts.interventions "
                         "WHERE client_id IN ('annulee', 'realisee') ORDER BY 1")  # fmt: skip
    assert [row["billing_state"] for row in states] == ["annulee", "sans_validation"]
