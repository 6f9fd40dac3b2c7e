"""Every request that went over the wire against the payer's public contract, when it is at hand.

The contract is reference data of the payer and is not part of this repository.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from tests.gateways.support import REQUEST_PATH, SEARCH_PATH, Agency, entry

CONTRACT = (
    Path(__file__).resolve().parents[3] / "shared" / "reference" / "urssaf-tiers-de-prestation.swagger.json"
)
needs_contract = pytest.mark.skipif(
    not CONTRACT.exists(), reason="the payer's public contract is not beside the repository"
)


def problems(name: str, value: Any) -> list[str]:
    contract = json.loads(CONTRACT.read_text(encoding="utf-8"))
    schema = {"definitions": contract["definitions"], "allOf": [{"$ref": f"#/definitions/{name}"}]}
    return [error.message for error in Draft4Validator(schema).iter_errors(value)]


@needs_contract
def test_what_is_sent_and_what_is_answered_are_of_the_contract(agency: Agency) -> None:
    agency.ask(entry("F1"), entry("F2", mntFactureTTC=1), entry("F3", codeActivite="01"))
    agency.work()
    agency.payer.store.advance(200)
    agency.poll("F1", "F2", "F3")
    agency.work()
    (sent,) = agency.calls(REQUEST_PATH)
    (searched,) = agency.calls(SEARCH_PATH)
    requests = json.loads(sent["body"])
    assert [one["numFactureTiers"] for one in requests] == ["F1", "F2", "F3"]
    assert [p for one in requests for p in problems("InputDemandePaiement", one)] == []
    assert [p for one in json.loads(sent["answer"]) for p in problems("OutputDemandePaiement", one)] == []
    assert problems("InputRechercheDemandePaiement", json.loads(searched["body"])) == []
    assert problems("OutputRechercheDemandePaiement", json.loads(searched["answer"])) == []
    assert sent["path"].startswith("/atp/v1/tiersPrestations/")


@needs_contract
def test_the_check_itself_finds_what_is_wrong() -> None:
    broken = json.loads(entry("F1")["request"])
    del broken["idClient"]
    broken["inputPrestations"][0]["quantite"] = "deux"
    assert len(problems("InputDemandePaiement", broken)) == 2
