"""What the sandbox payer refuses, by the code it refuses with."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from console.sandbox.clients import PayerClient, load_clients, road_of, state_after
from console.sandbox.rules import check
from tests.gateways.support import body

TODAY = date(2026, 11, 21)
KNOWN = PayerClient("11000000000001", "1944-08-07", "2025-07-03", "OK", "accept")


def codes(text: str, client: PayerClient | None = KNOWN, listed: bool = True) -> list[str]:
    return [one["code"] for one in check(json.loads(text, parse_float=Decimal), client, listed, TODAY)]


def test_a_sound_request_is_accepted() -> None:
    assert codes(body("F1")) == []
    assert codes(body("F1", codeActivite="01", mntAcompte=Decimal("10.00"))) == []
    assert codes(body("F1", complement2="SIR91990005000015")) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"dateNaissanceClient": None}, "ERREUR_VALIDATION"),
        ({"idTiersFacturation": ""}, "ERREUR_VALIDATION"),
        ({"inputPrestations": []}, "ERREUR_VALIDATION"),
        ({"inputPrestations": "deux"}, "ERREUR_VALIDATION"),
        ({"quantite": None}, "ERREUR_VALIDATION"),
        ({"dateNaissanceClient": "1944-08-08T00:00:00Z"}, "ERR_PARTICULIER_INCONNU"),
        ({"dateFacture": "2026-11-22T00:00:00Z"}, "ERR_DATE_FUTUR"),
        ({"dateFinEmploi": "2026-10-04T00:00:00Z"}, "ERR_DATE_FIN_AVANT_DATE_DEB"),
        ({"dateFinEmploi": "2026-11-05T00:00:00Z"}, "ERR_PERIODE_EMPLOI_MOIS_NON_UNIQUE"),
        ({"dateFacture": "hier"}, "ERR_FORMAT_VALEUR"),
        ({"mntFactureTTC": Decimal("54.81")}, "ERR_TOTAL_PRESTATIONS"),
        ({"mntFactureHT": Decimal("49.81")}, "ERR_TOTAL_PRESTATIONS"),
        ({"mntFactureTTC": Decimal("54.805")}, "ERR_FORMAT_VALEUR"),
        ({"mntFactureTTC": "54.80"}, "ERR_FORMAT_VALEUR"),
        ({"quantite": "2"}, "ERR_FORMAT_VALEUR"),
        ({"unite": "JOUR"}, "ERR_FORMAT_VALEUR"),
        ({"quantite": Decimal("2.01")}, "ERR_MNT_PREST_TTC"),
        ({"mntPrestationTVA": Decimal("4.99")}, "ERR_MNT_PREST_HT_TVA"),
        ({"mntPrestationHT": Decimal("-1.00")}, "ERR_VALEUR_NEGATIVE"),
        ({"codeNature": "270"}, "ERR_CODE_NATURE"),
        ({"codeNature": "jardin"}, "ERR_CODE_NATURE"),
        ({"codeActivite": "activité"}, "ERR_CODE_ACTIVITE"),
        ({"complement2": None}, "ERR_NUMINTERVENANT_MANQUANT"),
        ({"complement2": "SAP12"}, "ERR_FORMAT_NUMINTERVENANT"),
        ({"mntAcompte": Decimal("60.00")}, "ERR_MONTANT_ACOMPTE"),
    ],
)
def test_each_rule_has_its_code(changes: dict[str, Any], code: str) -> None:
    assert code in codes(body("F1", **changes))


def test_too_many_lines() -> None:
    request = json.loads(body("F1"), parse_float=Decimal)
    request["inputPrestations"] *= 1001
    assert check(request, KNOWN, True, TODAY)[0]["code"] == "ERR_NBRE_PREST_MAX"


@pytest.mark.parametrize(
    ("client", "code"),
    [
        (None, "ERR_PARTICULIER_INCONNU"),
        (PayerClient("1", None, None, "BLOQUE", "accept"), "ERR_CMPT_BLOQUE"),
        (PayerClient("1", None, None, "MANDAT_ECHU", "accept"), "ERR_MANDAT_ECHU"),
        (PayerClient("1", None, None, "EN_COURS", "accept"), "ERR_LIEN_PARTICULIER_PRESTATAIRE"),
        (PayerClient("1", None, "2026-10-06", "OK", "accept"), "ERR_LIEN_PARTICULIER_PRESTATAIRE"),
        (PayerClient("1", None, None, "OK", "refuse:ERR_ACOMPTE_BLOQUE"), "ERR_ACOMPTE_BLOQUE"),
    ],
)
def test_what_the_payer_knows_of_the_client(client: PayerClient | None, code: str) -> None:
    assert codes(body("F1"), client) == [code]


def test_without_a_list_everybody_is_known() -> None:
    assert codes(body("F1"), None, listed=False) == []


@pytest.mark.parametrize(
    ("behaviour", "hours", "state"),
    [
        ("accept", 0, "10"), ("accept", 1, "20"), ("accept", 48.9, "20"), ("accept", 49, "30"),
        ("accept", 73, "50"), ("accept", 169, "70"), ("no_answer", 9999, "20"),
        ("refuse:CONTEST_ERR_FACT", 6, "40"), ("refuse:ANNUL_AUTRE", 6, "110"), ("debit_refused", 170, "60"),
        ("cancelled_by_client", 6, ""), ("paid_then_refused", 500, "60"), ("unknown_status", 6, "77"),
    ],
)  # fmt: skip
def test_the_road_of_each_behaviour(behaviour: str, hours: float, state: str) -> None:
    assert state_after(behaviour, hours)[0] == state


@pytest.mark.parametrize(
    "content",
    [
        [], {"clients": {}}, {"clients": [{"idClient": ""}]},
        {"clients": [{"idClient": "1", "statut": "MORT"}]},
        {"clients": [{"idClient": "1", "comportement": "dort"}]},
        {"clients": [{"idClient": "1", "comportement": "refuse:RIEN"}]},
        {"clients": [{"idClient": "1", "dateNaissance": "07/08/1944"}]},
    ],
)  # fmt: skip
def test_a_wrong_list_of_clients_is_refused_in_french(content: Any) -> None:
    with pytest.raises(ValueError, match=r"[Cc]lient|Comportement"):
        load_clients(content)


def test_the_roads_only_use_states_that_have_a_label() -> None:
    from console.sandbox.clients import LABELS, ROADS

    assert {code for road in ROADS.values() for _, code in road} <= set(LABELS)
    for name in ROADS:
        hours = [hour for hour, _ in road_of(name)]
        assert hours == sorted(hours), name
