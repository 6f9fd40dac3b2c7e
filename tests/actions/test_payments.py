"""Money received settles invoices: never more than is due, never more than was paid."""

from __future__ import annotations

import pytest

from console.actions.registry import Refused
from console.journal.store import Journal
from console.journal.verify import verify
from tests.actions.conftest import Act
from tests.actions.marts import FakeWarehouse


@pytest.fixture
def paid(act: Act, warehouse: FakeWarehouse):
    warehouse.client("C1")

    def call(amount: str, **options) -> str:
        values = {"received_on": "2026-11-03", "emitter": "client", "client_id": "C1", **options}
        return act("payments.record", amount=amount, **values).done[0]["payment_id"]

    return call


def shares(result) -> list[tuple[str, str]]:
    return [(one["invoice_number"], one["amount"]) for one in result.done]


def test_the_exact_amount_finds_its_invoice_before_the_oldest(act: Act, issued, paid, clocked):
    old = issued("C1", ["50.00"])
    clocked.as_of = "2026-11-05T10:00:00"
    exact = issued("C1", ["30.00"], suffix="b", version=2)
    assert shares(act("payments.allocate", payment_id=paid("30.00"))) == [(exact, "30.00")]
    assert shares(act("payments.allocate", payment_id=paid("20"))) == [(old, "20.00")]


def test_otherwise_the_oldest_due_first_and_the_rest_stays(act: Act, issued, paid, clocked):
    old = issued("C1", ["50.00"])
    clocked.as_of = "2026-11-05T10:00:00"
    new = issued("C1", ["30.00"], suffix="b", version=2)
    payment = paid("100,00")
    result = act("payments.allocate", payment_id=payment)
    assert shares(result) == [(old, "50.00"), (new, "30.00")]
    assert "20,00" in result.message
    assert shares(act("payments.allocate", payment_id=payment)) == []
    assert all(check.ok for check in verify(clocked))


def test_never_more_than_is_due_nor_than_was_paid(act: Act, issued, paid):
    first, second = issued("C1", ["50.00"]), issued("C1", ["30.00"], suffix="b", version=2)
    foreign = issued("C2", ["10.00"])
    payment = paid("60.00")
    result = act(
        "payments.allocate",
        payment_id=payment,
        allocations=[
            {"invoice_number": first, "amount": "50.01"},
            {"invoice_number": first, "amount": "40.00"},
            {"invoice_number": first, "amount": "10.01"},
            {"invoice_number": second, "amount": "20.01"},
            {"invoice_number": second, "amount": "20.00"},
            {"invoice_number": foreign, "amount": "1.00"},
            {"invoice_number": "F0", "amount": "1.00"},
        ],
    )
    assert shares(result) == [(first, "40.00"), (second, "20.00")]
    assert [one["id"] for one in result.failed] == [first, first, second, foreign, "F0"]
    assert (
        "10,00" in result.failed[1]["reason"] and "à ventiler sur ce règlement" in result.failed[2]["reason"]
    )


def test_taking_an_allocation_back_opens_both_sides_again(act: Act, issued, paid, clocked):
    number = issued("C1", ["50.00"])
    payment = paid("50.00")
    allocation = act("payments.allocate", payment_id=payment).done[0]["allocation_id"]
    assert (
        act("payments.unallocate", allocation_id=allocation, reason="erreur").done[0]["invoice_number"]
        == number
    )
    with pytest.raises(Refused, match="déjà annulée"):
        act("payments.unallocate", allocation_id=allocation)
    with pytest.raises(Refused, match="Aucune ventilation"):
        act("payments.unallocate", allocation_id="L-rien")
    assert shares(act("payments.allocate", payment_id=payment)) == [(number, "50.00")]
    assert all(check.ok for check in verify(clocked))


def test_the_payer_pays_its_part_only(act: Act, issued, clocked):
    number = issued("C1", ["50.00"], payer_shares=["40.00"])
    recorded = act(
        "payments.record", received_on="2026-11-03", amount="45", emitter="organisme", payer_id="P1"
    ).done[0]["payment_id"]
    with pytest.raises(Refused, match="automatique"):
        act("payments.allocate", payment_id=recorded)
    result = act(
        "payments.allocate",
        payment_id=recorded,
        allocations=[
            {"invoice_number": number, "amount": "40.01"},
            {"invoice_number": number, "amount": "40.00"},
            {"invoice_number": number, "amount": "5.00", "part": "client"},
        ],
    )
    assert shares(result) == [(number, "40.00"), (number, "5.00")]
    assert "part de l'organisme" in result.failed[0]["reason"]
    assert all(check.ok for check in verify(clocked))


def test_what_the_warehouse_derives_counts_too(
    act: Act, issued, paid, warehouse: FakeWarehouse, journal: Journal
):
    """A Home+ transfer has settled 40 € of the invoice by itself; a file brought the payment."""
    number = issued("C1", ["50.00"])
    warehouse.put(
        "allocations",
        allocation_id="HP",
        source="payment",
        source_id="PHP",
        invoice_number=number,
        part="client",
        amount="40.00",
    )
    warehouse.put(
        "payments",
        payment_id="PF",
        received_on="2026-11-02",
        amount="99.00",
        emitter="client",
        client_id="C1",
        status="recu",
    )
    warehouse.put(
        "payments",
        payment_id="PA",
        received_on="2026-11-30",
        amount="99.00",
        emitter="home_plus",
        client_id="C1",
        status="annonce",
    )
    assert shares(act("payments.allocate", payment_id="PF")) == [(number, "10.00")]
    with pytest.raises(Refused, match="pas encore reçu"):
        act("payments.allocate", payment_id="PA")
    act("payments.unallocate", allocation_id="HP")
    assert shares(act("payments.allocate", payment_id="PF")) == [(number, "40.00")]


def test_a_payment_is_recorded_once(act: Act, paid):
    payment = paid("50.00", payment_id="VIR-1")
    assert payment == "VIR-1"
    same = {"received_on": "2026-11-03", "emitter": "client", "client_id": "C1", "payment_id": "VIR-1"}
    assert act("payments.record", amount="50", **same).skipped[0]["reason"] == "règlement déjà enregistré"
    with pytest.raises(Refused, match="un autre règlement"):
        act("payments.record", amount="51", **same)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "1.005"}, "amount"),
        ({"amount": "dix"}, "amount"),
        ({"received_on": "2026-02-30"}, "received_on"),
        ({"client_id": None}, "Indiquez le client"),
        ({"client_id": "C404"}, "Aucun client"),
        ({"emitter": "organisme"}, "Indiquez l'organisme"),
        ({"inconnu": 1}, "n'est pas un paramètre connu"),
    ],
)
def test_a_wrong_payment_is_refused_in_one_sentence(act: Act, warehouse: FakeWarehouse, change, said: str):
    warehouse.client("C1")
    values = {"received_on": "2026-11-03", "amount": "5", "emitter": "client", "client_id": "C1", **change}
    with pytest.raises(Refused, match=said):
        act("payments.record", **values)


def test_an_unknown_payment_is_refused(act: Act):
    with pytest.raises(Refused, match="Aucun règlement"):
        act("payments.allocate", payment_id="P0")
