"""Hostile files: one clear sentence, nothing landed, no trace but the name in `load_batches`
(spec 10)."""

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.loaders.conftest import CLIENTS, INTERVENTIONS, SERVICES, Landing

LINE = "I{n};C1;W1;M;2026-10-05 09:00;2026-10-05 10:00;validee\n"
CLIENT = "C2;A;B;virement;mail\n"
LONG = "x" * 5_000_000
NOISE = bytes((i * 7919 + i // 3) % 255 + 1 for i in range(5000))
WIDE = ";".join(f"c{i}" for i in range(10_000)) + "\n" + ";" * 9_999 + "\n"
GOOD = INTERVENTIONS + "".join(LINE.format(n=n) for n in range(50))


def xlsx(rows: list[list[Any]]) -> bytes:
    book: Any = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def rezipped(content: bytes, changes: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", compression) as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name, old.read(name)))
        for name in changes.keys() - set(old.namelist()):
            new.writestr(name, changes[name])
    return stream.getvalue()


SHEET = xlsx([SERVICES.strip().split(";"), ["M", "Ménage", "service", "hour", 0.055]])
ENCRYPTED_ZIP = bytearray(SHEET)
for offset in range(len(ENCRYPTED_ZIP) - 4):  # the "encrypted" flag of every entry
    if ENCRYPTED_ZIP[offset : offset + 4] == b"PK\x03\x04":
        ENCRYPTED_ZIP[offset + 6] |= 1
    elif ENCRYPTED_ZIP[offset : offset + 4] == b"PK\x01\x02":
        ENCRYPTED_ZIP[offset + 8] |= 1
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
BOMB_SHEET = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    + b"<row><c><v>1</v></c></row>" * 10
    + b"</sheetData></worksheet>"
)
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "' + b"ha" * 500 + b'">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 60) for i in range(6))
    + b']><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    b'<row r="1"><c r="A1" t="inlineStr"><is><t>&g;</t></is></c></row></sheetData></worksheet>'
)  # fmt: skip
PATH = "xl/worksheets/sheet1.xml"
PLAIN_ZIP = rezipped(SHEET, {}).replace(b"xl/workbook.xml", b"xl/warkbook.xml")
LONG_CELL = b'<row><c t="inlineStr"><is><t>' + LONG.encode() + b"</t></is></c></row>"
LONG_SHEET = BOMB_SHEET.replace(b"<row><c><v>1</v></c></row>", LONG_CELL, 1)

HOSTILE: dict[str, tuple[str, bytes, str]] = {
    "zero length": ("interventions.csv", b"", "vide"),
    "only blank lines": ("interventions.csv", b"\n\n  \n", "en-tête"),
    "only a byte order mark": ("interventions.csv", b"\xef\xbb\xbf", "en-tête"),
    "csv cut inside a row": ("interventions.csv", GOOD[:-30].encode(), "tronqué"),
    "csv cut inside a letter": (
        "clients.csv", (CLIENTS + "C1;Zoé;x;virement;mail\nC2;Ren").encode() + b"\xc3", "tronqué",
    ),
    "csv cut inside quotes": (
        "clients.csv", (CLIENTS + 'C1;A;B;virement;mail\nC2;A;B;virement;"ma').encode(), "guillemet",
    ),
    "a quote that nobody closes": (
        "clients.csv", (CLIENTS + 'C1;A;B;virement;"mail\n' + CLIENT * 20).encode(), "guillemet",
    ),
    "NUL byte": ("interventions.csv", GOOD.replace("I7;", "I\x007;").encode(), "octet nul"),
    "NUL byte far away": ("interventions.csv", GOOD.encode() + b"# " + b"x" * 70_000 + b"\0\n", "octet nul"),
    "NUL in json": ("services.json", b'[{"service_code":"a\\u0000b"}]', "octet nul"),
    "random bytes": ("interventions.csv", NOISE, "binaire"),
    "encrypted bytes": ("interventions.csv", os.urandom(200_000), ""),
    "utf-16": ("clients.csv", CLIENTS.encode("utf-16"), "UTF-16"),
    "pdf": ("interventions.csv", b"%PDF-1.7\n" + b"x" * 100, "PDF"),
    "gzip": ("interventions.csv", b"\x1f\x8b\x08\x00" + b"x" * 100, "archive"),
    "html": ("interventions.csv", b"<html><table><tr><td>1</td></tr></table></html>", "HTML"),
    "10 000 columns": (
        "interventions.csv", WIDE.encode(), "10000",
    ),
    "5 MB cell": ("services.csv", (SERVICES + "M;" + LONG + ";service;hour;0\n").encode(), "caractères"),
    "50 MB cell": ("services.csv", (SERVICES + "M;" + LONG * 10 + "\n").encode(), "caractères"),
    "5 MB header": ("services.csv", (LONG + ";b\n1;2\n").encode(), ""),
    "5 MB cell in json": ("services.json", ('[{"service_code":"' + LONG + '"}]').encode(), "caractères"),
    "5 MB workbook cell": (
        "services.xlsx",
        rezipped(SHEET, {PATH: LONG_SHEET}),
        "caractères",
    ),
    "workbook of 10 000 columns": ("services.xlsx", xlsx([[f"c{i}" for i in range(10_000)]]), "colonnes"),
    "csv named xlsx": ("interventions.xlsx", GOOD.encode(), "ne correspond pas"),
    "xlsx named csv": ("services.csv", SHEET, "ne correspond pas"),
    "json named csv": ("services.csv", b'[{"service_code": "M"}]', "ne correspond pas"),
    "csv named json": ("services.json", SERVICES.encode(), "ne correspond pas"),
    "unknown extension": ("interventions.exe", GOOD.encode(), "pas reconnue"),
    "truncated workbook": ("services.xlsx", SHEET[: len(SHEET) // 2], "tronqué"),
    "workbook with a broken sheet": ("services.xlsx", rezipped(SHEET, {PATH: BOMB_SHEET[:150]}), "abîmé"),
    "workbook without its sheet": ("services.xlsx", rezipped(SHEET, {"xl/workbook.xml": b"<x/>"}), "feuille"),
    "empty workbook": ("services.xlsx", xlsx([]), "vide"),
    "workbook with a password": (
        "services.xlsx", OLE + "EncryptedPackage".encode("utf-16-le") + b"\0" * 500, "mot de passe",
    ),
    "old xls": ("services.xls", OLE, "n'est pas reconnue"),
    "old xls named xlsx": ("services.xlsx", OLE, ".xls"),
    "encrypted zip": ("services.xlsx", bytes(ENCRYPTED_ZIP), "chiffrée"),
    "plain zip": ("services.xlsx", PLAIN_ZIP, "ZIP"),
    "entities that multiply": ("services.xlsx", rezipped(SHEET, {PATH: LAUGHS}), "abîmé"),
    "json cut": ("services.json", b'[{"service_code":"M","label":"x"},{"serv', "tronqué"),
    "ndjson cut": ("services.ndjson", b'{"service_code":"M"}\n{"service_code":"N', "mal formé"),
    "json of numbers": ("services.json", b"[{}, 1, 2]", "objets"),
    "json nested": ("services.json", b"[{\"a\":" + b"[" * 100_000, "mal formé"),
    "json name twice": ("services.json", b'[{"service_code":"M","service_code":"N"}]', "deux fois"),
    "json empty": ("services.json", b"[]", "aucune ligne"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_file(landing: Landing, case: str) -> None:
    name, content, expected = HOSTILE[case]
    report = landing.text(name, content)
    assert report.status == "refuse", report.message
    assert not report.ok
    assert expected in report.message
    assert len(report.message) < 2_000 and "\n" not in report.message and "Traceback" not in report.message
    assert report.message[0].isupper() and report.message.endswith(".")
    assert_no_trace(landing, name)


def assert_no_trace(landing: Landing, name: str) -> None:
    batches = landing.rows(
        "SELECT file_name, status, rows_total, rows_new, rows_rejected FROM raw.load_batches"
    )
    assert batches == [
        {"file_name": name, "status": "refuse", "rows_total": 0, "rows_new": 0, "rows_rejected": 0}
    ]
    for table in ("interventions", "services", "clients", "rejected_rows"):
        assert landing.rows(f"SELECT * FROM raw.{table}") == [], table


def test_a_workbook_that_would_fill_the_memory(landing: Landing, tmp_path: Path) -> None:
    path = tmp_path / "services.xlsx"
    path.write_bytes(SHEET)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet2.xml", "w", force_zip64=True) as sheet,
    ):
        for _ in range(1100):
            sheet.write(b"0" * (1 << 20))
    assert path.stat().st_size < 3_000_000
    (report,) = landing.load(path)
    assert (report.status, report.message) == (
        "refuse", "Le classeur décompressé serait trop volumineux (plus de 1 Go).",
    )  # fmt: skip
    assert_no_trace(landing, "services.xlsx")


def test_a_file_that_is_not_there(landing: Landing, tmp_path: Path) -> None:
    (report,) = landing.load(tmp_path / "interventions.csv")
    assert report.status == "refuse" and "introuvable" in report.message


def test_a_workbook_claiming_a_million_rows_is_read_for_what_it_holds(
    landing: Landing, tmp_path: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(SHEET)) as archive:
        sheet = archive.read(PATH)
    assert b'ref="A1:E2"' in sheet
    (tmp_path / "services.xlsx").write_bytes(
        rezipped(SHEET, {PATH: sheet.replace(b"A1:E2", b"A1:XFD1048576")})
    )
    (report,) = landing.load(tmp_path / "services.xlsx")
    assert (report.status, report.rows_new) == ("charge", 1)


def test_one_hostile_file_does_not_stop_the_others(landing: Landing, tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_bytes(b"\x00\x01")
    (tmp_path / "interventions.csv").write_text(GOOD)
    reports = landing.load(tmp_path / "clients.csv", tmp_path / "interventions.csv")
    assert [report.status for report in reports] == ["refuse", "charge"]


def test_headers_of_a_hostile_file_are_shown_harmless(landing: Landing) -> None:
    report = landing.text("clients.csv", "a\x1b[31m" + "z" * 500 + ";b\n1;2\n")
    assert report.status == "refuse"
    assert "\x1b" not in report.message and "z" * 50 not in report.message
