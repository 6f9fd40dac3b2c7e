"""Home+ from the request to "Payée" through the sandbox, and an error that is corrected and tried again."""

from __future__ import annotations

from console.sandbox.server import SandboxServer
from tests.e2e_cli.agency import Agency, client, euros
from tests.e2e_cli.test_month_closes import amounts, close, october

ROADS = {"clients": [
    {"idClient": "11C1", "dateNaissance": "1945-05-08", "statut": "OK", "comportement": "accept"},
    {"idClient": "11C2", "dateNaissance": "1945-05-09", "statut": "OK", "comportement": "accept"},
    {"idClient": "11C3", "dateNaissance": None, "statut": "OK", "comportement": "refuse:CONTEST_ERR_FACT"},
]}  # fmt: skip


def sent_month(agency: Agency, payer: SandboxServer) -> dict[str, str]:
    """October sent to three Home+ clients; invoice number by client."""
    agency.env["GUICHET_HOME_PLUS_URL"] = payer.url
    agency.env["GUICHET_HOME_PLUS_CLIENT_ID"] = "essai"
    agency.env["GUICHET_HOME_PLUS_CLIENT_SECRET"] = "essai"
    agency.env["GUICHET_HOME_PLUS_THIRD_PARTY_ID"] = "1081230"
    agency.env["GUICHET_RETRY_BASE_SECONDS"] = "0"
    from console.sandbox.clients import load_clients

    payer.store.replace_clients(load_clients(ROADS))
    agency.as_of = "2026-11-03T09:00"
    payer.configure(aujourdhui="2026-11-03")
    october(agency, "C1", "C2", "C3")
    close(agency)
    return {row["client_id"]: row["invoice_number"] for row in agency.rows("invoices")}


def statuses(agency: Agency) -> dict[str, str]:
    return {row["client_id"]: row["status"] for row in agency.rows("home_plus_requests")}


def test_request_to_paid_and_error_corrected(agency: Agency, payer: SandboxServer) -> None:
    numbers = sent_month(agency, payer)
    asked = agency.do("home_plus.request_payment", invoice_numbers=sorted(numbers.values()))
    assert len(asked["done"]) == 3
    again = agency.do("home_plus.request_payment", code=None, invoice_numbers=sorted(numbers.values()))
    assert again["done"] == [], "an invoice is asked for once"
    agency.guichet("worker", "--once", code=None)
    first = statuses(agency)
    assert first["C2"] == "en_erreur"
    assert first["C1"] in ("integree", "en_attente_validation")
    problem = agency.rows("home_plus_errors")
    assert [row["client_id"] for row in problem] == ["C2"]
    assert problem[0]["error_code"] == "ERR_PARTICULIER_INCONNU"
    assert problem[0]["reason"] and problem[0]["remedy"]

    fixed = client("C2", born="1945-05-09", home_plus="11C2", activated="2026-01-05", account="OK")
    agency.load([agency.csv("clients", fixed)])
    agency.guichet("run")
    retried = agency.do("home_plus.retry", invoice_numbers=[numbers["C2"]])
    assert len(retried["done"]) == 1
    agency.guichet("worker", "--once", code=None)
    assert agency.rows("home_plus_errors") == []
    assert [one["numFactureTiers"] for one in payer.requests()] == sorted(numbers.values())

    steps = {"2026-11-04T09:00": 10, "2026-11-07T09:00": 60, "2026-11-15T09:00": 200}
    for moment, hours in steps.items():
        agency.as_of = moment
        payer.store.advance(hours)
        payer.configure(aujourdhui=moment[:10])
        agency.do("home_plus.poll")
        agency.guichet("worker", "--once", code=None)
    assert statuses(agency) == {"C1": "payee", "C2": "payee", "C3": "refusee"}
    paid = agency.rows("payments", order="client_id")
    assert [(row["client_id"], row["emitter"]) for row in paid] == [("C1", "home_plus"), ("C2", "home_plus")]
    assert {euros(row, "amount", "allocated") for row in paid} == {amounts("130.43", "130.43")}
    history = agency.rows("home_plus_syncs", where=f"invoice_number = '{numbers['C2']}'")
    assert "ERR_PARTICULIER_INCONNU" in {row["error_code"] for row in history}
    agency.verify()


def test_a_connection_cut_after_acceptance_makes_one_request(agency: Agency, payer: SandboxServer) -> None:
    numbers = sent_month(agency, payer)
    payer.configure(pannes=[{"sur": "demande", "type": "coupure_apres", "fois": 1}])
    agency.do("home_plus.request_payment", invoice_numbers=[numbers["C1"], numbers["C3"]])
    agency.guichet("worker", "--once", code=None)
    agency.as_of = "2026-11-03T10:00"  # its second attempt is due
    agency.guichet("worker", "--once", code=None)
    assert sorted(one["numFactureTiers"] for one in payer.requests()) == sorted(
        [numbers["C1"], numbers["C3"]]
    )
    requests = {row["client_id"]: row for row in agency.rows("home_plus_requests")}
    assert requests["C1"]["request_id"], "what the payer has is adopted"
    assert agency.rows("home_plus_errors") == []
    agency.verify()


def test_what_may_not_be_asked_is_stopped_and_shown(agency: Agency, payer: SandboxServer) -> None:
    numbers = sent_month(agency, payer)
    missing = client("C1", born="", home_plus="11C1", activated="2026-10-12", account="BLOQUE",
                     method="prelevement")  # fmt: skip
    agency.load([agency.csv("clients", missing)])
    agency.guichet("run")
    controls = agency.rows("home_plus_invoices", where="client_id = 'C1'")[0]
    for code in ("HP_NAISSANCE", "HP_AVANT_ACTIVATION", "HP_COMPTE_INACTIF"):
        assert code in controls["codes"], "all failing rules are shown, not only the first"
    asked = agency.do("home_plus.request_payment", code=None, invoice_numbers=[numbers["C1"]])
    assert asked["done"] == []
    agency.guichet("worker", "--once", code=None)
    assert payer.requests() == []
    assert [row["client_id"] for row in agency.rows("home_plus_errors")] == ["C1"]
