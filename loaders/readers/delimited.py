"""CSV: the delimiter is found, cells are kept as text, and no row is lost to a stray quote."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from loaders.errors import Refused
from loaders.readers.base import CHUNK_ROWS, MAX_CELL, MAX_COLUMNS, BrokenRow, Chunk, RawFile, name_headers
from loaders.readers.sniff import Scan

DELIMITERS = (";", "\t", ",")
_BLOCK = 8 << 20
_MAX_BROKEN = 100_000
_SAMPLE_CHARACTERS = 2 << 20
_SAMPLE_RECORDS = 20


def read_delimited(path: Path, scanned: Scan) -> RawFile:
    """`;`, `,` or tab; quotes as in RFC 4180. Raises Refused for what cannot be cut into rows safely."""
    sample = _sample(path, scanned.encoding)
    delimiter, skipped, header = _layout(sample)
    headers, repeated = name_headers(header)
    if scanned.quotes % 2 and _ends_inside_quotes(path, scanned.encoding, delimiter):
        raise Refused("Un guillemet ouvert n'est jamais refermé : le fichier est tronqué ou mal formé.")
    return RawFile(headers, repeated, lambda: _chunks(path, scanned, delimiter, skipped, headers))


def _sample(path: Path, encoding: str) -> list[str]:
    """The first lines, whole."""
    try:
        with path.open("r", encoding=encoding, newline="") as stream:
            text = stream.read(_SAMPLE_CHARACTERS)
    except UnicodeDecodeError as error:
        raise Refused(f"Le fichier n'est pas encodé en {encoding}.") from error
    return list(io.StringIO(text, newline=""))


def _layout(lines: list[str]) -> tuple[str, int, list[str]]:
    """The delimiter, how many records come before the first row (the header included), the header's cells."""
    declared = lines[0].strip().lower() if lines else ""
    if declared.startswith("sep=") and len(declared) == 5:
        skipped, header = _header(lines[1:], lines[0].strip()[4])
        return lines[0].strip()[4], skipped + 1, header
    best: tuple[float, int, str] | None = None
    for delimiter in DELIMITERS:
        score, width = _consistency(lines, delimiter)
        if width > 1 and (best is None or (score, width) > best[:2]):
            best = (score, width, delimiter)
    delimiter = best[2] if best else DELIMITERS[0]
    return delimiter, *_header(lines, delimiter)


def _records(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(1 << 30)
    return csv.reader(iter(lines), delimiter=delimiter)


def _consistency(lines: list[str], delimiter: str) -> tuple[float, int]:
    """Share of the first records that are as wide as the header, and that width."""
    widths = []
    for record in _records(lines, delimiter):
        if record and not record[0].lstrip().startswith("#"):
            widths.append(len(record))
        if len(widths) > _SAMPLE_RECORDS:
            break
    if not widths:
        return 0.0, 0
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]


def _header(lines: list[str], delimiter: str) -> tuple[int, list[str]]:
    for number, record in enumerate(_records(lines, delimiter), start=1):
        if any(cell.strip() for cell in record) and not record[0].lstrip().startswith("#"):
            return number, record
    raise Refused("Le fichier ne contient aucune ligne d'en-tête.")


def _ends_inside_quotes(path: Path, encoding: str, delimiter: str) -> bool:
    """Is the last record still open at the end of the file? A record added behind tells."""
    mark = "\x02"

    def lines() -> Iterator[str]:
        with path.open("r", encoding=encoding, newline="") as stream:
            yield from stream
        yield f"{mark}\n"

    record: list[str] = []
    csv.field_size_limit(1 << 30)
    for record in csv.reader(lines(), delimiter=delimiter):  # noqa: B007
        pass
    return record != [mark]


def _chunks(
    path: Path, scanned: Scan, delimiter: str, skipped: int, headers: tuple[str, ...]
) -> Iterator[Chunk]:
    broken: list[BrokenRow] = []
    short: list[int] = []  # numbers of the rows that have too few cells

    def keep_aside(row: arrow_csv.InvalidRow) -> str:
        if len(broken) >= _MAX_BROKEN:
            return "error"
        if not row.text.strip():
            broken.append(BrokenRow(row.number, [], ""))
            return "skip"
        if row.actual_columns < row.expected_columns:
            short.append(row.number)
        cells = next(_records([row.text], delimiter), [])
        message = f"La ligne a {row.actual_columns} colonnes au lieu de {row.expected_columns}."
        broken.append(BrokenRow(row.number, cells[:MAX_COLUMNS], message))
        return "skip"

    pending: list[pa.RecordBatch] = []
    numbers = _Numbers(skipped)
    aside: list[BrokenRow] = []
    try:
        for batch in _open(path, scanned.encoding, delimiter, skipped, headers, keep_aside):
            _refuse_long_cells(batch)
            pending.append(batch)
            if sum(len(b) for b in pending) >= CHUNK_ROWS:
                yield _chunk(pending, numbers, broken, aside, headers, delimiter)
                pending, broken[:] = [], []
    except UnicodeDecodeError as error:
        raise Refused(f"Le fichier n'est pas encodé en {scanned.encoding}.") from error
    except pa.ArrowInvalid as error:
        raise _explained(error, len(broken)) from error
    last = max(broken[-1].row if broken else 0, numbers.last + sum(len(b) for b in pending) + len(broken))
    if short and short[-1] >= last and not scanned.ends_with_newline:
        raise Refused("Le fichier est tronqué : sa dernière ligne est incomplète.")
    if pending or broken:
        yield _chunk(pending, numbers, broken, aside, headers, delimiter)


def _open(path, encoding, delimiter, skipped, headers, keep_aside):  # type: ignore[no-untyped-def]
    """pyarrow's streaming reader, one thread: only then does it number the rows it sets aside."""
    names = [str(position) for position in range(len(headers))]
    return arrow_csv.open_csv(
        str(path),
        read_options=arrow_csv.ReadOptions(
            use_threads=False, block_size=_BLOCK, column_names=names, skip_rows_after_names=skipped,
            encoding="utf8" if encoding == "utf-8-sig" else encoding,
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False,
            invalid_row_handler=keep_aside,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )  # fmt: skip


class _Numbers:
    """Numbers the rows of the batches, around those that were set aside."""

    def __init__(self, last: int):
        self.last = last

    def take(self, count: int, aside: set[int]) -> np.ndarray:
        numbers = np.arange(self.last + 1, self.last + 1 + count + len(aside), dtype=np.int64)
        if aside:
            numbers = numbers[~np.isin(numbers, np.fromiter(aside, np.int64, len(aside)))]
        numbers = numbers[:count]
        if count:
            self.last = int(numbers[-1])
        return numbers


def _chunk(
    batches: list[pa.RecordBatch],
    numbers: _Numbers,
    broken: list[BrokenRow],
    aside: list[BrokenRow],
    headers: tuple[str, ...],
    delimiter: str,
) -> Chunk:
    """`aside` remembers every broken row so far: pyarrow may have met one before the batch that follows
    it."""
    aside[:] = [row for row in aside if row.row > numbers.last] + list(broken)
    count = sum(len(batch) for batch in batches)
    rows = numbers.take(count, {row.row for row in aside})
    if batches:
        table = pa.Table.from_batches(batches).combine_chunks().rename_columns(list(headers))
    else:
        table = pa.table({header: pa.array([], pa.string()) for header in headers})
    told = [
        row for row in broken if row.message and not (row.cells and row.cells[0].lstrip().startswith("#"))
    ]
    keep, swallowed = _swallowed(table, rows, delimiter)
    if swallowed:
        table, rows = table.filter(pa.array(keep)), rows[keep]
    return Chunk(table, pa.array(rows, pa.int64()), told + swallowed)


def _swallowed(table: pa.Table, rows: np.ndarray, delimiter: str) -> tuple[np.ndarray, list[BrokenRow]]:
    """Two stray quotes make one row of several: a cell that holds a line break and a whole row's
    delimiters."""
    keep = np.ones(len(rows), dtype=bool)
    if table.num_columns < 2:
        return keep, []
    for column in table.columns:
        if pc.any(pc.match_substring(column, "\n")).as_py():
            wide = pc.greater_equal(pc.count_substring(column, delimiter), table.num_columns - 1)
            keep &= ~pc.and_(wide, pc.match_substring(column, "\n")).to_numpy(zero_copy_only=False)
    message = "Guillemets mal refermés : cette ligne en contient plusieurs."
    lost = np.flatnonzero(~keep)
    return keep, [
        BrokenRow(int(rows[i]), [column[int(i)].as_py() for column in table.columns], message) for i in lost
    ]


def _refuse_long_cells(batch: pa.RecordBatch) -> None:
    for column in batch.columns:
        if len(column) and pc.max(pc.binary_length(column)).as_py() > MAX_CELL:
            raise _too_long()


def _too_long() -> Refused:
    return Refused(f"Une cellule dépasse {MAX_CELL} caractères : le fichier est abîmé ou mal délimité.")


def _explained(error: pa.ArrowInvalid, broken: int) -> Refused:
    message = str(error)
    if "straddling" in message or "block size" in message:
        return _too_long()
    if broken >= _MAX_BROKEN:
        return Refused(f"Plus de {_MAX_BROKEN} lignes n'ont pas le bon nombre de colonnes.")
    if "UTF8" in message or "utf" in message.lower():
        return Refused("L'encodage du fichier n'est pas reconnu : enregistrez-le en CSV UTF-8.")
    return Refused("Le fichier ne peut pas être découpé en lignes et colonnes : il est tronqué ou abîmé.")
