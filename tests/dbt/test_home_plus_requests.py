"""The state of requests through the whole chain (journal, landing, dbt), a case an invoice. Spec 30."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import pytest

from tests.dbt.home_plus_agency import HomePlusAgency, line

AS_OF = "2026-11-21T12:00"


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomePlusAgency]:
    made = HomePlusAgency(tmp_path_factory.mktemp("requests") / "home", as_of=AS_OF)
    made.add(
        "services",
        service_code="MENAGE",
        label="Ménage",
        kind="service",
        unit="hour",
        vat_rate="0.1000",
        home_plus_nature="60",
    )
    made.home_plus_client("C")
    for number in (
        "route",
        "file",
        "essai",
        "repris",
        "panne",
        "arret",
        "frais",
        "attente",
        "vieux",
        "refus",
        "inconnu",
        "illegal",
        "regle",
        "sans-envoi",
        "label",
        "doublon",
        "autre-code",
        "suivi",
        "adopte",
        "meme-heure",
        "rejoue",
        "credite",
        "credite-perdu",
    ):
        made.invoice(number, "C")

    made.asked("route", "C", "2026-11-03")
    made.told("route", "integree", "2026-11-03 00:01", "request", request_id="R-1")
    made.told("route", "attente", "2026-11-04")
    made.told("route", "attente", "2026-11-05")
    made.told("route", "validee", "2026-11-06")
    made.told("route", "payee", "2026-11-10", transfer_amount="50.00", transfer_date="2026-11-12")

    made.asked("essai", "C", "2026-11-03")
    made.asked("panne", "C", "2026-11-03")
    for at in ("2026-11-03 01:00", "2026-11-03 02:00"):
        made.told("panne", None, at, "request", "J-panne", "unknown", error_code="HTTP_503")
    made.asked("repris", "C", "2026-11-03")
    made.told(
        "repris",
        None,
        "2026-11-03 01:00",
        "request",
        "J1",
        "error",
        error_code="ERR_COMPTE_BLOQUE",
        message="Compte bloqué",
    )
    made.asked("repris", "C", "2026-11-04", attempt=2)
    made.asked("suivi", "C", "2026-11-03")
    made.told("suivi", None, "2026-11-03 01:00", "request", "J2", "error", error_code="ERR_COMPTE_BLOQUE")
    made.asked("suivi", "C", "2026-11-04", attempt=2)
    made.told("suivi", "integree", "2026-11-04 01:00", "request", "J3", request_id="R-2")
    made.asked("meme-heure", "C", "2026-11-03")  # a replayed day: one and the same moment for all
    made.told("meme-heure", None, "2026-11-03", "request", "J4", "error", error_code="ERREUR_TECHNIQUE")
    made.asked("meme-heure", "C", "2026-11-03", attempt=2)
    made.stopped("rejoue", "C", "2026-11-03", "HP_NAISSANCE")
    made.asked("rejoue", "C", "2026-11-03")
    made.told("rejoue", "integree", "2026-11-03", "request", "J9", request_id="R-4")
    made.asked("adopte", "C", "2026-11-03")
    made.told("adopte", None, "2026-11-03 01:00", "request", "J5", "unknown", error_code="TIMEOUT")
    made.told("adopte", "integree", "2026-11-03 02:00", "search", "J5", request_id="R-3")
    made.asked("doublon", "C", "2026-11-03")
    made.told("doublon", None, "2026-11-03 01:00", "request", "J6", "error", error_code="ERR_FACTURE_DOUBLON")
    made.asked("doublon", "C", "2026-11-04", attempt=2)
    made.told("doublon", None, "2026-11-04 02:00", "search", "J7", "error", error_code="DOUBLON_DIFFERENT")
    made.asked("autre-code", "C", "2026-11-03")
    made.told(
        "autre-code",
        None,
        "2026-11-03 01:00",
        "request",
        "J8",
        "error",
        error_code="ERR_TOUTE_NEUVE",
        message="Motif que personne ne connaît",
    )

    made.asked("credite", "C", "2026-11-03")  # sent again under another number: nothing is left to correct
    made.told("credite", None, "2026-11-03 01:00", "request", "J10", "error", error_code="ERR_MNT_PREST_TTC")
    made.invoice("AV-1", "C", line("-50.00"), kind="credit_note", origin="credite")
    made.asked("credite-perdu", "C", "2026-11-03")  # nobody knows whether Home+ has it: still to be settled
    made.told("credite-perdu", None, "2026-11-03 01:00", "request", "J11", "unknown", error_code="TIMEOUT")
    made.invoice("AV-2", "C", line("-50.00"), kind="credit_note", origin="credite-perdu")
    made.accepted("sans-envoi", "en_erreur", "2026-11-04")  # not a state of the payer: changes nothing
    made.stopped("arret", "C", "2026-11-05", "HP_NAISSANCE", "HP_FRAIS")
    made.asked("attente", "C", "2026-11-20")
    made.told("attente", "attente", "2026-11-20 12:00")
    made.told("vieux", "attente", "2026-11-10 12:00")
    made.told(
        "refus",
        "refusee",
        "2026-11-10",
        rejection_code="REGUL_NB_QTE_FACT",
        rejection_comment="Deux heures de trop",
    )
    made.told("inconnu", "attente", "2026-11-10")
    made.told("inconnu", "75", "2026-11-11", status_label="En cours d'examen")
    made.told("label", "attente", "2026-11-10")
    made.told("label", "X9", "2026-11-11", status_label="ANNULÉE PAR LE PARTICULIER")
    for number in ("illegal", "regle"):
        made.told(number, "refusee", "2026-11-10")
        made.told(number, "prelevee", "2026-11-11")
    made.accepted("regle", "prelevee", "2026-11-12")
    made.told("regle", "payee", "2026-11-13", transfer_date="2026-11-30")
    made.told("F-INCONNUE", "attente", "2026-11-10")

    # a file whose own times are earlier and later than the polls
    made.told("file", "integree", "2026-11-05")
    made.add("home_plus_responses", invoice_number="file", status_code="20", status_at="2026-11-04 00:00:00")
    made.add(
        "home_plus_responses",
        invoice_number="file",
        status_code="30",
        status_at="2026-11-06 00:00:00",
        request_id="R-file",
    )
    made.run()
    yield made
    made.close()


def test_the_main_road_ends_paid(agency: HomePlusAgency) -> None:
    row = agency.request("route")
    assert (row["status"], row["status_label"], row["external_code"]) == ("payee", "Payée", "70")
    assert (row["request_id"], row["tries"], row["last_error_code"]) == ("R-1", 1, None)
    assert (row["transfer_amount"], row["transfer_date"]) == (Decimal("50.00"), date(2026, 11, 12))
    assert row["status_at"] == datetime(2026, 11, 10)


@pytest.mark.parametrize(
    ("number", "status", "tries", "code"),
    [
        ("essai", "en_file", 0, None),
        ("panne", "en_erreur", 2, "HTTP_503"),
        (
            "repris",
            "en_file",
            1,
            "ERR_COMPTE_BLOQUE",
        ),  # in the queue again; the error stays until it succeeds
        ("meme-heure", "en_file", 1, "ERREUR_TECHNIQUE"),
        ("rejoue", "integree", 1, None),
        ("suivi", "integree", 2, None),
        ("adopte", "integree", 1, None),
        ("doublon", "en_erreur", 2, "DOUBLON_DIFFERENT"),
        ("arret", "en_erreur", 0, "HP_NAISSANCE"),
        ("file", "validee", 0, None),
    ],
)
def test_the_state_and_the_tries(
    agency: HomePlusAgency, number: str, status: str, tries: int, code: str | None
) -> None:
    row = agency.request(number)
    assert (row["status"], row["tries"], row["last_error_code"]) == (status, tries, code)


def test_what_was_never_asked_is_to_be_sent(agency: HomePlusAgency) -> None:
    assert agency.request("sans-envoi")["status"] == "a_envoyer"
    row = agency.one("SELECT * FROM marts.home_plus_invoices WHERE invoice_number = 'sans-envoi'")
    assert (row["request_status"], row["request_label"], row["eligible"]) == ("a_envoyer", "À envoyer", True)


def test_48_hours_run_from_the_first_poll_and_a_late_one_is_an_alert(agency: HomePlusAgency) -> None:
    waiting, old = agency.request("attente"), agency.request("vieux")
    assert (waiting["validation_deadline"], waiting["alert"]) == (datetime(2026, 11, 22, 12), None)
    assert old["validation_deadline"] == datetime(2026, 11, 12, 12)
    assert "relancer" in old["alert"]


def test_an_unknown_code_keeps_the_state_and_shows_the_payers_words(agency: HomePlusAgency) -> None:
    row = agency.request("inconnu")
    assert (row["status"], row["status_label"], row["external_code"]) == (
        "en_attente_validation",
        "En cours d'examen",
        "75",
    )
    assert agency.request("label")["status"] == "annulee_particulier"
    anomalies = agency.rows("SELECT entity_id FROM marts.anomalies WHERE code = 'HP_STATUT_INCONNU'")
    assert [row["entity_id"] for row in anomalies] == ["inconnu"]


def test_an_illegal_jump_waits_for_someone(agency: HomePlusAgency) -> None:
    assert agency.request("illegal")["status"] == "refusee"
    settled = agency.request("regle")
    assert (settled["status"], settled["transfer_date"]) == ("payee", date(2026, 11, 30))
    anomalies = agency.rows("SELECT entity_id FROM marts.anomalies WHERE code = 'HP_STATUT_ILLEGAL'")
    assert [row["entity_id"] for row in anomalies] == ["illegal"]


def test_an_invoice_that_guichet_does_not_know_is_an_anomaly(agency: HomePlusAgency) -> None:
    assert agency.rows("SELECT 1 FROM marts.home_plus_requests WHERE invoice_number = 'F-INCONNUE'") == []
    found = agency.rows("SELECT entity_id FROM marts.anomalies WHERE code = 'HP_FACTURE_INCONNUE'")
    assert [row["entity_id"] for row in found] == ["F-INCONNUE"]


def test_errors_say_why_and_what_to_do(agency: HomePlusAgency) -> None:
    rows = {row["invoice_number"]: row for row in agency.rows("SELECT * FROM marts.home_plus_errors")}
    assert set(rows) == {
        "panne",
        "repris",
        "meme-heure",
        "doublon",
        "autre-code",
        "arret",
        "refus",
        "illegal",
        "label",
        "credite-perdu",
    }
    stopped = rows["arret"]
    assert (stopped["reason"], stopped["fixable_by"]) == ("Date de naissance manquante", "agency")
    assert stopped["codes"] == "HP_NAISSANCE,HP_FRAIS"
    assert "Frais non admis" in stopped["message"]
    assert rows["panne"]["since"] == datetime(2026, 11, 3, 1)
    assert rows["panne"]["fixable_by"] == "retry"
    assert rows["autre-code"]["reason"] == "Motif que personne ne connaît"
    assert rows["refus"]["error_code"] == "REGUL_NB_QTE_FACT"
    assert rows["refus"]["message"] == "Deux heures de trop"
    unknown = agency.rows("SELECT message FROM marts.anomalies WHERE code = 'HP_ERREUR_INCONNUE'")
    assert len(unknown) == 1 and "ERR_TOUTE_NEUVE" in unknown[0]["message"]


def test_a_settled_error_stays_in_the_history(agency: HomePlusAgency) -> None:
    rows = agency.rows(
        "SELECT error_code, resolved FROM marts.home_plus_syncs "
        "WHERE invoice_number = 'suivi' ORDER BY position"
    )
    assert [(row["error_code"], row["resolved"]) for row in rows] == [
        ("ERR_COMPTE_BLOQUE", True),
        (None, False),
    ]
    pending = agency.one("SELECT * FROM marts.home_plus_syncs WHERE invoice_number = 'repris'")
    assert (pending["resolved"], pending["outcome"]) == (False, "error")


def test_a_file_row_older_than_the_state_is_history(agency: HomePlusAgency) -> None:
    verdicts = agency.rows(
        "SELECT status_code, verdict FROM marts.home_plus_syncs "
        "WHERE invoice_number = 'file' ORDER BY position"
    )
    assert [tuple(row.values()) for row in verdicts] == [
        ("10", "applique"),
        ("20", "historique"),
        ("30", "applique"),
    ]
