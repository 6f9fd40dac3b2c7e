"""A credit note takes whole lines back, once, and frees what it must and nothing else."""

from __future__ import annotations

from decimal import Decimal

import pytest

from console.actions.registry import Refused
from console.journal.events import LINE_COLUMNS
from console.journal.store import Journal
from console.journal.verify import verify
from tests.actions.conftest import Act
from tests.actions.marts import FakeWarehouse


def last_created(journal: Journal):
    return list(journal.events(kinds=["billing.invoice_created"]))[-1]


def test_a_full_credit_note_is_the_opposite_of_its_invoice(act: Act, issued, journal: Journal, clocked):
    number = issued("C1", ["52.00", "26.01"], payer_shares=["38.40", "0.00"])
    result = act("credit_notes.create", invoice_number=number, reason="Erreur de tarif")
    assert result.done[0]["invoice_number"] == "A2026-000001"
    assert result.done[0]["total_incl_vat"] == "-78.01"
    said = last_created(journal).data
    assert (said["invoice_kind"], said["origin"], said["reason"]) == (
        "credit_note",
        number,
        "Erreur de tarif",
    )
    assert (said["payer_total"], said["client_total"]) == ("-38.40", "-39.61")
    assert said["released_seqs"] == []
    first = dict(zip(LINE_COLUMNS, said["lines"][0], strict=True))
    assert (first["source"], first["reversed_line_no"], first["minutes"]) == ("reversal", 1, -120)
    assert (first["quantity"], first["rate"], first["amount"]) == ("-2.0000", "26.00", "-52.00")
    assert first["informative_payer_share"] == "0.00"  # never « -0.00 »
    assert Decimal(first["excl_vat"]) + Decimal(first["vat"]) == Decimal("-52.00")
    assert all(check.ok for check in verify(clocked))


def test_a_line_is_credited_once_and_the_credit_note_is_named(act: Act, issued):
    number = issued("C1", ["10.00", "20.00", "30.00"])
    act("credit_notes.create", invoice_number=number, lines=[2], reason="x")
    with pytest.raises(Refused, match="La ligne 2 est déjà annulée par l'avoir A2026-000001"):
        act("credit_notes.create", invoice_number=number, lines=[1, 2], reason="x")
    rest = act("credit_notes.create", invoice_number=number, reason="x")
    assert rest.done[0]["total_incl_vat"] == "-40.00"
    with pytest.raises(Refused, match="déjà entièrement annulée"):
        act("credit_notes.create", invoice_number=number, reason="x")


def test_reinvoicing_frees_the_interventions_and_only_whole(act: Act, issued, warehouse: FakeWarehouse):
    number = issued("C1", ["10.00", "20.00"])
    with pytest.raises(Refused, match="avoir total"):
        act("credit_notes.create", invoice_number=number, lines=[1], reason="x", reinvoice=True)
    act("credit_notes.create", invoice_number=number, reason="x", reinvoice=True)
    warehouse.connection.execute("delete from marts.draft_invoices; delete from marts.draft_invoice_lines")
    draft = warehouse.draft("C1", ["10.00", "21.00"], suffix="adj1", replaces=number)
    assert [one["id"] for one in act("invoices.create", draft_ids=[draft]).done] == [draft]


def test_reinvoicing_after_a_partial_credit_would_bill_it_again(act: Act, issued):
    number = issued("C1", ["10.00", "20.00"])
    act("credit_notes.create", invoice_number=number, lines=[1], reason="geste")
    with pytest.raises(Refused, match=r"Refacturer n'est plus possible.*A2026-000001"):
        act("credit_notes.create", invoice_number=number, reason="x", reinvoice=True)


def test_what_cannot_be_credited_says_why(act: Act, issued, warehouse: FakeWarehouse):
    number = issued("C1", ["10.00"])
    draft = act("invoices.create", draft_ids=[warehouse.draft("C2", ["10.00"])]).done[0]["invoice_id"]
    credit = act("credit_notes.create", invoice_number=number, reason="x").done[0]["invoice_number"]
    for wanted, said in (
        ({"invoice_number": "F1"}, "Aucune facture"),
        ({"invoice_id": draft}, "n'est pas validée"),
        ({"invoice_number": credit}, "est déjà un avoir"),
        ({"invoice_number": number, "lines": [7]}, "n'a pas de ligne 7"),
        ({"invoice_number": number, "lines": []}, "au moins une ligne"),
        ({}, "Indiquez la facture"),
    ):
        with pytest.raises(Refused, match=said):
            act("credit_notes.create", reason="x", **wanted)


def test_a_refused_credit_note_uses_no_number(act: Act, issued):
    first, second = issued("C1", ["10.00"]), issued("C2", ["10.00"])
    act("credit_notes.create", invoice_number=first, reason="x")
    with pytest.raises(Refused):
        act("credit_notes.create", invoice_number=first, reason="x")
    again = act("credit_notes.create", invoice_number=second, reason="x")
    assert again.done[0]["invoice_number"] == "A2026-000002"


def test_a_credit_settles_an_invoice_up_to_what_is_left_on_both(act: Act, issued, clocked):
    credited, other, foreign = (
        issued("C1", ["50.00"]),
        issued("C1", ["30.00"], suffix="b", version=2),
        issued("C2", ["90.00"]),
    )
    credit = act("credit_notes.create", invoice_number=credited, reason="x").done[0]["invoice_number"]

    def settle(number: str, amount: str | None = None, source: str = credit):
        return act("invoices.allocate_adjustment", credit_number=source, invoice_number=number, amount=amount)

    with pytest.raises(Refused, match="pas du même client"):
        settle(foreign)
    with pytest.raises(Refused, match=r"30,00.*à régler sur la facture"):
        settle(other, "30.01")
    with pytest.raises(Refused, match="ni un avoir"):
        settle(other, source=credited)
    with pytest.raises(Refused, match="ne reçoit pas"):
        settle(credit)
    assert settle(other).done[0]["amount"] == "30.00"
    with pytest.raises(Refused, match="ne doit plus rien"):
        settle(other)
    with pytest.raises(Refused, match="que 20,00"):
        settle(credited, "20.01")
    assert settle(credited, "20,00").done[0]["amount"] == "20.00"
    with pytest.raises(Refused, match="entièrement utilisé"):
        settle(credited)
    assert all(check.ok for check in verify(clocked))


def test_a_negative_adjustment_settles_its_month(act: Act, issued):
    main = issued("C1", ["50.00"])
    warning = issued("C1", ["-20.00"], kind="adj", suffix="adj1", version=2)
    assert warning == "A2026-000001"
    result = act("invoices.allocate_adjustment", credit_number=warning, invoice_number=main)
    assert result.done[0]["amount"] == "20.00"
