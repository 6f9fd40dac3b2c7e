"""Who has paid what: receipts of Home+ and their allocation, explicit allocations, balances (spec 30, 40)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.dbt.home_plus_agency import HomePlusAgency, line

AS_OF = "2026-11-21T12:00"


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomePlusAgency]:
    made = HomePlusAgency(tmp_path_factory.mktemp("settlement") / "home", as_of=AS_OF)
    for client in (
        "payee",
        "annonce",
        "sans-detail",
        "deja",
        "deux-fois",
        "ventile",
        "fichier",
        "finance",
        "repris",
        "brouillon",
        "double",
    ):
        made.home_plus_client(client)
    for client in ("payee", "annonce", "sans-detail", "deja", "deux-fois", "fichier", "repris", "double"):
        made.invoice(f"F-{client}", client)

    made.told("F-payee", "payee", "2026-11-10", transfer_amount="50.00", transfer_date="2026-11-12")
    made.told("F-annonce", "payee", "2026-11-20", transfer_amount="50.00", transfer_date="2026-11-22")
    made.told("F-sans-detail", "payee", "2026-11-20")

    made.paid(
        "P-deja", "deja", "30.00"
    )  # a part was already settled: Home+ pays the whole, 30 is the client's
    made.allocated("A-deja", "deja", "P-deja", "F-deja", "30.00")
    made.told("F-deja", "payee", "2026-11-20", transfer_amount="50.00", transfer_date="2026-11-20")

    made.told("F-deux-fois", "payee", "2026-11-10", transfer_amount="50.00", transfer_date="2026-11-10")
    made.told("F-deux-fois", "impaye", "2026-11-12")
    made.told("F-deux-fois", "payee", "2026-11-14", transfer_amount="50.00", transfer_date="2026-11-14")

    made.invoice("F-ventile", "ventile")
    made.invoice("A-ventile", "ventile", line("-12.00", is_adjustment=True), kind="adj")
    made.allocated("V-ventile", "ventile", "A-ventile", "F-ventile", "12.00", source="credit_note")

    made.add(
        "payments",
        payment_id="P-fichier",
        received_on="2026-11-10",
        amount="50.00",
        emitter="client",
        client_id="fichier",
        reference="F-fichier",
    )
    made.add(
        "payments",
        payment_id="P-annule",
        received_on="2026-11-10",
        amount="50.00",
        emitter="client",
        client_id="fichier",
        status="annule",
    )

    made.invoice("F-finance", "finance", line("50.00", payer_share="30.00", client_share="20.00"))
    made.paid("P-organisme", "finance", "30.00", emitter="organisme", payer_id="P1")
    made.allocated("A-organisme", "finance", "P-organisme", "F-finance", "30.00", part="payer")

    made.paid("P-repris", "repris", "50.00")
    made.allocated("A-repris", "repris", "P-repris", "F-repris", "50.00")
    made.taken_back("A-repris", "repris")

    made.home_plus_client("sans-facture")
    made.invoice("F-brouillon", "sans-facture", status="brouillon")
    made.told("F-double", "payee", "2026-11-10", transfer_amount="50.00", transfer_date="2026-11-10")
    made.add(
        "payments",
        payment_id="P-double",
        received_on="2026-11-10",
        amount="50.00",
        emitter="home_plus",
        client_id="double",
        reference="F-double",
    )
    made.paid("P-saisi", "repris", "10.00")
    made.add(
        "payments",
        payment_id="P-saisi",
        received_on="2026-11-10",
        amount="11.00",
        emitter="client",
        client_id="repris",
    )
    made.invoice(
        "F-annulee", "brouillon"
    )  # its payment came by file, was allocated, then cancelled by the file
    made.allocated("A-annule", "brouillon", "P-annule", "F-annulee", "50.00")
    made.paid("P-trop", "brouillon", "5.00")
    made.allocated("A-trop", "brouillon", "P-trop", "F-annulee", "6.00")
    made.run()
    yield made
    made.close()


def paid(agency: HomePlusAgency, number: str) -> tuple[str, str, str]:
    row = agency.one("SELECT * FROM marts.invoices WHERE invoice_number = ?", number)
    return str(row["client_paid"]), str(row["client_due"]), row["client_payment_state"]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("F-payee", ("50.00", "0.00", "regle")),
        ("F-annonce", ("0.00", "50.00", "a_regler")),  # announced is not paid
        ("F-sans-detail", ("50.00", "0.00", "regle")),
        ("F-deja", ("50.00", "0.00", "regle")),
        ("F-deux-fois", ("50.00", "0.00", "regle")),
        ("F-ventile", ("12.00", "38.00", "partiel")),
        ("A-ventile", ("-12.00", "0.00", "regle")),
        ("F-fichier", ("0.00", "50.00", "a_regler")),
        ("F-finance", ("0.00", "20.00", "a_regler")),
        ("F-repris", ("0.00", "50.00", "a_regler")),
        ("F-annulee", ("6.00", "44.00", "partiel")),  # a cancelled payment settles nothing
    ],
)
def test_what_is_paid_and_due(agency: HomePlusAgency, number: str, expected: tuple[str, str, str]) -> None:
    assert paid(agency, number) == expected


def test_the_payers_part_is_apart(agency: HomePlusAgency) -> None:
    row = agency.one("SELECT * FROM marts.invoices WHERE invoice_number = 'F-finance'")
    assert (str(row["payer_paid"]), row["payer_payment_state"]) == ("30.00", "regle")


def test_each_payment_says_what_is_left_of_it(agency: HomePlusAgency) -> None:
    rows = agency.rows("SELECT * FROM marts.payments")
    found = {
        row["payment_id"]: (row["source"], row["status"], str(row["amount"]), str(row["unallocated"]))
        for row in rows
    }
    assert found == {
        "HP-F-payee-1": ("home_plus", "recu", "50.00", "0.00"),
        "HP-F-annonce-1": ("home_plus", "annonce", "50.00", "50.00"),
        "HP-F-sans-detail-1": ("home_plus", "recu", "50.00", "0.00"),
        "HP-F-deja-1": ("home_plus", "recu", "50.00", "30.00"),
        "HP-F-deux-fois-1": ("home_plus", "recu", "50.00", "0.00"),
        "HP-F-deux-fois-2": (
            "home_plus",
            "recu",
            "50.00",
            "50.00",
        ),  # until the first is reversed, in the open
        "HP-F-double-1": ("home_plus", "recu", "50.00", "0.00"),
        "P-deja": ("console", "recu", "30.00", "0.00"),
        "P-fichier": ("fichier", "recu", "50.00", "50.00"),
        "P-organisme": ("console", "recu", "30.00", "0.00"),
        "P-repris": ("console", "recu", "50.00", "50.00"),
        "P-double": ("fichier", "recu", "50.00", "50.00"),
        "P-saisi": ("console", "recu", "10.00", "10.00"),
        "P-trop": ("console", "recu", "5.00", "-1.00"),
    }


def test_money_that_does_not_fit_is_shown(agency: HomePlusAgency) -> None:
    found = agency.rows("SELECT code, entity_id, message FROM marts.anomalies WHERE source = 'settlement'")
    assert {(row["code"], row["entity_id"]) for row in found} == {
        ("HP_VIREMENT_EN_DOUBLE", "P-double"),
        ("REGLEMENT_EN_DOUBLE", "P-saisi"),
        ("VENTILATION_SANS_REGLEMENT", "P-annule"),
        ("VENTILATION_EXCESSIVE", "P-trop"),
    }
    assert all(row["message"] for row in found)


@pytest.mark.parametrize(
    ("client", "total", "paid_so_far", "net"),
    [
        ("payee", "50.00", "50.00", "0.00"),
        ("annonce", "50.00", "0.00", "50.00"),
        ("deja", "50.00", "80.00", "-30.00"),
        ("ventile", "38.00", "0.00", "38.00"),
        ("fichier", "50.00", "50.00", "0.00"),
        ("finance", "20.00", "0.00", "20.00"),
    ],
)
def test_the_balance_of_a_client(
    agency: HomePlusAgency, client: str, total: str, paid_so_far: str, net: str
) -> None:
    row = agency.one("SELECT * FROM marts.client_balances WHERE client_id = ?", client)
    assert (row["client_total"], row["paid"], row["net_to_pay"]) == (
        Decimal(total),
        Decimal(paid_so_far),
        Decimal(net),
    )


def test_a_draft_owes_nothing(agency: HomePlusAgency) -> None:
    assert agency.rows("SELECT 1 FROM marts.client_balances WHERE client_id = 'sans-facture'") == []
    row = agency.one("SELECT * FROM marts.client_balances WHERE client_id = 'finance'")
    assert str(row["total_invoiced"]) == "50.00"
