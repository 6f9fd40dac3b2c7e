"""Payment requests through the worker, the gateway and a real HTTP payer: the main road and every bad day.

Who loses what when one fails: a request sent twice is a client debited twice, one that is lost is never paid.
"""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.gateways.support import REQUEST_PATH, SEARCH_PATH, SECRET, Agency, body, entry

TOKEN_PATH = "/api/oauth/v1/token"


def test_the_main_road_ends_in_a_transfer_of_the_exact_amount(agency: Agency) -> None:
    agency.ask(entry("F2026-000001", hours="3.00", price="36.50"))
    report = agency.work()
    assert (report.done, report.failed, report.refreshes) == (1, 0, 1)
    assert agency.last()["F2026-000001"]["status_code"] == "10"

    seen = []
    for hours in (2, 48, 24, 120):
        agency.payer.store.advance(hours)
        agency.poll("F2026-000001")
        agency.work()
        seen.append(agency.last()["F2026-000001"]["status_code"])
    assert seen == ["20", "30", "50", "70"]
    paid = agency.last()["F2026-000001"]
    assert (paid["transfer_amount"], paid["amount"], paid["status_label"]) == ("109.50", "109.50", "Payée")
    assert paid["transfer_date"] <= agency.payer.store.today().isoformat()
    assert [row["operation"] for row in agency.responses()] == ["request", "poll", "poll", "poll", "poll"]


def test_a_rejected_request_does_not_stop_its_neighbours(agency: Agency) -> None:
    agency.ask(entry("F1"), entry("F2", mntFactureTTC=55), entry("F3", hours="1.50", price="30.00"))
    agency.work()
    last = agency.last()
    assert [last[n]["outcome"] for n in ("F1", "F2", "F3")] == ["ok", "error", "ok"]
    assert last["F2"]["error_code"] == "ERR_TOTAL_PRESTATIONS"
    assert agency.taken() == ["F1", "F3"]
    assert len(agency.calls(REQUEST_PATH)) == 1, "a rejected request is not sent again by itself"
    assert agency.jobs()[0]["message"] == "2 demande(s) intégrée(s) sur 3."


def test_one_token_serves_many_calls_and_an_expired_one_is_renewed_once(agency: Agency) -> None:
    agency.ask(entry("F1"))
    agency.ask(entry("F2"))
    agency.work()
    assert len(agency.calls(TOKEN_PATH)) == 1
    agency.payer.configure(jetons="oublier")
    agency.ask(entry("F3"))
    agency.work()
    assert len(agency.calls(TOKEN_PATH)) == 2
    assert agency.taken() == ["F1", "F2", "F3"]
    assert [row["status"] for row in agency.calls(REQUEST_PATH)] == [200, 200, 401, 200]


def test_a_payer_that_always_says_401_is_not_hammered(agency: Agency) -> None:
    agency.payer.configure(pannes=[{"sur": "demande", "type": "401", "fois": -1}])
    agency.ask(entry("F1"))
    report = agency.work()
    assert (report.failed, report.retried) == (1, 0)
    assert len(agency.calls(REQUEST_PATH)) == 2
    assert agency.last()["F1"]["error_code"] == "HTTP_401"
    assert agency.jobs()[0]["status"] == "failed"
    assert "identifiant et le secret" in agency.jobs()[0]["message"]


def test_secrets_and_tokens_are_nowhere(agency: Agency, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    agency.ask(entry("F1"))
    agency.work()
    tokens = list(agency.payer.payer.api._tokens)
    agency.payer.payer.api.credentials = {"agence": "un autre secret"}
    agency.payer.configure(jetons="oublier")
    agency.ask(entry("F2"))
    agency.work()
    kept = "".join(str(row) for row in [*agency.responses(), *agency.jobs()]) + caplog.text
    kept += (agency.settings.paths.logs / "worker.log").read_text() if (
        agency.settings.paths.logs / "worker.log").exists() else ""  # fmt: skip
    assert agency.last()["F2"]["error_code"] == "HTTP_401"
    assert SECRET not in kept
    assert tokens and not any(token in kept for token in tokens)


@pytest.mark.parametrize("status", ["500", "503", "429"])
def test_a_server_error_is_tried_again_later(agency: Agency, status: str) -> None:
    agency.payer.configure(pannes=[{"sur": "demande", "type": status, "fois": 2}])
    agency.ask(entry("F1"))
    report = agency.work()
    assert (report.retried, report.done) == (2, 1)
    assert agency.taken() == ["F1"]
    assert [row["http_status"] for row in agency.responses() if row["operation"] == "request"] == [
        int(status), int(status), 200,
    ]  # fmt: skip


def test_the_second_attempt_waits_for_the_back_off(agency: Agency) -> None:
    agency.payer.configure(pannes=[{"sur": "demande", "type": "503"}])
    agency.ask(entry("F1"))
    report = agency.work(retry_base_seconds=60.0)
    assert (report.retried, report.done) == (1, 0)
    job = agency.jobs()[0]
    assert job["status"] == "queued" and job["not_before"] > job["created_at"]
    assert job["message"] == "HOME+ a répondu par une erreur (HTTP_503)."
    assert agency.work(retry_base_seconds=60.0).done == 0, "it is not due yet"


def test_giving_up_is_an_error_that_everybody_sees(agency: Agency) -> None:
    agency.payer.configure(pannes=[{"sur": "*", "type": "503", "fois": -1}])
    agency.ask(entry("F1"))
    report = agency.work(retry_max_attempts=3)
    assert (report.retried, report.failed) == (2, 1)
    assert agency.jobs()[0]["status"] == "failed"
    assert (agency.last()["F1"]["outcome"], agency.last()["F1"]["error_code"]) == ("error", "ABANDON")


def test_a_slow_answer_after_the_work_is_done_leaves_one_request(agency: Agency) -> None:
    agency.payer.configure(latence=1.0)
    agency.ask(entry("F1"))
    assert agency.work(home_plus_timeout=0.2, retry_base_seconds=60.0).retried == 1
    assert agency.last()["F1"] == {"subject": "F1", "outcome": "unknown", "error_code": "TIMEOUT"}
    agency.payer.configure(latence=0)
    make_due(agency)
    assert agency.work().done == 1
    assert agency.taken() == ["F1"]
    assert len(agency.calls(REQUEST_PATH)) == 1 and len(agency.calls(SEARCH_PATH)) == 1


@pytest.mark.parametrize("trouble", ["coupure_apres", "500_apres", "illisible"])
def test_what_was_accepted_without_our_knowing_is_adopted(agency: Agency, trouble: str) -> None:
    agency.payer.configure(pannes=[{"sur": "demande", "type": trouble}])
    agency.ask(entry("F1"), entry("F2"))
    report = agency.work()
    assert (report.retried, report.done) == (1, 1)
    assert agency.taken() == ["F1", "F2"]
    assert len(agency.calls(REQUEST_PATH)) == 1, "found by its number: not sent a second time"
    assert {item["outcome"] for item in agency.last().values()} == {"ok"}
    assert agency.last()["F1"]["request_id"]


def test_a_connection_dropped_before_the_work_is_sent_again(agency: Agency) -> None:
    agency.payer.configure(pannes=[{"sur": "demande", "type": "coupure_avant"}])
    agency.ask(entry("F1"))
    assert agency.work().done == 1
    assert agency.taken() == ["F1"]
    assert len(agency.calls(REQUEST_PATH)) == 2


def test_only_what_was_not_answered_is_asked_about_again(agency: Agency) -> None:
    agency.payer.configure(pannes=[{"sur": "demande", "type": "incomplet"}])
    agency.ask(entry("F1", mntFactureTTC=1), entry("F2"), entry("F3"))
    agency.work()
    assert agency.taken() == ["F2", "F3"]
    assert len(agency.calls(REQUEST_PATH)) == 1
    searched = agency.calls(SEARCH_PATH)
    assert len(searched) == 1 and '"F3"' in searched[0]["body"] and '"F1"' not in searched[0]["body"]
    assert agency.last()["F1"]["outcome"] == "error" and agency.last()["F3"]["outcome"] == "ok"


def test_an_answer_that_comes_twice_counts_once(agency: Agency) -> None:
    agency.payer.configure(pannes=[{"sur": "demande", "type": "double"}])
    agency.ask(entry("F1"), entry("F2", mntFactureTTC=1))
    agency.work()
    (row,) = agency.responses()
    assert [(item["subject"], item["outcome"]) for item in row["items"]] == [("F1", "ok"), ("F2", "error")]


def test_an_unknown_status_is_kept_with_its_label(agency: Agency) -> None:
    agency.ask(entry("F1"))
    agency.work()
    agency.payer.configure(pannes=[{"sur": "recherche", "type": "statut_inconnu"}])
    agency.poll("F1")
    agency.work()
    assert (agency.last()["F1"]["status_code"], agency.last()["F1"]["status_label"]) == (
        "77",
        "Suspendue pour étude",
    )


def test_a_duplicate_of_ours_is_adopted(agency: Agency) -> None:
    agency.ask(entry("F1"))
    agency.work()
    agency.ask(entry("F1"))  # a first attempt that knows nothing of the other
    agency.work()
    assert agency.taken() == ["F1"]
    assert agency.last()["F1"]["outcome"] == "ok"


@pytest.mark.parametrize("change", [{"client": "11000000000099"}, {"hours": "3.00"}])
def test_a_duplicate_with_another_client_or_amount_is_an_error(
    agency: Agency, change: dict[str, Any]
) -> None:
    agency.ask(entry("F1", **change))
    agency.work()
    agency.ask(entry("F1"))
    agency.work()
    last = agency.last()["F1"]
    assert (last["outcome"], last["error_code"]) == ("error", "DOUBLON_DIFFERENT")
    assert "au lieu de 11000000000001 pour 54.80" in last["message"]
    assert agency.taken() == ["F1"]


def test_a_retried_request_is_searched_before_it_is_sent(agency: Agency) -> None:
    agency.ask(entry("F1"))
    agency.work()
    agency.ask(entry("F1", attempt=2))
    agency.work()
    assert len(agency.calls(REQUEST_PATH)) == 1
    assert agency.last()["F1"]["outcome"] == "ok"


def test_a_search_that_fails_sends_nothing(agency: Agency) -> None:
    agency.payer.configure(pannes=[{"sur": "recherche", "type": "500", "fois": -1}])
    agency.ask(entry("F1", attempt=2))
    agency.work(retry_max_attempts=2)
    assert agency.calls(REQUEST_PATH) == []
    assert agency.last()["F1"]["error_code"] == "ABANDON"


def test_a_batch_refused_as_a_whole_goes_again_one_by_one(agency: Agency) -> None:
    agency.payer.configure(pannes=[{"sur": "demande", "type": "400_vide"}])
    agency.ask(entry("F1"), entry("F2"), entry("F3", mntFactureTTC=1))
    report = agency.work()
    assert report.done == 4
    assert agency.taken() == ["F1", "F2"]
    assert agency.last()["F3"]["error_code"] == "ERR_TOTAL_PRESTATIONS"


def test_an_empty_400_is_an_error_of_that_request(agency: Agency) -> None:
    agency.payer.configure(pannes=[{"sur": "demande", "type": "400_vide"}])
    agency.ask(entry("F1"))
    agency.work()
    assert agency.last()["F1"] == {"subject": "F1", "outcome": "error", "error_code": "HTTP_400"}
    assert agency.taken() == []


def test_a_payer_that_cannot_be_reached(agency: Agency) -> None:
    agency.ask(entry("F1"))
    report = agency.work(home_plus_url="http://127.0.0.1:1", retry_max_attempts=1)
    assert report.failed == 1
    assert agency.jobs()[0]["message"] == "HOME+ n'est pas joignable."


def test_without_settings_the_request_shows_what_is_missing(agency: Agency) -> None:
    agency.ask(entry("F1"))
    report = agency.work(home_plus_url="")
    assert report.failed == 1 and "n'est pas configuré" in report.messages[0]
    assert agency.last()["F1"]["error_code"] == "CONFIGURATION"


def test_a_poll_says_what_the_payer_does_not_know(agency: Agency) -> None:
    agency.ask(entry("F1"), events=True)
    agency.work()
    agency.poll("F1", "F2")
    agency.work()
    assert agency.last()["F1"]["outcome"] == "ok"
    assert agency.last()["F2"]["error_code"] == "ERR_RECHERCHE_VIDE"


def test_the_lines_we_sent_are_not_stored_again_with_each_poll(agency: Agency) -> None:
    agency.ask(entry("F1", price="27.40"))
    agency.work()
    agency.poll("F1")
    agency.work()
    stored = agency.responses()[-1]["response"]
    assert '"inputPrestations":[]' in stored and '"mntFactureTTC":54.80' in stored
    assert "Entretien de la maison" in agency.responses()[0]["request"]


def test_a_handler_that_stumbles_is_bounded_and_leaves_a_trace(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("console.gateways.home_plus_jobs._Sending.run", stumble)
    agency.ask(entry("F1"))
    report = agency.work(retry_max_attempts=2)
    assert (report.retried, report.failed) == (1, 1)
    assert agency.last()["F1"]["error_code"] == "ABANDON"
    assert "ZeroDivisionError" in (agency.settings.paths.logs / "worker.log").read_text()
    assert "Traceback" not in agency.jobs()[0]["message"]


def test_amounts_are_sent_to_the_cent_as_they_were_written(agency: Agency) -> None:
    agency.ask(entry("F1", hours="0.10", price="21.00"))
    agency.work()
    assert '"mntFactureTTC":2.10' in agency.calls(REQUEST_PATH)[0]["body"]
    assert agency.calls(REQUEST_PATH)[0]["body"] == "[" + body("F1", hours="0.10", price="21.00") + "]"


def make_due(agency: Agency) -> None:
    with agency.journal.engine.begin() as connection:
        connection.exec_driver_sql("update jobs set not_before = created_at where status = 'queued'")
