"""The formats of spec 10: encodings, delimiters, workbooks, JSON; and which source a file is for."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from loaders.api import detect_source
from tests.loaders.conftest import CLIENTS, INTERVENTIONS, SERVICES, Landing

NAMES = CLIENTS + "C1;Lefèvre-Œuvré;Zoé;virement;mail\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "iso8859-15"])
def test_encodings_are_found(landing: Landing, encoding: str) -> None:
    report = landing.text("clients.csv", NAMES.encode(encoding))
    assert report.rows_new == 1, report.message
    assert landing.rows("SELECT last_name, first_name FROM raw.clients") == [
        {"last_name": "Lefèvre-Œuvré", "first_name": "Zoé"}
    ]


def test_the_euro_sign_tells_cp1252_from_iso_8859_15(landing: Landing) -> None:
    for number, encoding in enumerate(["cp1252", "iso8859-15"]):
        landing.text(
            f"services_{number}.csv",
            (SERVICES + f"M{number};Panier 5 € d’été;service;hour;0\n").replace("’", "'").encode(encoding),
        )
    labels = [row["label"] for row in landing.rows("SELECT label FROM raw.services")]
    assert labels == ["Panier 5 € d'été"] * 2


def test_an_encoding_can_be_imposed(landing: Landing) -> None:
    content = (SERVICES + "M;½ journée;service;hour;0\n").encode("cp1252")
    landing.text("services.csv", content, encoding="cp1252")
    assert landing.rows("SELECT label FROM raw.services") == [{"label": "½ journée"}]
    assert (
        landing.text("services_2.csv", content, encoding="klingon").message == "Encodage inconnu : klingon."
    )
    refused = landing.text("services_3.csv", content, encoding="utf-8")
    assert (refused.status, refused.message) == ("refuse", "Le fichier n'est pas encodé en utf-8-sig.")


def test_decomposed_accents_are_composed(landing: Landing) -> None:
    landing.text("clients.csv", CLIENTS + "C1;Lefe\u0300vre;;virement;mail\n")
    assert landing.rows("SELECT last_name FROM raw.clients") == [{"last_name": "Lefèvre"}]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_delimiters_are_found(landing: Landing, delimiter: str) -> None:
    content = (SERVICES + 'M;"Ménage, repassage; ""vitres""";service;hour;"5,5"\n').replace(";", delimiter)
    content = content.replace(f"repassage{delimiter}", "repassage;") if delimiter != ";" else content
    report = landing.text("services.csv", content)
    assert report.rows_new == 1, report.message
    (row,) = landing.rows("SELECT label, vat_rate FROM raw.services")
    assert row == {"label": 'Ménage, repassage; "vitres"', "vat_rate": "0.0550"}


def test_commas_in_values_do_not_make_a_comma_file(landing: Landing) -> None:
    content = "contract_id;client_id;service_code;unit_price;valid_from\n" + "".join(
        f"K{i};C1;M;26,{i:02};01/01/2026\n" for i in range(30)
    )
    assert landing.text("contracts.csv", content).rows_new == 30


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends(landing: Landing, intervention, newline: str) -> None:
    content = (INTERVENTIONS + intervention() + intervention("I2")).replace("\n", newline)
    assert landing.text("interventions.csv", content).rows_new == 2


def test_line_breaks_inside_quotes_belong_to_the_cell(landing: Landing) -> None:
    landing.text(
        "clients.csv",
        '"client_id";"Nom\nde famille";payment_method;invoice_delivery;Adresse\n'
        'C1;A;virement;mail;"1 rue X\n75011 Paris"\n',
    )
    assert landing.rows("SELECT address, _row FROM raw.clients") == [
        {"address": "1 rue X\n75011 Paris", "_row": 2}
    ]


def test_a_line_with_too_few_or_too_many_cells_is_rejected_alone(landing: Landing, intervention) -> None:
    lines = (
        "I7;C1;W1\n"
        + intervention()
        + "I8;C1;W1;M;2026-10-05 09:00;2026-10-05 10:00;validee;trop\n"
        + intervention("I2")
    )
    report = landing.text("interventions.csv", INTERVENTIONS + lines)
    assert (report.rows_total, report.rows_new, report.rows_rejected) == (4, 2, 2)
    assert landing.errors() == {2: [(None, "colonnes")], 4: [(None, "colonnes")]}
    assert landing.rows("SELECT _row FROM raw.interventions ORDER BY 1") == [{"_row": 3}, {"_row": 5}]
    raw = json.loads(landing.rows("SELECT raw FROM raw.rejected_rows WHERE row_no = 4")[0]["raw"])
    assert raw["colonne 8"] == "trop"


def test_row_numbers_hold_across_chunks(landing: Landing, monkeypatch) -> None:
    from loaders.readers import delimited

    monkeypatch.setattr(delimited, "_BLOCK", 400)
    monkeypatch.setattr(delimited, "CHUNK_ROWS", 10)
    lines = [f"I{n};C1;W1;M;2026-10-05 09:00;2026-10-05 10:00;validee" for n in range(2, 202)]
    for n in (2, 57, 58, 130, 201):
        lines[n - 2] = "court;"
    for n in (60, 131):
        lines[n - 2] = ""
    landing.text("interventions.csv", INTERVENTIONS + "\n".join(lines) + "\n")
    assert list(landing.errors()) == [2, 57, 58, 130, 201]
    wrong = landing.rows("SELECT _key, _row FROM raw.interventions WHERE _key <> 'I' || _row")
    assert wrong == []
    assert len(landing.rows("SELECT 1 FROM raw.interventions")) == 200 - 5 - 2


def test_two_stray_quotes_do_not_swallow_a_row(landing: Landing) -> None:
    content = CLIENTS + 'C1;"Martin;A;virement;mail\nC2;"Durand;B;virement;mail\nC3;Petit;C;virement;mail\n'
    report = landing.text("clients.csv", content)
    assert (report.rows_new, report.rows_rejected) == (1, 1)
    assert "C2" in landing.rows("SELECT raw FROM raw.rejected_rows")[0]["raw"]


def test_an_inch_is_not_a_quote(landing: Landing) -> None:
    assert landing.text("services.csv", SERVICES + 'M;Tuyau 6" PVC;service;piece;0\n').rows_new == 1
    assert landing.rows("SELECT label FROM raw.services") == [{"label": 'Tuyau 6" PVC'}]


def workbook(
    path: Path, rows: list[list[Any]], title: str = "Feuil1", formats: dict[str, str] | None = None
) -> Path:
    book: Any = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    book.save(path)
    return path


def test_typed_cells_become_exact_text(landing: Landing, tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "contracts.xlsx",
        [
            ["contract_id", "client_id", "service_code", "unit_price", "valid_from", "valid_to"],
            [1042.0, 7, "M", 0.1 + 0.2, dt.date(2026, 1, 1), dt.datetime(2026, 12, 31)],
            ["K2", 7, "M", 26, "01/01/2026", None],
            ["K3", 7, "M", 26.25, dt.datetime(2026, 1, 1, 10, 30), None],
        ],
    )
    (report,) = landing.load(path)
    assert (report.rows_new, report.rows_rejected) == (2, 1), report.message
    first, second = landing.rows("SELECT * FROM raw.contracts ORDER BY _row")
    assert (first["contract_id"], first["client_id"], first["unit_price"]) == ("1042", "7", "0.30")
    assert (first["valid_from"], first["valid_to"]) == ("2026-01-01", "2026-12-31")
    assert (second["unit_price"], second["_row"]) == ("26.00", 3)
    assert landing.errors() == {4: [("valid_from", "format")]}


def test_times_and_percentages_of_a_workbook(landing: Landing, tmp_path: Path) -> None:
    start = dt.datetime(2026, 10, 5, 9, 0)
    path = workbook(
        tmp_path / "interventions.xlsx",
        [
            INTERVENTIONS.strip().split(";"),
            ["I1", "C1", "W1", "M", start, start + dt.timedelta(minutes=50), "validee"],
        ],
    )
    assert landing.load(path)[0].rows_new == 1
    assert landing.rows("SELECT starts_at, ends_at FROM raw.interventions") == [
        {"starts_at": "2026-10-05 07:00:00", "ends_at": "2026-10-05 07:50:00"}
    ]
    rates = workbook(
        tmp_path / "services.xlsx",
        [
            SERVICES.strip().split(";"),
            ["M", "Ménage", "service", "hour", 0.055],
            ["N", "N", "service", "hour", 1],
        ],
        formats={"E2": "0.0%", "E3": "0%"},
    )
    landing.load(rates)
    assert landing.rows("SELECT vat_rate FROM raw.services ORDER BY _row") == [
        {"vat_rate": "0.0550"},
        {"vat_rate": "1.0000"},
    ]


def test_the_sheet_named_like_the_source_is_taken(landing: Landing, tmp_path: Path) -> None:
    book: Any = openpyxl.Workbook()
    book.active.append(["bonjour"])
    sheet = book.create_sheet("Prestations")
    sheet.append(SERVICES.strip().split(";"))
    sheet.append(["M", "Ménage", "service", "hour", 0.055])
    book.save(tmp_path / "services_2026.xlsx")
    (report,) = landing.load(tmp_path / "services_2026.xlsx")
    assert report.rows_new == 1, report.message


def test_a_formula_without_result_is_its_text(landing: Landing, tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "services.xlsx", [SERVICES.strip().split(";"), ["M", "=1+1", "service", "hour", 0]]
    )
    assert landing.load(path)[0].rows_new == 1
    assert landing.rows("SELECT label FROM raw.services") == [{"label": "=1+1"}]


def test_a_formula_with_a_result_is_its_result(landing: Landing, tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "services.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, SERVICES.strip().split(";"))
    sheet.write_row(1, 0, ["M", "Ménage", "service", "hour"])
    sheet.write_formula(1, 4, "=11/200", None, 0.055)
    book.close()
    landing.load(path)
    assert landing.rows("SELECT vat_rate FROM raw.services") == [{"vat_rate": "0.0550"}]


def test_json_and_ndjson(landing: Landing) -> None:
    rows = [
        {
            "Code client": 1042,
            "Nom": "Martin",
            "payment_method": "Chèque",
            "invoice_delivery": "courrier",
            "tags": ["a"],
        },
        {
            "Code client": "C2",
            "Nom": "Durand",
            "payment_method": "CB",
            "invoice_delivery": "mail",
            "vip": True,
        },
    ]
    assert landing.text("clients.json", json.dumps(rows)).rows_new == 2
    landed = landing.rows("SELECT client_id, payment_method, _extra, _row FROM raw.clients ORDER BY _row")
    assert [tuple(row.values()) for row in landed] == [
        ("1042", "cheque", '{"tags":"[\\"a\\"]"}', 1),
        ("C2", "carte", '{"vip":"true"}', 2),
    ]
    rows[0]["Nom"] = "Martin-Petit"
    report = landing.text("clients.ndjson", "\n".join(json.dumps(row) for row in rows) + "\n")
    assert (report.rows_new, report.rows_unchanged) == (1, 1)


def test_numbers_of_json_are_exact(landing: Landing) -> None:
    head = '"contract_id":"K1","client_id":"C1","service_code":"M","valid_from":"2026-01-01"'
    landing.text("contracts.json", f'[{{{head},"unit_price":26.10,"saturday_price":2.7e1}}]')
    assert landing.rows("SELECT unit_price, saturday_price FROM raw.contracts") == [
        {"unit_price": "26.10", "saturday_price": "27.00"}
    ]


@pytest.mark.parametrize(
    ("name", "source"),
    [("interventions_2026-10.csv", "interventions"), ("2026-10 Interventions (1).csv", "interventions"),
     ("payer_defaults.csv", "payer_defaults"), ("rejets-interventions-12.csv", "interventions"),
     ("interventions/2026-10.csv", "interventions"), ("Prestations.csv", "services"),
     ("home_plus_responses_11.csv", "home_plus_responses"), ("export.csv", None)],
)  # fmt: skip
def test_the_source_is_in_the_name(tmp_path: Path, name: str, source: str | None) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a;b\n1;2\n")
    assert detect_source(path) == source


def test_the_source_is_in_the_headers(landing: Landing, intervention) -> None:
    assert landing.text("export.csv", INTERVENTIONS + intervention()).source == "interventions"
    with_planning = INTERVENTIONS.replace("client_id", "planning_id;client_id")
    assert (
        landing.text(
            "export2.csv", with_planning + "I9;P1;C1;W1;M;2026-10-05 09:00;2026-10-05 10:00;validee\n"
        ).source
        == "interventions"
    )
    refused = landing.text("export3.csv", "a;b\n1;2\n")
    assert (refused.status, refused.source) == ("refuse", None)
    assert "Source non reconnue" in refused.message and "a, b" in refused.message


def test_the_source_can_be_said(landing: Landing) -> None:
    assert landing.text("export.csv", SERVICES + "M;M;service;hour;0\n", source="services").rows_new == 1
    refused = landing.text("export.csv", SERVICES, source="servces")
    assert refused.status == "refuse" and "Source inconnue" in refused.message


def test_a_folder_is_loaded_in_the_order_of_dependencies(
    landing: Landing, intervention, tmp_path: Path
) -> None:
    folder = tmp_path / "depot"
    (folder / "interventions").mkdir(parents=True)
    (folder / "interventions" / "b.csv").write_text(INTERVENTIONS + intervention("I2"))
    (folder / "interventions" / "a.csv").write_text(INTERVENTIONS + intervention())
    (folder / "clients.csv").write_text(NAMES)
    (folder / "zz_services.csv").write_text(SERVICES + "M;M;service;hour;0\n")
    (folder / "clients_abime.csv").write_bytes(b"")
    (folder / "LISEZMOI.md").write_text("bonjour")
    (folder / ".cache").write_text("bonjour")
    reports = landing.load(folder)
    assert [(r.file_name, r.status) for r in reports] == [
        ("zz_services.csv", "charge"), ("clients.csv", "charge"), ("clients_abime.csv", "refuse"),
        ("a.csv", "charge"), ("b.csv", "charge"), ("LISEZMOI.md", "rien"),
    ]  # fmt: skip


def test_a_folder_with_nothing_to_load_says_so(landing: Landing, tmp_path: Path) -> None:
    folder = tmp_path / "vide"
    folder.mkdir()
    (report,) = landing.load(folder)
    assert report.status == "refuse"
    assert report.message == "Le dossier « vide » ne contient aucun fichier CSV, XLSX, JSON ou NDJSON."
