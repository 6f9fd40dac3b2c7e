"""XLSX: typed cells become the text a person would have typed, without float noise; a formula gives its
result, or itself when the workbook holds none."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import pyarrow as pa
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._reader import WorkSheetParser

from loaders.errors import Refused
from loaders.readers.base import MAX_CELL, MAX_COLUMNS, Chunk, RawFile, name_headers, text_table
from loaders.values import fold, plain

_CHUNK = 50_000
_SIGNIFICANT = 15  # digits a spreadsheet keeps
_VALUE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}v"
_BROKEN = (
    zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError, OSError,
    ParseError, InvalidFileException, SyntaxError, NotImplementedError, RuntimeError,
)  # fmt: skip


class _Parser(WorkSheetParser):
    """Takes the stored result of a formula, and its text where there is none (openpyxl knows one or the
    other)."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        self.data_only = bool(element.findtext(_VALUE))
        return super().parse_cell(element)


def read_workbook(path: Path, sheets: Sequence[str] = ()) -> RawFile:
    """The sheet named like one of `sheets`, else the first. Raises Refused when the workbook is damaged."""
    rows = _rows(path, sheets)
    header = next((cells for _, cells in rows if any(cells)), None)
    if header is None:
        raise Refused("La feuille du classeur est vide.")
    headers, repeated = name_headers(_without_tail(header))
    return RawFile(headers, repeated, lambda: _chunks(path, sheets, headers))


def _without_tail(cells: list[str | None]) -> list[str | None]:
    """Styled but empty cells behind the header are not columns."""
    width = max((position for position, cell in enumerate(cells, start=1) if cell), default=0)
    return cells[:width]


def _rows(path: Path, sheets: Sequence[str]) -> Iterator[tuple[int, list[str | None]]]:
    """Row number and cells as text, for the rows that the sheet has."""
    try:
        workbook: Any = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        try:
            sheet = _sheet(workbook, sheets)
            formats = _percent_styles(workbook)
            with workbook._archive.open(sheet._worksheet_path) as source:
                parser = _Parser(
                    source,
                    sheet._shared_strings,
                    data_only=True,
                    epoch=workbook.epoch,
                    date_formats=workbook._date_formats,
                    timedelta_formats=workbook._timedelta_formats,
                )
                for number, cells in parser.parse():
                    yield number, _texts(cells, formats)
        finally:
            workbook.close()
    except _BROKEN as error:
        raise Refused("Le classeur est tronqué ou abîmé : il ne peut pas être lu.") from error


def _sheet(workbook: Any, wanted: Sequence[str]) -> Any:
    names = {fold(name) for name in wanted}
    sheets = workbook.worksheets
    if not sheets:
        raise Refused("Le classeur ne contient aucune feuille.")
    return next((sheet for sheet in sheets if fold(sheet.title) in names), sheets[0])


def _percent_styles(workbook: Any) -> set[int]:
    from openpyxl.styles.numbers import BUILTIN_FORMATS

    custom = workbook._number_formats
    percent = set()
    for position, style in enumerate(workbook._cell_styles):
        number_format = BUILTIN_FORMATS.get(style.numFmtId)
        if number_format is None and style.numFmtId >= 164 and style.numFmtId - 164 < len(custom):
            number_format = custom[style.numFmtId - 164]
        if number_format and "%" in number_format:
            percent.add(position)
    return percent


def _texts(cells: list[dict[str, Any]], percent: set[int]) -> list[str | None]:
    texts: list[str | None] = []
    for cell in cells:
        text = _text(cell["value"], cell.get("style_id") in percent)
        if text is None:
            continue
        if len(text) > MAX_CELL:
            raise Refused(f"Une cellule dépasse {MAX_CELL} caractères.")
        column = cell["column"]
        if column > MAX_COLUMNS:
            raise Refused(f"Une ligne a plus de {MAX_COLUMNS} colonnes.")
        texts.extend([None] * (column - len(texts)))
        texts[column - 1] = text
    return texts


def _text(value: Any, percent: bool) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        number = (
            Decimal(str(value)) if isinstance(value, int) else Decimal(format(value, f".{_SIGNIFICANT}g"))
        )
        return plain(number.scaleb(2), 0) + " %" if percent else plain(number, 0)
    if isinstance(value, dt.datetime):
        rounded = value + dt.timedelta(microseconds=500_000)
        return rounded.strftime("%Y-%m-%d %H:%M:%S") if rounded.year >= 1000 else str(rounded)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return value.strftime("%H:%M:%S")
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return str(getattr(value, "text", value))  # an array formula without a result


def _chunks(path: Path, sheets: Sequence[str], headers: tuple[str, ...]) -> Iterator[Chunk]:
    """Cells beyond the header are refused: they would be lost."""
    width = len(headers)
    numbers: list[int] = []
    columns: list[list[str | None]] = [[] for _ in headers]
    in_body = False
    for number, cells in _rows(path, sheets):
        if not any(cells):
            continue
        if not in_body:
            in_body = True
            continue
        if len(cells) > width and any(cells[width:]):
            raise Refused(f"La ligne {number} a des cellules au-delà de la dernière colonne nommée.")
        numbers.append(number)
        for position, column in enumerate(columns):
            column.append(cells[position] if position < len(cells) else None)
        if len(numbers) >= _CHUNK:
            yield Chunk(text_table(headers, columns), pa.array(numbers, pa.int64()))
            numbers, columns = [], [[] for _ in headers]
    if numbers:
        yield Chunk(text_table(headers, columns), pa.array(numbers, pa.int64()))
