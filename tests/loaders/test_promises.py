"""The promises of spec 10: nothing lost or half-loaded, twice changes nothing, corrections are versions."""

import json

import pytest

from tests.loaders.conftest import CLIENTS, INTERVENTIONS, SERVICES, Landing


def test_good_rows_land_in_canonical_text(landing: Landing, intervention) -> None:
    report = landing.text("interventions_2026-10.csv", INTERVENTIONS + intervention())
    assert (report.status, report.rows_total, report.rows_new, report.rows_rejected) == ("charge", 1, 1, 0)
    assert report.ok
    (row,) = landing.rows("SELECT * FROM raw.interventions")
    assert row["starts_at"] == "2026-10-05 07:00:00"
    assert (row["comment"], row["coverage_excluded"], row["_extra"]) == (None, None, None)
    assert (row["_key"], row["_batch"], row["_row"]) == ("I1", 1, 2)


def test_a_batch_says_what_it_is(landing: Landing, intervention) -> None:
    landing.text("interventions.csv", INTERVENTIONS + intervention() + intervention("I2", status="bof"))
    (batch,) = landing.rows("SELECT * FROM raw.load_batches")
    assert (batch["source"], batch["file_name"], batch["status"]) == (
        "interventions", "interventions.csv", "charge",
    )  # fmt: skip
    assert (batch["rows_total"], batch["rows_new"], batch["rows_rejected"]) == (2, 1, 1)
    assert (batch["journal_seq"], batch["response_seq"]) == (7, 3)
    assert str(batch["loaded_at"]) == "2026-11-05 09:00:00"
    assert len(batch["sha256"]) == 64


def test_a_bad_row_is_kept_with_its_reasons_and_harms_no_other(landing: Landing, intervention) -> None:
    bad = "I2;;W1;MENAGE;31/02/2026 09:00;hier;fini\n"
    report = landing.text("interventions.csv", INTERVENTIONS + intervention() + bad + intervention("I3"))
    assert (report.rows_new, report.rows_rejected, report.ok) == (2, 1, False)
    (row,) = landing.rows("SELECT * FROM raw.rejected_rows")
    assert (row["row_no"], row["key"]) == (3, "I2")
    assert json.loads(row["raw"])["ends_at"] == "hier"
    errors = json.loads(row["errors"])
    assert [(e["column"], e["check"]) for e in errors] == [
        ("client_id", "obligatoire"), ("starts_at", "format"), ("ends_at", "format"), ("status", "liste"),
    ]  # fmt: skip
    assert errors[1]["value"] == "31/02/2026 09:00"
    assert errors[1]["message"].startswith("Date et heure attendues")
    assert report.rejects[0]["errors"] == errors


def test_the_same_file_twice_changes_nothing(landing: Landing, intervention) -> None:
    content = INTERVENTIONS + intervention() + intervention("I2", status="bof")
    landing.text("interventions.csv", content)
    before = landing.rows("SELECT * FROM raw.interventions"), landing.rows("SELECT * FROM raw.rejected_rows")
    again = landing.text("interventions_copie.csv", content)
    assert again.status == "deja_charge"
    assert "déjà chargé" in again.message
    assert again.ok
    after = landing.rows("SELECT * FROM raw.interventions"), landing.rows("SELECT * FROM raw.rejected_rows")
    assert before == after
    assert len(landing.rows("SELECT * FROM raw.load_batches")) == 1


def test_a_refused_file_can_be_tried_again(landing: Landing) -> None:
    content = "client_id;last_name\nC1;Martin\n"
    assert landing.text("clients.csv", content).status == "refuse"
    assert landing.text("clients.csv", content).status == "refuse"
    batches = landing.rows("SELECT status, source, rows_total FROM raw.load_batches")
    assert batches == [{"status": "refuse", "source": "clients", "rows_total": 0}] * 2


def test_a_correction_is_a_new_version_and_an_identical_row_is_not_stored(
    landing: Landing, intervention
) -> None:
    landing.text("interventions.csv", INTERVENTIONS + intervention() + intervention("I2"))
    report = landing.text(
        "interventions.csv", INTERVENTIONS + intervention(status="validee") + intervention("I2")
    )
    assert (report.rows_new, report.rows_unchanged) == (1, 1)
    versions = landing.rows("SELECT _key, status, _batch FROM raw.interventions ORDER BY _batch, _row")
    assert [(v["_key"], v["status"], v["_batch"]) for v in versions] == [
        ("I1", "realisee", 1), ("I2", "realisee", 1), ("I1", "validee", 2),
    ]  # fmt: skip


def test_going_back_to_an_older_value_is_a_version_too(landing: Landing, intervention) -> None:
    for number, status in enumerate(["realisee", "validee", "realisee"]):
        report = landing.text(
            f"interventions_{number}.csv", INTERVENTIONS + intervention(status=status) + "\n" * number
        )
        assert report.rows_new == 1
    assert len(landing.rows("SELECT * FROM raw.interventions")) == 3


def test_an_absent_default_and_the_same_value_said_are_one_version(landing: Landing) -> None:
    header = "contract_id;client_id;service_code;unit_price;valid_from"
    landing.text("contracts.csv", header + "\nK1;C1;MENAGE;26;2026-01-01\n")
    report = landing.text("contracts.csv", header + ";status\nK1;C1;MENAGE;26,00;01/01/2026;actif\n")
    assert (report.rows_new, report.rows_unchanged) == (0, 1)
    cancelled = landing.text("contracts.csv", header + ";statut\nK1;C1;MENAGE;26;2026-01-01;Annulé\n")
    assert cancelled.rows_new == 1


def test_a_key_twice_in_one_file_keeps_the_last(landing: Landing, intervention) -> None:
    lines = (
        intervention() + intervention("I2") + intervention(status="validee") + intervention(status="annulee")
    )
    report = landing.text("interventions.csv", INTERVENTIONS + lines)
    assert (report.rows_new, report.rows_rejected) == (2, 2)
    assert landing.errors() == {2: [(None, "doublon")], 4: [(None, "doublon")]}
    kept = landing.rows("SELECT status FROM raw.interventions WHERE _key = 'I1'")
    assert kept == [{"status": "annulee"}]
    raw = landing.rows("SELECT raw FROM raw.rejected_rows WHERE row_no = 4")[0]["raw"]
    assert json.loads(raw)["status"] == "validee"


def test_when_the_last_of_a_key_is_wrong_the_earlier_ones_do_not_win(landing: Landing, intervention) -> None:
    lines = intervention(status="bof") + intervention() + intervention(end="2026-10-05 08:00")
    report = landing.text("interventions.csv", INTERVENTIONS + lines)
    assert (report.rows_new, report.rows_rejected) == (0, 3)
    assert landing.errors() == {
        2: [("status", "liste"), (None, "doublon")],
        3: [(None, "doublon")],
        4: [("ends_at", "chronologie")],
    }


def test_rejects_are_corrected_and_reloaded(landing: Landing, intervention) -> None:
    from loaders.api import rejects_csv

    first = landing.text(
        "interventions.csv",
        INTERVENTIONS + intervention() + "I2;C1;W1;MENAGE;05/10/2026 09:00;05/10/2026 11:00;fini\n",
    )
    csv = rejects_csv(landing.connection, first.batch_id or 0)
    header, line = csv.splitlines()
    assert header.endswith(";_rejet;_motifs")
    assert ";1:3;" in line
    assert "status : Valeur attendue" in line
    report = landing.text("rejets_interventions.csv", csv.replace("fini", "validée"))
    assert (report.source, report.rows_new, report.rows_rejected) == ("interventions", 1, 0)
    (row,) = landing.rows("SELECT _extra FROM raw.interventions WHERE _key = 'I2'")
    assert json.loads(row["_extra"]) == {"_rejet": "1:3"}


def test_a_correction_that_equals_an_older_version_still_answers_the_reject(
    landing: Landing, intervention
) -> None:
    landing.text("interventions.csv", INTERVENTIONS + intervention() + intervention("I2"))
    landing.text("interventions_2.csv", INTERVENTIONS + intervention(status="bof") + intervention("I2"))
    third = INTERVENTIONS + "\n" + intervention() + intervention("I2")
    report = landing.text("interventions_3.csv", third)
    assert (report.rows_new, report.rows_unchanged) == (1, 1)
    assert landing.rows("SELECT max(_batch) AS b FROM raw.interventions WHERE _key = 'I1'") == [{"b": 3}]
    again = landing.text("interventions_4.csv", third + "\n")
    assert (again.rows_new, again.rows_unchanged) == (0, 2)


def test_a_correction_of_the_key_itself_answers_by_its_reference(landing: Landing, intervention) -> None:
    landing.text("interventions.csv", INTERVENTIONS + intervention() + intervention(""))
    header = INTERVENTIONS.replace("\n", ";_rejet\n")
    line = intervention().replace("\n", ";1:3\n")
    assert landing.text("interventions_2.csv", header + line).rows_new == 1
    assert landing.text("interventions_3.csv", header + line + "\n").rows_unchanged == 1


def test_a_reject_keeps_the_column_it_left_empty(landing: Landing) -> None:
    from loaders.api import rejects_csv

    first = landing.text("clients.csv", CLIENTS + "C1;;;virement;mail\n")
    csv = rejects_csv(landing.connection, first.batch_id or 0)
    assert csv.startswith("client_id;last_name;first_name;payment_method;invoice_delivery;_rejet;_motifs")
    assert landing.text("clients_corriges.csv", csv.replace("C1;;", "C1;Martin;")).rows_new == 1


def test_a_reject_of_json_does_not_turn_absent_into_empty(landing: Landing) -> None:
    from loaders.api import rejects_csv

    common = {
        "payer_id": "P1",
        "client_id": "C1",
        "service_code": "M",
        "valid_from": "2026-13-01",
        "status": "valide",
    }
    plans = [{"care_plan_id": "PA1", **common}, {"care_plan_id": "PA2", "monthly_hours_cap": None, **common}]
    first = landing.text("care_plans.json", json.dumps(plans))
    assert first.rows_rejected == 2
    csv = rejects_csv(landing.connection, first.batch_id or 0)
    landing.text("care_plans.csv", csv.replace("2026-13-01", "2026-12-01"))
    rows = landing.rows("SELECT monthly_hours_cap AS cap FROM raw.care_plans ORDER BY _key")
    assert [row["cap"] for row in rows] == ["defaut", None]


def test_unknown_columns_are_kept(landing: Landing) -> None:
    landing.text(
        "services.csv",
        'service_code;label;kind;unit;vat_rate;Couleur;Né à "X"\n'
        "M;Ménage;service;hour;5,5;bleu;\nN;N;service;hour;0;;\n",
    )
    rows = landing.rows("SELECT _key, _extra FROM raw.services ORDER BY _key")
    assert rows == [{"_key": "M", "_extra": '{"Couleur":"bleu"}'}, {"_key": "N", "_extra": None}]


def test_a_missing_required_column_refuses_the_file_and_says_what_was_found(landing: Landing) -> None:
    report = landing.text("clients.csv", "Code client;Ville;Prénom\nC1;Paris;Jeanne\n")
    assert report.status == "refuse"
    assert "last_name, payment_method, invoice_delivery" in report.message
    assert "Code client, Ville, Prénom" in report.message
    assert landing.rows("SELECT * FROM raw.clients") == []


def test_french_headers_in_any_order(landing: Landing) -> None:
    content = "MODE DE REGLEMENT;nom de famille;Code Client;Envoi des  factures;Né(e) le\n"
    content += "Prélèvement;Martin;C1;E-mail;12/03/1948\n"
    report = landing.text("clients.csv", content)
    assert report.message == "1 ligne chargée, 0 inchangée, 0 rejetée."
    (row,) = landing.rows("SELECT * FROM raw.clients")
    assert (row["last_name"], row["payment_method"], row["invoice_delivery"]) == (
        "Martin",
        "prelevement",
        "mail",
    )
    assert row["birth_date"] == "1948-03-12"


@pytest.mark.parametrize(
    "header",
    ["client_id;last_name;last_name;payment_method;invoice_delivery",
     "client_id;Nom;Nom de famille;payment_method;invoice_delivery"],
)  # fmt: skip
def test_a_column_twice_refuses_the_file(landing: Landing, header: str) -> None:
    report = landing.text("clients.csv", header + "\nC1;a;b;virement;mail\n")
    assert report.status == "refuse"
    assert "double" in report.message or "désignent toutes deux" in report.message


def test_text_is_trimmed_and_empty_is_null(landing: Landing) -> None:
    landing.text("clients.csv", CLIENTS + " C1 ;\u00a0Martin\u202f;   ;virement;mail\n")
    (row,) = landing.rows("SELECT client_id, last_name, first_name FROM raw.clients")
    assert row == {"client_id": "C1", "last_name": "Martin", "first_name": None}


def test_a_cell_that_begins_with_an_equals_sign_is_text(landing: Landing) -> None:
    report = landing.text("services.csv", SERVICES + "=1+1;=cmd|' /C calc'!A0;service;hour;0\n")
    assert report.rows_new == 1
    (row,) = landing.rows("SELECT service_code, label FROM raw.services")
    assert row == {"service_code": "=1+1", "label": "=cmd|' /C calc'!A0"}


def test_blank_lines_and_comments_are_not_rows(landing: Landing, intervention) -> None:
    content = (
        INTERVENTIONS
        + "# une remarque\n"
        + "#I9;C1;W1;M;2026-10-05 09:00;2026-10-05 10:00;validee\n\n"
        + intervention()
        + ";;;;;;\n\n"
    )
    report = landing.text("interventions.csv", content)
    assert (report.rows_total, report.rows_new) == (1, 1)
    assert "commentaire" in report.message
    assert landing.rows("SELECT _row FROM raw.interventions") == [{"_row": 5}]


def test_a_template_loads_as_nothing_and_its_example_is_right(landing: Landing) -> None:
    from loaders.api import SOURCES, template_csv

    for source in SOURCES:
        template = template_csv(source)
        assert landing.text(f"{source}.csv", template).status == "rien", source
        report = landing.text(f"{source}_exemple.csv", template.replace("#", "", 1))
        assert (report.source, report.rows_new, report.rejects) == (source, 1, []), source


def test_preview_says_the_same_and_lands_nothing(landing: Landing, intervention) -> None:
    from loaders.api import preview
    from tests.loaders.conftest import PARIS

    landing.text("interventions.csv", INTERVENTIONS + intervention())
    path = landing.folder / "files" / "interventions.csv"
    path.write_text(INTERVENTIONS + intervention() + intervention("I2") + intervention("I3", status="bof"))
    report = preview(path, landing=landing.connection, zone=PARIS)
    assert (report.status, report.rows_new, report.rows_unchanged, report.rows_rejected) == (
        "charge",
        1,
        1,
        1,
    )
    assert report.rejects[0]["key"] == "I3"
    assert preview(path, zone=PARIS).rows_new == 2
    assert len(landing.rows("SELECT * FROM raw.interventions")) == 1
    assert len(landing.rows("SELECT * FROM raw.load_batches")) == 1
    path.write_text("rien;de;tel\n")
    assert preview(path, landing=landing.connection, zone=PARIS).status == "refuse"
    assert len(landing.rows("SELECT * FROM raw.load_batches")) == 1


def test_a_failure_half_way_leaves_no_trace(landing: Landing, intervention, monkeypatch) -> None:
    from loaders.staging import Staging

    def disk_full(self, batch_id, *rest, **more):
        settle(self, batch_id, *rest, **more)
        raise OSError(28, "No space left on device")

    settle = Staging.settle
    monkeypatch.setattr(Staging, "settle", disk_full)
    report = landing.text(
        "interventions.csv", INTERVENTIONS + intervention() + intervention("I2", status="bof")
    )
    assert report.status == "refuse"
    assert landing.rows("SELECT * FROM raw.interventions") == []
    assert landing.rows("SELECT * FROM raw.rejected_rows") == []
    monkeypatch.undo()
    assert landing.text("interventions.csv", INTERVENTIONS + intervention()).rows_new == 1


def test_a_report_is_plain_data(landing: Landing, intervention) -> None:
    report = landing.text("interventions.csv", INTERVENTIONS + intervention("I3", status="bof"))
    assert json.loads(json.dumps(report.as_dict()))["rows_rejected"] == 1
    assert report.as_dict()["ok"] is False
