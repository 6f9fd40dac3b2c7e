"""What happens to a month once it is invoiced: late, changed and cancelled interventions, credit notes, caps already
drawn (spec 20, "Draft invoices"). Every step goes through the real actions and a refresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.dbt.agency import Agency


@pytest.fixture
def open_agency(tmp_path: Path) -> Iterator[Callable[..., Agency]]:
    opened: list[Agency] = []

    def make(**settings: str) -> Agency:
        opened.append(Agency(tmp_path / f"home{len(opened)}", **settings))
        return opened[-1]

    yield make
    for agency in opened:
        agency.close()


def drafts(agency: Agency) -> dict[str, tuple[str, Decimal, Decimal]]:
    return {
        row["draft_id"]: (row["kind"], row["total_incl_vat"], row["payer_total"])
        for row in agency.rows("SELECT * FROM marts.draft_invoices ORDER BY draft_id")
    }


def test_late_changed_and_cancelled_interventions_become_numbered_adjustments(open_agency) -> None:
    agency = open_agency()
    agency.client("c")
    agency.visit("V1", "c", "2026-10-05 08:00", "2026-10-05 10:00")
    agency.visit("V2", "c", "2026-10-06 08:00", "2026-10-06 10:00")
    agency.visit("V3", "c", "2026-10-07 08:00", "2026-10-07 10:00", comment="vu")
    agency.run()
    assert drafts(agency) == {"D-c-202610-main": ("main", Decimal("156.00"), Decimal("0.00"))}
    created = agency.do("invoices.create", period="2026-10")
    assert len(created.done) == 1 and not created.failed
    assert drafts(agency) == {}

    agency.visit(
        "V3", "c", "2026-10-07 08:00", "2026-10-07 10:00", comment="vu et revu"
    )  # a comment bills nothing
    agency.visit("V4", "c", "2026-10-08 08:00", "2026-10-08 09:00")  # late
    agency.visit("V1", "c", "2026-10-05 08:00", "2026-10-05 09:00")  # an hour less
    agency.run(full=False)
    assert drafts(agency) == {"D-c-202610-adj1": ("adj", Decimal("0.00"), Decimal("0.00"))}
    lines = agency.rows(
        "SELECT source, source_id, amount, is_adjustment FROM marts.draft_invoice_lines ORDER BY line_no"
    )
    assert [(r["source"], r["source_id"], str(r["amount"])) for r in lines] == [
        ("intervention", "V1", "26.00"), ("reversal", "V1", "-52.00"), ("intervention", "V4", "26.00"),
    ]  # fmt: skip
    assert all(r["is_adjustment"] for r in lines)
    agency.do("invoices.create", period="2026-10")

    agency.visit("V2", "c", "2026-10-06 08:00", "2026-10-06 10:00", status="annulee")
    agency.visit("V1", "c", "2026-10-05 08:00", "2026-10-05 10:00")  # back to what it was: billed again, once
    agency.run()
    assert drafts(agency) == {"D-c-202610-adj2": ("adj", Decimal("-26.00"), Decimal("0.00"))}
    agency.do("invoices.create", period="2026-10")
    result = agency.do("invoices.validate", period="2026-10")
    assert len(result.done) == 3 and not result.failed
    invoices = agency.rows(
        "SELECT invoice_number, kind, origin, total_incl_vat FROM marts.invoices ORDER BY created_at, invoice_number"
    )
    assert [(r["kind"], str(r["total_incl_vat"])) for r in invoices if r["kind"] != "credit_note"] == [
        ("main", "156.00"), ("adj", "0.00"),
    ]  # fmt: skip
    credit = [r for r in invoices if r["kind"] == "credit_note"]
    assert [(r["invoice_number"], r["origin"], str(r["total_incl_vat"])) for r in credit] == [
        ("A2026-000001", "ajustement", "-26.00")
    ]
    assert drafts(agency) == {}
    total = agency.rows("SELECT sum(amount) AS total FROM marts.invoice_lines")[0]["total"]
    assert total == Decimal("130.00")  # V1 2 h + V3 2 h + V4 1 h


def test_inline_adjustments_join_the_next_main_draft(open_agency) -> None:
    agency = open_agency(adjustments="inline")
    agency.client("c")
    agency.visit("V1", "c", "2026-10-05 08:00", "2026-10-05 10:00")
    agency.run()
    agency.do("invoices.create", period="2026-10")
    agency.visit("V2", "c", "2026-10-08 08:00", "2026-10-08 09:00")
    agency.run()
    assert list(drafts(agency)) == ["D-c-202610-adj1"]  # no later month yet: it stands alone
    agency.visit("V3", "c", "2026-11-03 08:00", "2026-11-03 09:00")
    agency.run()
    assert drafts(agency) == {"D-c-202611-main": ("main", Decimal("52.00"), Decimal("0.00"))}
    lines = agency.rows("SELECT source_id, is_adjustment FROM marts.draft_invoice_lines ORDER BY line_no")
    assert [(r["source_id"], r["is_adjustment"]) for r in lines] == [("V3", False), ("V2", True)]


def test_minutes_already_invoiced_keep_their_coverage_and_draw_first(open_agency) -> None:
    agency = open_agency()
    agency.client("c")
    agency.plan("c", monthly_hours_cap="2")
    agency.visit("V1", "c", "2026-10-12 08:00", "2026-10-12 10:00")
    agency.run()
    assert [line[3] for line in agency.lines("c")] == [True]
    agency.do("invoices.create", period="2026-10")
    agency.visit(
        "V2", "c", "2026-10-05 08:00", "2026-10-05 09:00"
    )  # earlier in the month, and late: nothing is left
    agency.run()
    assert [(line[1], line[3]) for line in agency.lines("c")] == [(60, False)]
    agency.visit("V1", "c", "2026-10-12 08:00", "2026-10-12 09:30")  # half an hour of the pool comes back
    agency.run()
    assert [(line[0], line[1], line[3], line[7]) for line in agency.lines("c")] == [
        ("2026-10-05", 60, True, "24.00"), ("2026-10-12", 60, True, "24.00"), ("2026-10-12", 30, False, "13.00"),
        ("2026-10-12", -120, True, "-48.00"),
    ]  # fmt: skip


def test_a_credit_note_with_reinvoice_gives_a_main_draft_that_names_what_it_replaces(open_agency) -> None:
    agency = open_agency()
    agency.client("c")
    agency.plan("c")
    agency.visit("V1", "c", "2026-10-05 08:00", "2026-10-05 10:00")
    agency.run()
    agency.do("invoices.create", period="2026-10")
    agency.do("invoices.validate", period="2026-10")
    result = agency.do("credit_notes.create", invoice_number="F2026-000001", reason="Tarif", reinvoice=True)
    assert not result.failed and len(result.done) == 1
    draft = agency.rows("SELECT * FROM marts.draft_invoices")
    assert [(d["draft_id"], d["replaces"], d["total_incl_vat"]) for d in draft] == [
        ("D-c-202610-main", "F2026-000001", Decimal("48.00"))
    ]
    assert agency.lines("c")[0][3] is True  # the hours went back to the plan's month
    agency.do("invoices.create", period="2026-10")
    agency.do("invoices.validate", period="2026-10")
    numbers = agency.rows(
        "SELECT invoice_number, kind, replaces FROM marts.invoices ORDER BY created_at, invoice_number"
    )
    assert {(n["invoice_number"], n["kind"], n["replaces"]) for n in numbers} == {
        ("F2026-000001", "main", None), ("A2026-000001", "credit_note", None),
        ("F2026-000002", "main", "F2026-000001"),
    }  # fmt: skip


def test_what_an_action_set_holds_until_a_file_brings_another_value(open_agency) -> None:
    agency = open_agency()
    agency.client("c", home_plus_id="H1", payment_method="cheque")
    agency.visit("V1", "c", "2026-10-05 08:00", "2026-10-05 10:00", status="realisee")
    agency.run()
    agency.do("home_plus.set_virement", client_ids=["c"])
    agency.do("interventions.validate", period="2026-10")

    def now() -> tuple[str, str]:
        return (
            agency.rows("SELECT payment_method FROM marts.clients")[0]["payment_method"],
            agency.rows("SELECT status FROM marts.interventions")[0]["status"],
        )

    assert now() == ("virement", "validee")
    agency.add("clients", client_id="c", last_name="Autre", payment_method="cheque", invoice_delivery="mail",
               home_plus_id="H1")  # fmt: skip
    agency.visit("V1", "c", "2026-10-05 08:00", "2026-10-05 11:00", status="realisee")
    agency.run()
    assert now() == ("virement", "validee")
    agency.add(
        "clients", client_id="c", last_name="Autre", payment_method="prelevement", invoice_delivery="mail"
    )
    agency.visit("V1", "c", "2026-10-05 08:00", "2026-10-05 11:00", status="annulee")
    agency.run()
    assert now() == ("prelevement", "annulee")


def test_a_deleted_draft_gives_everything_back(open_agency) -> None:
    agency = open_agency()
    agency.client("c")
    agency.visit("V1", "c", "2026-10-05 08:00", "2026-10-05 10:00")
    agency.run()
    before = drafts(agency)
    agency.do("invoices.create", period="2026-10")
    invoice_id = agency.rows("SELECT invoice_id FROM marts.invoices")[0]["invoice_id"]
    agency.do("invoices.delete", invoice_ids=[invoice_id])
    assert drafts(agency) == before
    assert agency.rows("SELECT * FROM marts.invoices") == []
