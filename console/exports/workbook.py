"""XLSX with typed cells: numbers have their exact digits, days are days, texts are never formulas.

xlsxwriter makes the workbook (styles, header, filter); the rows are written by DuckDB as XML and streamed
into it: cell by cell in Python, a million rows took more than six minutes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from console.exports.columns import Column, safe_sql, safe_text
from console.exports.filters import ExportRefused
from console.exports.formats import count

MAX_ROWS = 1_048_575  # of a sheet, without its header
MAX_TEXT = 32_767  # characters of a cell
MAX_DIGITS = 15  # a spreadsheet rounds beyond: such numbers are written as text
ZIP64_CELLS = 15_000_000  # beyond, the sheet may pass 2 GiB, which old spreadsheets cannot open
SHEET = "xl/worksheets/sheet1.xml"
WIDTHS = {"decimal": 13, "integer": 11, "float": 13, "date": 12, "timestamp": 19, "boolean": 8}
ILLEGAL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]"  # in XML
CUT = "… [texte coupé]"


def check_length(rows: int) -> None:
    """Raises ExportRefused when a sheet cannot hold that many rows."""
    if rows > MAX_ROWS:
        limit = count(MAX_ROWS, "ligne")
        raise ExportRefused(f"Une feuille XLSX tient {limit} au plus : filtrez ou choisissez le format CSV.")


class Sheet:
    """A workbook of one sheet of `rows` rows, ready to receive them."""

    def __init__(self, columns: list[Column], rows: int):
        check_length(rows)
        self.columns, self.rows = columns, rows
        self._styles: list[int] = []
        self._empty = self._skeleton()

    def row_sql(self) -> str:
        """SQL of one `<row>` element, over the columns and their row number `_ligne` (1 = first data row)."""
        cells = [
            f"coalesce({self._cell(column, xl_col_to_name(index), self._styles[index])}, '')"
            for index, column in enumerate(self.columns)
        ]
        return "concat('<row r=\"', _ligne + 1, '\">', " + ", ".join(cells) + ", '</row>')"

    def write(self, lines: Iterator[pa.RecordBatch], target: Path) -> int:
        """Writes the file from batches of `<row>` texts; returns the number of rows."""
        written = 0
        large = self.rows * len(self.columns) > ZIP64_CELLS
        with (
            zipfile.ZipFile(io.BytesIO(self._empty)) as empty,
            zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book,
        ):
            for item in empty.infolist():
                if item.filename != SHEET:
                    book.writestr(item, empty.read(item), zipfile.ZIP_DEFLATED)
            before, after = self._around(empty.read(SHEET).decode())
            entry = zipfile.ZipInfo(SHEET, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with book.open(entry, "w", force_zip64=large) as sheet:
                sheet.write(before.encode())
                for batch in lines:
                    sheet.write("".join(batch.column(0).to_pylist()).encode())
                    written += batch.num_rows
                sheet.write(after.encode())
        return written

    def _around(self, xml: str) -> tuple[str, str]:
        last = f"{xl_col_to_name(len(self.columns) - 1)}{self.rows + 1}"
        xml = re.sub(r'<dimension ref="[^"]*"/>', f'<dimension ref="A1:{last}"/>', xml)
        before, end, after = xml.partition("</sheetData>")
        return before, end + after

    def _skeleton(self) -> bytes:
        """The workbook with its header and no row; fills the style number of each column."""
        content = io.BytesIO()
        with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
            sheet = book.add_worksheet("Données")
            header = book.add_format({"bold": True, "bottom": 1, "bg_color": "#F4F6F5"})
            formats = {_number_format(column) for column in self.columns}
            styles = {one: book.add_format({"num_format": one}) for one in sorted(formats)}
            for index, column in enumerate(self.columns):
                width = max(WIDTHS.get(column.kind, 24), min(len(column.name) + 3, 40))
                sheet.set_column(index, index, width, styles[_number_format(column)])
                sheet.write_string(0, index, safe_text(column.name), header)
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, max(self.rows, 1), len(self.columns) - 1)
        self._styles = [styles[_number_format(column)].xf_index for column in self.columns]
        return content.getvalue()

    def _cell(self, column: Column, letter: str, style: int) -> str:
        value = column.sql
        start = f'\'<c r="{letter}\', _ligne + 1, \'" s="{style}"'
        text = f'concat({start} t="inlineStr"><is><t xml:space="preserve">\', {{}}, \'</t></is></c>\')'
        number = f"concat({start}><v>', {{}}, '</v></c>')"
        plain = text.format(f"cast({value} as varchar)")
        if column.kind in ("decimal", "integer"):
            limit = "1" + "0" * (MAX_DIGITS - column.scale)
            exact = f"case when abs({value}) < {limit} then {number.format(f'cast({value} as varchar)')}"
            return f"{exact} when {value} is not null then {plain} end"
        if column.kind == "float":
            return f"case when isfinite({value}) then {number.format(f'cast({value} as varchar)')} end"
        if column.kind in ("date", "timestamp"):
            serial = f"when {value} >= date '1900-03-01' then {number.format(_serial(column))}"
            return f"case {serial} when {value} is not null then {plain} end"
        if column.kind == "boolean":
            cell = f"concat({start} t=\"b\"><v>', {value}::int, '</v></c>')"
            return f"case when {value} is not null then {cell} end"
        return f"case when {value} is not null then {text.format(_escaped(column))} end"


def _number_format(column: Column) -> str:
    if column.kind == "decimal":
        return "#,##0" + ("." + "0" * column.scale if column.scale else "")
    return {"date": "dd/mm/yyyy", "timestamp": "dd/mm/yyyy hh:mm:ss"}.get(column.kind, "General")


def _serial(column: Column) -> str:
    """Days since 1899-12-30, as spreadsheets count from March 1900 on."""
    days = f"date_diff('day', date '1899-12-30', cast({column.sql} as date))"
    if column.kind == "date":
        return days
    moment = f"cast({column.sql} as timestamp)"
    seconds = f"date_diff('second', date_trunc('day', {moment}), date_trunc('second', {moment}))"
    return f"printf('%.10f', {days} + {seconds} / 86400.0)"


def _escaped(column: Column) -> str:
    """SQL of a text as XML content: cut to what a cell holds, never a formula, nothing that XML refuses."""
    text, room = column.text_sql, MAX_TEXT - 1 - len(CUT)
    short = f"case when length({text}) >= {MAX_TEXT} then left({text}, {room}) || '{CUT}' else {text} end"
    legal = f"regexp_replace({safe_sql(short)}, '{ILLEGAL}', '\ufffd', 'g')"
    escaped = f"regexp_replace({legal}, '_(x[0-9A-Fa-f]{{4}}_)', '_x005F_\\1', 'g')"
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "_x000D_")):
        escaped = f"replace({escaped}, chr({ord(character)}), '{entity}')"
    return escaped
