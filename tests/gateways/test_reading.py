"""Answers taken apart without a network: what the payer may say, and what must not be believed."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest

from console.gateways.home_plus import (
    HomePlus,
    NotConfigured,
    money,
    read_request,
    read_search,
    without_echo,
)
from console.gateways.http import Exchange
from console.sandbox.server import SandboxServer
from tests.gateways.support import body, settings_for

PARIS = ZoneInfo("Europe/Paris")


def answered(content: object, status: int = 200) -> Exchange:
    text = content if isinstance(content, str) else json.dumps(content)
    return Exchange("answered", status, "", text, None if status == 200 else f"HTTP_{status}")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (54.8, "54.80"),
        ("54.80", "54.80"),
        (54, "54.00"),
        ("54,80", None),
        (54.805, None),
        (True, None),
        ({}, None),
    ],
)
def test_an_amount_has_two_decimals_or_is_none(value: object, text: str | None) -> None:
    assert money(value) == text


@pytest.mark.parametrize("content", ["", "null", "[]", "[null]", '"ok"', "{", "<html>", '[{"statut": "10"}]'])
def test_an_answer_that_says_nothing_of_an_invoice_leaves_it_unknown(content: str) -> None:
    answer = read_request(answered(content), ["F1", "F2"])
    assert {item.outcome for item in answer.items.values()} == {"unknown"}


def test_an_item_about_somebody_else_is_not_ours() -> None:
    answer = read_request(
        answered([{"numFactureTiers": "F9", "idDemandePaiement": "1", "statut": "10"}]), ["F1"]
    )
    assert list(answer.items) == ["F1"] and answer.items["F1"].outcome == "unknown"


def test_an_item_without_number_is_read_by_its_place() -> None:
    answer = read_request(
        answered([{"idDemandePaiement": "1"}, {"errors": [{"code": "ERR_MANDAT_ECHU"}]}]), ["A", "B"]
    )
    assert (answer.items["A"].outcome, answer.items["B"].error_code) == ("ok", "ERR_MANDAT_ECHU")


def test_all_errors_are_told_and_the_first_is_the_code() -> None:
    errors = [{"code": "E1", "description": "un"}, {"code": "E2", "message": "deux"}, "trois", {}]
    answer = read_request(answered(errors, 400), ["F1"])
    assert answer.items["F1"].error_code == "E1"
    assert answer.items["F1"].message == "E1 : un ; E2 : deux"


def test_nothing_found_is_an_answer_but_a_technical_error_is_not() -> None:
    for exchange in (
        answered({"errors": [{"code": "ERR_RECHERCHE_VIDE"}]}),
        answered([{"code": "ERR_RECHERCHE_VIDE"}], 400),
        answered({"infoDemandePaiements": []}),
    ):
        found = read_search(exchange, "search", PARIS)
        assert found.usable and found.items == {}
    failed = read_search(answered({"errors": [{"code": "ERREUR_TECHNIQUE"}]}), "search", PARIS)
    assert not failed.usable


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2026-11-20T00:00:00Z", "2026-11-20"),
        ("2026-11-20", "2026-11-20"),
        ("2026-11-20T23:00:00Z", "2026-11-21"),  # midnight in Paris
        ("2026-11-20T00:00:00.000+01:00", "2026-11-20"),
        ("bientôt", None),
    ],
)
def test_the_day_of_a_transfer(said: str, day: str | None) -> None:
    info = {"demandePaiement": {"numFactureTiers": "F1"}, "infoVirement": {"dateVirement": said}}
    answer = read_search(answered({"infoDemandePaiements": [info]}), "poll", PARIS)
    assert answer.items["F1"].transfer_date == day


def test_the_echo_is_taken_out_and_nothing_else() -> None:
    before, after = '{"infoDemandePaiements":[{"demandePaiement":{"mntFactureTTC":54.80,', '},"x":1.10}]}'
    echoed = before + '"inputPrestations":[{"quantite":2.0}]' + after
    assert without_echo(echoed) == before + '"inputPrestations":[]' + after
    assert without_echo("<html>") == "<html>"


def test_search_by_identifier_by_dates_and_the_state_of_a_client(tmp_path) -> None:
    clients = {
        "clients": [{"idClient": "1", "statut": "BLOQUE", "dateActivation": "2025-07-03"}, {"idClient": "2"}]
    }
    with SandboxServer(tmp_path, clients=clients) as payer:
        api = HomePlus(settings_for(tmp_path, payer.url))
        taken = api.request({"F1": body("F1", client="2")}).items["F1"]
        assert list(api.search_ids([taken.request_id or ""]).items) == ["F1"]
        assert list(api.search_dates("2026-11-01", "2026-11-30").items) == ["F1"]
        assert api.search_dates("2026-10-01", "2026-10-31").items == {}
        state = api.client_state("1")
        assert (state.found, state.status_code, state.activated_on) == (True, "BLOQUE", "2025-07-03")
        assert not api.client_state("3").found
        with pytest.raises(ValueError, match="between 1 and 10"):
            api.search([str(n) for n in range(11)])
        api.close()


def test_an_agency_without_access_is_told_so(tmp_path) -> None:
    with pytest.raises(NotConfigured, match="n'est pas configuré"):
        HomePlus(settings_for(tmp_path, ""))
