"""Eligibility rule by rule, the body of a request to the cent, and clients to check. Spec 30."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.dbt.home_plus_agency import HomePlusAgency, line

AS_OF = "2026-11-21T12:00"
CONTRACT = {  # required fields of the public contract: a request, and its lines
    "idTiersFacturation",
    "numFactureTiers",
    "dateFacture",
    "dateDebutEmploi",
    "dateFinEmploi",
    "mntFactureTTC",
    "mntFactureHT",
    "dateNaissanceClient",
    "idClient",
    "inputPrestations",
}
LINE_CONTRACT = {
    "codeNature",
    "unite",
    "mntUnitaireTTC",
    "mntPrestationTTC",
    "mntPrestationHT",
    "mntPrestationTVA",
    "quantite",
}
FEE: dict[str, Any] = {"service_kind": "fee", "unit": "piece", "minutes": 0}
# invoice → (client, lines, more, failing rules)
CASES: dict[str, tuple[str, list[dict[str, Any]], dict[str, Any], set[str]]] = {
    "ok": ("bon", [line("50.00")], {}, set()),
    "sans-id": ("sans-id", [line("50.00")], {}, {"HP_SANS_IDENTIFIANT"}),
    "en-cours": ("en-cours", [line("50.00")], {}, {"HP_COMPTE_INACTIF"}),
    "sans-date": ("sans-date", [line("50.00")], {}, {"HP_COMPTE_INACTIF"}),
    "cheque": ("bon", [line("50.00")], {"payment_method": "cheque"}, {"HP_MOYEN_PAIEMENT"}),
    "naissance": ("naissance", [line("50.00")], {}, {"HP_NAISSANCE"}),
    "jour-meme": ("recent", [line("50.00", "2026-10-10")], {}, {"HP_AVANT_ACTIVATION"}),
    "lendemain": ("recent", [line("50.00", "2026-10-11")], {}, set()),
    "une-avant": (
        "recent",
        [line("50.00", "2026-10-20"), line("50.00", "2026-10-02")],
        {},
        {"HP_AVANT_ACTIVATION"},
    ),
    "negative": ("bon", [line("50.00"), line("-10.00")], {}, {"HP_LIGNE_NEGATIVE"}),
    "remise": (
        "bon",
        [line("50.00"), line("-5.00", service_kind="discount", minutes=0, unit="piece")],
        {},
        {"HP_LIGNE_NEGATIVE", "HP_REMISE"},
    ),
    "avoir": (
        "bon",
        [line("-50.00")],
        {"kind": "credit_note", "origin": "credite"},
        {"HP_AVOIR", "HP_LIGNE_NEGATIVE"},
    ),
    "credite": ("bon", [line("50.00")], {}, {"HP_AVOIR"}),
    "ajuste": ("bon", [line("50.00"), line("20.00", is_adjustment=True)], {}, {"HP_AJUSTEMENT"}),
    "adj": ("bon", [line("20.00", is_adjustment=True)], {"kind": "adj"}, set()),
    "deux-mois": ("bon", [line("50.00", "2026-09-30"), line("50.00", "2026-10-01")], {}, {"HP_MOIS_UNIQUE"}),
    "a-venir": ("bon", [line("50.00", "2026-11-22")], {"period": "2026-11"}, {"HP_MOIS_UNIQUE"}),
    "frais": ("bon", [line("50.00"), line("5.00", service_code="FRAIS_DEPLACEMENT", **FEE)], {}, set()),
    "autre-frais": ("bon", [line("50.00"), line("5.00", service_code="CADEAU", **FEE)], {}, {"HP_FRAIS"}),
    "frais-nature": (
        "bon",
        [line("50.00"), line("5.00", service_code="FRAIS_DEPLACEMENT", **FEE, home_plus_nature="30")],
        {},
        {"HP_FRAIS"},
    ),
    "frais-seul": ("bon", [line("5.00", service_code="FRAIS_DEPLACEMENT", **FEE)], {}, {"HP_FRAIS"}),
    "nature-270": ("bon", [line("50.00", home_plus_nature="270")], {}, {"HP_NATURE"}),
    "sans-nature": ("bon", [line("50.00", home_plus_nature=None)], {}, {"HP_NATURE"}),
    "finance": ("bon", [line("50.00", payer_share="30.00", client_share="20.00")], {}, {"HP_FINANCE"}),
    "direct": ("bon", [line("50.00", informative_payer_share="30.00")], {}, set()),
    "validee": ("bon", [line("50.00")], {"status": "validee"}, {"HP_STATUT"}),
    "brouillon": ("bon", [line("50.00")], {"status": "brouillon"}, {"HP_STATUT"}),
    "tout": (
        "naissance",
        [line("60.00", "2026-01-12"), line("-50.00", "2026-01-10", home_plus_nature=None)],
        {"payment_method": "carte"},
        {"HP_NAISSANCE", "HP_LIGNE_NEGATIVE", "HP_AVANT_ACTIVATION", "HP_NATURE", "HP_MOYEN_PAIEMENT"},
    ),
    "hors-home-plus": ("autre", [line("50.00", home_plus_nature=None)], {}, {"HP_SANS_IDENTIFIANT"}),
    "avec-adj-a-ventiler": ("ventile", [line("50.00")], {}, {"HP_AJUSTEMENT_A_VENTILER"}),
    "avec-adj-ventile": ("deja-ventile", [line("50.00")], {}, set()),
}


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomePlusAgency]:
    made = HomePlusAgency(
        tmp_path_factory.mktemp("controls") / "home", as_of=AS_OF, home_plus_third_party_id="l'agence"
    )
    made.home_plus_client("bon", first_name='Aline "Lili"')
    made.home_plus_client("sans-id", home_plus_id=None)
    made.home_plus_client("en-cours", home_plus_status="EN_COURS")
    made.home_plus_client("sans-date", home_plus_activated_on=None, home_plus_status=None)
    made.home_plus_client("naissance", birth_date=None)
    made.home_plus_client("recent", home_plus_activated_on="2026-10-10", home_plus_status=None)
    made.home_plus_client("ventile")
    made.home_plus_client("deja-ventile")
    made.home_plus_client("prelevement", payment_method="prelevement")
    made.home_plus_client("tout-neuf", payment_method="prelevement", home_plus_activated_on="2026-11-02")
    made.client("autre")
    for number, (client, lines, more, _) in CASES.items():
        made.invoice(number, client, *lines, **more)
    made.invoice("ADJ-1", "ventile", line("-12.00", is_adjustment=True), kind="adj")
    made.invoice("ADJ-2", "deja-ventile", line("-12.00", is_adjustment=True), kind="adj")
    made.allocated("A1", "deja-ventile", "ADJ-2", "avec-adj-ventile", "12.00", source="credit_note")
    made.visit("V1", "bon", "2026-11-03 08:00", "2026-11-03 10:00")  # a draft is checked too
    made.visit("V2", "cheque", "2026-11-03 08:00", "2026-11-03 10:00")
    made.home_plus_client("cheque", payment_method="cheque")

    made.invoice(
        "corps",
        "bon",
        line("26.00", "2026-10-05", 60, rate="26.00"),
        line("39.00", "2026-10-12", 90, rate="26.00"),
        line("17.33", "2026-10-13", 40, rate="26.00"),
        line("8.50", "2026-10-31", service_code="FRAIS_DEPLACEMENT", label="Déplacement « A/R »", **FEE),
    )
    made.run()
    yield made
    made.close()


@pytest.mark.parametrize("number", CASES)
def test_every_failing_rule_and_no_other(agency: HomePlusAgency, number: str) -> None:
    assert agency.codes(f"I-{number}") == CASES[number][3]


def test_messages_name_the_lines_and_the_dates(agency: HomePlusAgency) -> None:
    found = {
        (row["subject_id"], row["code"]): row["message"]
        for row in agency.rows("SELECT * FROM intermediate.int_home_plus__controls")
    }
    assert found["I-une-avant", "HP_AVANT_ACTIVATION"] == (
        "Activation le 10/10/2026 ; dates refusées : 02/10/2026."
    )
    assert found["I-negative", "HP_LIGNE_NEGATIVE"] == "Montant négatif, ligne(s) 2."
    assert "ADJ-1" in found["I-avec-adj-a-ventiler", "HP_AJUSTEMENT_A_VENTILER"]
    assert all(message and "null" not in message.lower() for message in found.values())


def test_a_draft_is_checked_with_the_clients_own_payment_method(agency: HomePlusAgency) -> None:
    assert agency.codes("D-bon-202611-main") == set()
    assert agency.codes("D-cheque-202611-main") == {"HP_MOYEN_PAIEMENT"}


def test_the_list_of_invoices_says_all_the_reasons(agency: HomePlusAgency) -> None:
    rows = {row["invoice_number"]: row for row in agency.rows("SELECT * FROM marts.home_plus_invoices")}
    assert {"brouillon", "sans-id", "hors-home-plus"}.isdisjoint(rows)
    assert rows["ok"]["eligible"] and rows["ok"]["reasons"] is None
    assert rows["avec-adj-a-ventiler"]["eligible"], "an alert does not refuse"
    everything = rows["tout"]
    assert not everything["eligible"]
    assert set(everything["codes"].split(",")) == CASES["tout"][3]
    assert len(everything["reasons"].split("; ")) >= len(CASES["tout"][3])


def test_only_what_may_be_asked_has_a_body(agency: HomePlusAgency) -> None:
    bodies = {row["invoice_number"] for row in agency.rows("SELECT * FROM marts.home_plus_request_bodies")}
    expected = {
        number
        for number, (client, _, _, codes) in CASES.items()
        if not codes - {"HP_AJUSTEMENT_A_VENTILER"} and client != "autre"
    }
    assert bodies == expected | {"corps"}


def test_the_body_is_the_contracts_and_its_sums_hold(agency: HomePlusAgency) -> None:
    text = agency.one("SELECT * FROM marts.home_plus_request_bodies WHERE invoice_number = 'corps'")[
        "request"
    ]
    body = json.loads(text, parse_float=Decimal)
    assert set(body) >= CONTRACT
    assert (body["idTiersFacturation"], body["idClient"]) == ("l'agence", "HP-bon")
    assert (body["dateNaissanceClient"], body["dateFacture"]) == (
        "1950-05-20T00:00:00Z",
        "2026-11-02T00:00:00Z",
    )
    assert (body["dateDebutEmploi"], body["dateFinEmploi"]) == (
        "2026-10-05T00:00:00Z",
        "2026-10-31T00:00:00Z",
    )
    assert str(body["mntFactureTTC"]) == "90.83"
    lines = body["inputPrestations"]
    assert all(set(entry) >= LINE_CONTRACT for entry in lines)
    assert [
        (e["unite"], str(e["quantite"]), str(e["mntUnitaireTTC"]), str(e["mntPrestationTTC"])) for e in lines
    ] == [
        ("HEURE", "2.50", "26.00", "65.00"),
        ("FORFAIT", "1.00", "17.33", "17.33"),
        ("FORFAIT", "1.00", "8.50", "8.50"),
    ]
    for entry in lines:
        assert entry["quantite"] * entry["mntUnitaireTTC"] == entry["mntPrestationTTC"]
        assert entry["mntPrestationHT"] + entry["mntPrestationTVA"] == entry["mntPrestationTTC"]
        assert entry["complement2"] == "SIR73282932000074"
        assert "codeActivite" not in entry
    assert sum(entry["mntPrestationTTC"] for entry in lines) == body["mntFactureTTC"]
    assert sum(entry["mntPrestationHT"] for entry in lines) == body["mntFactureHT"]


def test_clients_to_check(agency: HomePlusAgency) -> None:
    found = {
        (row["client_id"], row["code"])
        for row in agency.rows("SELECT * FROM marts.home_plus_clients_to_check")
    }
    assert found == {
        ("prelevement", "HP_MOYEN_PAIEMENT"),
        ("cheque", "HP_MOYEN_PAIEMENT"),
        ("naissance", "HP_NAISSANCE"),
        ("en-cours", "HP_COMPTE_INACTIF"),
        ("sans-date", "HP_COMPTE_INACTIF"),
    }
