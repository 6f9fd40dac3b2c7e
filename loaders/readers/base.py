"""What every reader gives: headers, then chunks of text columns with the number of each row in its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from loaders.errors import Refused

CHUNK_ROWS = 200_000
MAX_COLUMNS = 500
MAX_CELL = 100_000  # characters; a spreadsheet's own limit is 32 767
ABSENT = "\x00"  # a JSON object that does not have the column at all


@dataclass(frozen=True)
class BrokenRow:
    """A row that has not the columns of the header: it goes to quarantine as it is."""

    row: int
    cells: list[str]
    message: str


@dataclass
class Chunk:
    """`table`: one string column per header, as read; `rows`: int64, the row's number in its file (the
    header of a CSV or of a sheet is row 1; the first object of a JSON file too)."""

    table: pa.Table
    rows: pa.Array
    broken: list[BrokenRow] = field(default_factory=list)


@dataclass(frozen=True)
class RawFile:
    """`headers` are unique: an empty one is "colonne 3", a repeated one gets " (2)" (`repeated` lists
    those)."""

    headers: tuple[str, ...]
    repeated: tuple[str, ...]
    chunks: Callable[[], Iterator[Chunk]]
    comments: bool = True  # a row that begins with "#" is a comment


def name_headers(cells: Sequence[str | None]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Unique headers from a first row, and those that were there more than once.

    Trailing empty headers stay (their cells may hold something); raises Refused beyond MAX_COLUMNS.
    """
    if len(cells) > MAX_COLUMNS:
        raise Refused(f"Le fichier a {len(cells)} colonnes ; {MAX_COLUMNS} au plus sont admises.")
    names: list[str] = []
    repeated: list[str] = []
    for position, cell in enumerate(cells, start=1):
        name = " ".join((cell or "").split()) or f"colonne {position}"
        base, occurrence = name, 1
        while name in names:
            occurrence += 1
            name = f"{base} ({occurrence})"
        if occurrence > 1 and base not in repeated:
            repeated.append(base)
        names.append(name)
    return tuple(names), tuple(repeated)


def text_table(headers: Sequence[str], columns: Sequence[Sequence[str | None]]) -> pa.Table:
    arrays = [pa.array(column, pa.string()) for column in columns]
    return pa.Table.from_arrays(arrays, names=list(headers))
