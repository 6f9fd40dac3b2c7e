"""A month closes, and what comes after: late changes, credit notes, two people at once."""

from __future__ import annotations

from decimal import Decimal

from tests.e2e_cli.agency import AGENCY, CARE, Agency, client, contract, euros, visits

TOTALS = ("total_incl_vat", "total_excl_vat", "total_vat", "payer_total", "client_total")


def amounts(*texts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, texts))


def october(agency: Agency, *names: str) -> None:
    """Clients with three visits of October at 26,00 (Sunday 32,50): 39,00 + 26,43 + 65,00 = 130,43."""
    spans = [("2026-10-05 09:00", 90), ("2026-10-12 09:00", 61), ("2026-10-18 09:00", 120)]
    agency.load(
        [
            agency.csv("agencies", AGENCY),
            agency.csv("services", CARE),
            agency.csv(
                "clients",
                *(client(n, home_plus=f"11{n}", activated="2026-01-05", account="OK") for n in names),
            ),
            agency.csv("contracts", *(contract(name) for name in names)),
            agency.csv("interventions", *(row for name in names for row in visits(name, *spans))),
        ]
    )
    agency.guichet("run")


def close(agency: Agency, period: str = "2026-10") -> None:
    """Creates, validates and sends what the last run shows of a month."""
    created = agency.do("invoices.create", refresh=False, period=period)
    ids = [item["invoice_id"] for item in created["done"]]
    agency.do("invoices.validate", refresh=False, invoice_ids=ids)
    agency.do("invoices.send", invoice_ids=ids, delivery="all")


def test_a_month_closes_from_files_to_sent_invoices(agency: Agency) -> None:
    agency.as_of = "2026-11-02T09:00"
    agency.load(
        [
            agency.csv("agencies", AGENCY),
            agency.csv("services", CARE, "FRAIS_DOSSIER;Frais de dossier;fee;piece;12,00;20;30"),
            agency.csv("clients", client("C1"), client("C2", delivery="courrier"), client("C3", email="")),
            agency.csv("contracts", *(contract(n) for n in ("C1", "C2", "C3"))),
            agency.csv("interventions", *visits("C1", ("2026-10-05 09:00", 90), ("2026-10-18 09:00", 45)),
                       *visits("C2", ("2026-10-24 22:00", 480), status="realisee"),
                       *visits("C3", ("2026-10-06 09:00", 60))),
            agency.csv("billable_items", "B1;C1;FRAIS_DOSSIER;2026-10-07;1;"),
        ]
    )  # fmt: skip
    agency.guichet("run")
    drafts = {row["client_id"]: row for row in agency.rows("draft_invoices")}
    assert set(drafts) == {"C1", "C3"}, "an intervention that nobody answered for is not billed"
    # 90 min at 26,00 = 39,00; 45 min of a Sunday at 32,50 = 24,375, half away from zero: 24,38; fee 12,00
    # VAT: 39,00/1,055 = 36,97; 24,38/1,055 = 23,11; 12/1,2 = 10
    assert euros(drafts["C1"], *TOTALS) == amounts("75.38", "70.08", "5.30", "0.00", "75.38")
    agency.do("interventions.validate", period="2026-10")
    close_results = agency.do("invoices.create", period="2026-10")
    assert len(close_results["done"]) == 3
    validated = agency.do("invoices.validate", period="2026-10")
    assert len(validated["done"]) == 3
    sent = agency.do("invoices.send", code=None, period="2026-10", delivery="all")
    assert len(sent["done"]) == 2
    assert len(sent["skipped"]) + len(sent["failed"]) == 1, "C3 has no e-mail address"
    agency.guichet("worker", "--once")
    invoices = agency.rows("invoices", order="invoice_number")
    assert [row["invoice_number"] for row in invoices] == [f"F2026-{n:06d}" for n in (1, 2, 3)]
    by_client = {row["client_id"]: row for row in invoices}
    # Saturday 22:00 to Sunday 06:00 across the change to winter time: 2 h at 26,00 and 7 h at 32,50
    assert euros(by_client["C2"], "total_incl_vat") == amounts("279.50")
    assert [by_client[n]["status"] for n in ("C1", "C2", "C3")] == ["envoyee", "envoyee", "validee"]
    assert by_client["C1"]["document_sha256"] and by_client["C2"]["document_sha256"]
    assert len(list((agency.home / "mail").glob("*.eml"))) == 1
    assert agency.rows("draft_invoices") == []
    agency.as_of = "2026-11-10T09:00"
    agency.do("payments.record", received_on="2026-11-10", amount="75.38", emitter="client", client_id="C1")
    payment = agency.rows("payments")[0]
    agency.do("payments.allocate", payment_id=payment["payment_id"])
    paid = {row["client_id"]: row["client_payment_state"] for row in agency.rows("invoices")}
    assert paid == {"C1": "regle", "C2": "a_regler", "C3": "a_regler"}
    agency.verify()


def test_rejected_rows_are_counted_and_kept_out(agency: Agency) -> None:
    good = visits("C1", ("2026-10-05 09:00", 60))
    bad = ["I-X;C1;W1;AIDE;2026-10-06 09:00;2026-10-06 08:00;validee", "I-Y;C1;W1;AIDE;06/13/2026;;validee"]
    path = agency.csv("interventions", *good, *bad)
    assert agency.guichet("load", str(path), code=1).code == 1
    agency.load(
        [
            agency.csv("agencies", AGENCY),
            agency.csv("services", CARE),
            agency.csv("clients", client("C1")),
            agency.csv("contracts", contract("C1")),
        ]
    )
    agency.guichet("run")
    assert len(agency.rows("rejected_rows")) == 2
    assert euros(agency.rows("draft_invoices")[0], "total_incl_vat") == amounts("26.00")
    again = agency.guichet("load", str(path), code=None)
    assert "déjà" in again.out + again.err


def test_late_changes_stand_apart_by_default(agency: Agency) -> None:
    agency.as_of = "2026-11-02T09:00"
    october(agency, "C1", "C2", "C3")
    close(agency)
    agency.as_of = "2026-11-15T09:00"
    late_changes(agency)
    drafts = {row["draft_id"]: row for row in agency.rows("draft_invoices")}
    assert set(drafts) == {
        "D-C1-202610-adj1", "D-C2-202610-adj1", "D-C3-202610-adj1", "D-C1-202611-main",
    }  # fmt: skip
    # C1: 90 min becomes 60: -39,00 + 26,00; C2: the 61 minutes are cancelled; C3: one more hour
    assert euros(drafts["D-C1-202610-adj1"], "total_incl_vat") == amounts("-13.00")
    assert euros(drafts["D-C2-202610-adj1"], "total_incl_vat") == amounts("-26.43")
    assert euros(drafts["D-C3-202610-adj1"], "total_incl_vat") == amounts("26.00")
    assert euros(drafts["D-C1-202611-main"], "total_incl_vat") == amounts("26.00")
    close(agency)
    numbers = {row["draft_id"]: row["invoice_number"] for row in agency.rows("invoices")}
    assert numbers["D-C1-202610-adj1"].startswith("A2026-"), "a negative adjustment is a credit note"
    assert numbers["D-C3-202610-adj1"].startswith("F2026-")
    agency.do(
        "invoices.allocate_adjustment",
        credit_number=numbers["D-C1-202610-adj1"],
        invoice_number=numbers["D-C1-202610-main"],
    )
    main = next(row for row in agency.rows("invoices", where="client_id = 'C1' and kind = 'main'"))
    assert euros(main, "client_due") == amounts("117.43")
    agency.verify()


def late_changes(agency: Agency) -> None:
    """In November: a visit shortened, one cancelled, one forgotten, and one of November itself."""
    agency.load(
        [
            agency.csv(
                "interventions",
                *visits("C1", ("2026-10-05 09:00", 60)),
                "I-C2-02;C2;W1;AIDE;2026-10-12 09:00;2026-10-12 10:01;annulee",
                *visits("C3", ("2026-10-30 09:00", 60), start=9),
                *visits("C1", ("2026-11-03 09:00", 60), start=7),
            )
        ]
    )
    agency.guichet("run")


def test_late_changes_join_the_next_main_invoice_when_asked(agency: Agency) -> None:
    agency.env["GUICHET_ADJUSTMENTS"] = "inline"
    agency.as_of = "2026-11-02T09:00"
    october(agency, "C1", "C2", "C3")
    close(agency)
    agency.as_of = "2026-11-15T09:00"
    late_changes(agency)
    drafts = {row["draft_id"]: row for row in agency.rows("draft_invoices")}
    assert euros(drafts["D-C1-202611-main"], "total_incl_vat") == amounts("13.00")
    lines = agency.rows("draft_invoice_lines", where="draft_id = 'D-C1-202611-main'", order="line_no")
    flagged = sorted((Decimal(str(row["amount"])), row["is_adjustment"]) for row in lines)
    assert flagged == [(Decimal("-39.00"), True), (Decimal("26.00"), False), (Decimal("26.00"), True)]
    controls = agency.rows("invoice_controls", where="draft_id = 'D-C1-202611-main'")
    assert "HP_AJUSTEMENT" in {row["code"] for row in controls}


def test_a_full_credit_note_frees_the_month_to_be_billed_again(agency: Agency) -> None:
    agency.as_of = "2026-11-02T09:00"
    october(agency, "C1", "C2")
    close(agency)
    number = agency.rows("invoices", where="client_id = 'C1'")[0]["invoice_number"]
    agency.as_of = "2026-11-10T09:00"
    agency.do("credit_notes.create", invoice_number=number, reason="Mauvais tarif", reinvoice=True)
    note = next(row for row in agency.rows("invoices") if row["kind"] == "credit_note")
    assert euros(note, "total_incl_vat") == amounts("-130.43")
    assert note["origin"] == number
    agency.load([agency.csv("contracts", contract("C1", price="25,00"))])
    agency.guichet("run")
    draft = agency.rows("draft_invoices")[0]
    # 37,50 + 61 min at 25,00 = 25,42 + 65,00
    assert (draft["draft_id"], draft["kind"], draft["replaces"]) == ("D-C1-202610-main", "main", number)
    assert euros(draft, "total_incl_vat") == amounts("127.92")
    close(agency)
    again = next(r for r in agency.rows("invoices", where="client_id = 'C1'") if r["replaces"] == number)
    assert again["status"] == "envoyee"
    balance = agency.rows("client_balances", where="client_id = 'C1'")[0]
    assert euros(balance, "client_total") == amounts("127.92")
    other = next(row for row in agency.rows("invoices", where="client_id = 'C2'"))
    refused = agency.do("credit_notes.create", code=None, invoice_number=other["invoice_number"], lines=[2],
                        reason="Visite non faite")  # fmt: skip
    assert len(refused["done"]) == 1
    part = next(r for r in agency.rows("invoices", where="client_id = 'C2'") if r["kind"] == "credit_note")
    assert euros(part, "total_incl_vat") == amounts("-26.43")
    agency.verify()


def test_two_processes_create_the_same_month_once(agency: Agency) -> None:
    agency.as_of = "2026-11-02T09:00"
    names = [f"C{n:02d}" for n in range(40)]
    october(agency, *names)
    command = ("do", "invoices.create", "--json", '{"period": "2026-10"}', "--format", "json", "--no-refresh")
    both = [agency.start(*command) for _ in range(2)]
    ends = [process.communicate(timeout=120) for process in both]
    import json

    results = [json.loads(out) for out, _ in ends]
    created = [item["client_id"] for result in results for item in result["done"]]
    assert sorted(created) == names, "each draft is created once"
    left_out = [item for result in results for item in result["failed"] + result["skipped"]]
    assert len(left_out) in (0, 40)
    assert all(item["reason"] for item in left_out)
    agency.guichet("run")
    assert len(agency.rows("invoices")) == 40
    agency.verify()
