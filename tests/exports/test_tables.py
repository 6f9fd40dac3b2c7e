"""Exports keep every cent, stay data in a spreadsheet, and let a filter read nothing else (spec 80)."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest
from openpyxl.utils.escape import unescape

from console.exports.tables import ExportRefused, export

ROWS = """
create schema marts;
create table marts.ventes (
    id bigint, libelle varchar, montant decimal(12,2), taux decimal(12,4), jour date, le timestamp,
    actif boolean, total decimal(38,2));
insert into marts.ventes values
    (1, 'Été; « a "b" »', 70.07, 0.0550, '2026-11-21', '2026-11-21 19:17:05', true, 12345678901234567890.12),
    (2, '=1+1', -1234.50, 0.2000, '2026-02-28', '2026-03-29 01:30:00', false, 0.10),
    (3, '@SUM(A1)', 0.10, 0.1000, null, null, null, -0.01),
    (4, '-2', 9999999999.99, 0.0000, '1999-12-31', '1999-12-31 23:59:59', true, 5.00),
    (5, chr(9) || '=x', -0.05, 0.0210, '2026-01-01', '2026-01-01 00:00:00', false, null),
    (6, 'deux' || chr(10) || 'lignes', null, null, null, null, null, null),
    (7, null, 33.33, 0.0550, '2026-01-01', '2026-01-01 00:00:00', false, 1.00);
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(ROWS)
    return path


def _csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=";"))


def test_csv_is_what_french_excel_opens(warehouse: Path, tmp_path: Path) -> None:
    report = export(warehouse, "ventes", tmp_path / "v.csv", "csv")
    assert report.rows == 7
    raw = (tmp_path / "v.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfid;libelle;montant;taux;jour;le;actif;total\r\n")
    rows = _csv(tmp_path / "v.csv")
    assert rows[1] == [
        "1", 'Été; « a "b" »', "70,07", "0,0550", "2026-11-21", "2026-11-21 19:17:05", "oui",
        "12345678901234567890,12",
    ]  # fmt: skip
    assert rows[6] == ["6", "deux\nlignes", "", "", "", "", "", ""]
    assert [len(row) for row in rows] == [8] * 8


def test_csv_text_is_never_a_formula_and_a_negative_amount_stays_a_number(
    warehouse: Path, tmp_path: Path
) -> None:
    export(warehouse, "ventes", tmp_path / "v.csv", "csv")
    rows = _csv(tmp_path / "v.csv")[1:]
    assert [row[1] for row in rows[1:5]] == ["'=1+1", "'@SUM(A1)", "'-2", "'\t=x"]
    assert [row[2] for row in rows] == ["70,07", "-1234,50", "0,10", "9999999999,99", "-0,05", "", "33,33"]


def test_xlsx_cells_are_typed_and_keep_their_digits(warehouse: Path, tmp_path: Path) -> None:
    export(warehouse, "ventes", tmp_path / "v.xlsx", "xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "v.xlsx").active
    assert sheet is not None and sheet.freeze_panes == "A2"
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1][4:7] == (datetime(2026, 11, 21), datetime(2026, 11, 21, 19, 17, 5), True)
    assert rows[1][7] == "12345678901234567890.12", "beyond what a spreadsheet keeps: text"
    assert [row[1] for row in rows[2:6]] == ["'=1+1", "'@SUM(A1)", "'-2", "'\t=x"]
    assert rows[2][2] == -1234.5
    assert rows[6][2] is None
    with zipfile.ZipFile(tmp_path / "v.xlsx") as book:
        xml = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in xml
    written = re.findall(r'<c r="C\d+" s="\d+"><v>([^<]+)</v>', xml)
    assert [Decimal(text) for text in written] == [
        Decimal("70.07"), Decimal("-1234.50"), Decimal("0.10"), Decimal("9999999999.99"), Decimal("-0.05"),
        Decimal("33.33"),
    ]  # fmt: skip


def test_parquet_keeps_the_types(warehouse: Path, tmp_path: Path) -> None:
    export(warehouse, "ventes", tmp_path / "v.parquet", "parquet")
    table = pq.read_table(tmp_path / "v.parquet")
    assert str(table.schema.field("montant").type) == "decimal128(12, 2)"
    assert table.column("montant").to_pylist()[:2] == [Decimal("70.07"), Decimal("-1234.50")]
    assert table.column("jour").to_pylist()[0] == date(2026, 11, 21)


def test_json_numbers_have_their_exact_digits(warehouse: Path, tmp_path: Path) -> None:
    export(warehouse, "ventes", tmp_path / "v.json", "json")
    text = (tmp_path / "v.json").read_text(encoding="utf-8")
    rows = json.loads(text, parse_float=Decimal)
    assert rows[0] == {
        "id": 1, "libelle": 'Été; « a "b" »', "montant": Decimal("70.07"), "taux": Decimal("0.0550"),
        "jour": "2026-11-21", "le": "2026-11-21T19:17:05", "actif": True,
        "total": Decimal("12345678901234567890.12"),
    }  # fmt: skip
    assert rows[1]["libelle"] == "=1+1", "JSON is not opened by a spreadsheet: the text as it is"
    assert rows[5]["montant"] is None
    assert '"montant":-1234.50,' in text


@pytest.mark.parametrize("format", ["csv", "xlsx", "parquet", "json"])
def test_an_empty_result_has_its_header(warehouse: Path, tmp_path: Path, format: str) -> None:
    report = export(warehouse, "ventes", tmp_path / f"v.{format}", format, where="id > 100")
    assert report.rows == 0
    if format == "csv":
        assert len(_csv(report.path)) == 1
    if format == "json":
        assert json.loads(report.path.read_text()) == []
    if format == "parquet":
        assert pq.read_table(report.path).num_columns == 8
    if format == "xlsx":
        assert openpyxl.load_workbook(report.path).active.max_row == 1  # type: ignore[union-attr]


def test_a_query_with_parameters_and_a_filter(warehouse: Path, tmp_path: Path) -> None:
    report = export(
        warehouse, "select id, montant from marts.ventes where montant < ? order by id desc",
        tmp_path / "v.csv", "csv", params=[Decimal("100.00")], where="montant > -1 -- à l'euro près",
    )  # fmt: skip
    assert [row[0] for row in _csv(report.path)[1:]] == ["7", "5", "3", "1"]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("id = 1; drop table marts.ventes", "une seule condition"),
        ("1=1) union select * from marts.ventes where (1=1", "pas une condition"),
        ("id in (select 1)", "sous-requête"),
        ("exists (from read_text('/etc/hostname'))", "sous-requête"),
        ("1=1 order by id", "condition seulement"),
        ("1=1 limit 1", "condition seulement"),
        ("1=1 group by id", "condition seulement"),
        ("1=1 qualify true", "condition seulement"),
        ("id = ?", "paramètre"),
        ("id === ", "ne peut pas être appliqué"),
        ("montant >", "incomplet"),
        ("couleur = 'rouge'", "colonne inconnue : « couleur »"),
        ("jour = 'hier'", "« hier »"),
        ("id = 'un'", "« un »"),
        ("sans_nom(id) = 1", "« sans_nom »"),
    ],
)
def test_a_filter_is_one_condition_and_its_errors_are_french(
    warehouse: Path, tmp_path: Path, where: str, said: str
) -> None:
    with pytest.raises(ExportRefused, match=re.escape(said)):
        export(warehouse, "ventes", tmp_path / "v.csv", "csv", where=where)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["warehouse.duckdb"], "nothing half-written"


def test_a_query_can_read_nothing_but_the_warehouse(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(duckdb.PermissionException):
        export(warehouse, "select * from read_text('/etc/hostname')", tmp_path / "v.csv", "csv")


def test_unknown_dataset_format_and_folder(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="Jeu de données inconnu"):
        export(warehouse, "inconnu", tmp_path / "v.csv", "csv")
    with pytest.raises(ExportRefused, match="Format inconnu"):
        export(warehouse, "ventes", tmp_path / "v.ods", "ods")
    with pytest.raises(ExportRefused, match="n'existe pas"):
        export(warehouse, "ventes", tmp_path / "absent" / "v.csv", "csv")


def test_the_old_file_stays_when_the_export_fails(warehouse: Path, tmp_path: Path) -> None:
    target = tmp_path / "v.csv"
    target.write_text("avant")
    with pytest.raises(duckdb.Error):
        export(warehouse, "select error('non') from marts.ventes", target, "csv")
    assert target.read_text() == "avant"


def test_a_file_that_is_being_read_elsewhere_in_the_process_can_be_exported(
    warehouse: Path, tmp_path: Path
) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as reader:
        assert export(warehouse, "ventes", tmp_path / "v.csv", "csv").rows == 7
        assert reader.execute("select count(*) from marts.ventes").fetchone() == (7,)


def test_columns_are_read_in_many_batches(warehouse: Path, tmp_path: Path) -> None:
    query = "select range as n, cast(range as decimal(12,2)) as d, 'x' || range as t from range(45001)"
    for format in ("csv", "json", "parquet", "xlsx"):
        assert export(warehouse, query, tmp_path / f"n.{format}", format).rows == 45001
    assert len(_csv(tmp_path / "n.csv")) == 45002
    assert len(json.loads((tmp_path / "n.json").read_text())) == 45001
    assert pq.read_table(tmp_path / "n.parquet").num_rows == 45001


def test_difficult_texts_reach_the_spreadsheet_whole_and_the_file_stays_readable(
    warehouse: Path, tmp_path: Path
) -> None:
    query = """
        select * from (values
            (1, 'a & b < c > d'), (2, 'x' || chr(13) || 'y'), (3, chr(1) || 'invisible'), (4, '_x0041_'),
            (5, repeat('é', 40000)), (6, '＝1+1'), (7, ' bord '), (8, ''), (9, chr(13) || '=1')
        ) as t(n, texte) order by n"""
    export(warehouse, query, tmp_path / "t.xlsx", "xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    assert sheet is not None
    texts = [unescape(str(row[1] or "")) for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert texts[:4] == ["a & b < c > d", "x\ry", "\ufffdinvisible", "_x0041_"]
    assert len(texts[4]) <= 32_767 and texts[4].endswith("[texte coupé]")
    assert texts[5:] == ["'＝1+1", " bord ", "", "'\r=1"]
    export(warehouse, query, tmp_path / "t.csv", "csv")
    assert [row[1] for row in _csv(tmp_path / "t.csv")][5] == "é" * 40000
    assert [row[1] for row in _csv(tmp_path / "t.csv")][7:] == [" bord ", "", "'\r=1"]


def test_other_types_are_written(warehouse: Path, tmp_path: Path) -> None:
    query = """select date '1850-01-01' as ancien, [1, 2] as liste, '{"a": 1}'::json as doc,
        'inf'::double as infini, 123456789012345678 as grand,
        timestamptz '2026-11-21 19:17:05+00' as instant"""
    export(warehouse, query, tmp_path / "t.json", "json")
    row = json.loads((tmp_path / "t.json").read_text())[0]
    assert (row["ancien"], row["liste"], row["doc"]) == ("1850-01-01", [1, 2], {"a": 1})
    assert (row["infini"], row["grand"]) == (None, 123456789012345678)
    export(warehouse, query, tmp_path / "t.xlsx", "xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    assert sheet is not None
    values = next(sheet.iter_rows(min_row=2, values_only=True))
    assert values[:5] == ("1850-01-01", "[1,2]", '{"a": 1}', None, "123456789012345678")


def test_a_sheet_that_is_too_long_is_refused_before_it_is_written(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="Une feuille XLSX"):
        export(warehouse, "select range as n from range(1048576)", tmp_path / "t.xlsx", "xlsx")
    assert not (tmp_path / "t.xlsx").exists()
