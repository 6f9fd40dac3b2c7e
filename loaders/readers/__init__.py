"""Reading: from the bytes of a file to columns of text with their row numbers, whatever the format (spec 10).

Nothing is interpreted here: a reader knows headers and cells, not contracts. A file that cannot be read
whole is refused whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from loaders.errors import Refused
from loaders.readers.base import Chunk, RawFile
from loaders.readers.delimited import read_delimited
from loaders.readers.objects import read_objects
from loaders.readers.sniff import Scan, recognised, scan
from loaders.readers.workbook import read_workbook

__all__ = ["Chunk", "RawFile", "Refused", "Scan", "read", "recognised", "scan"]


def read(path: Path, scanned: Scan, sheets: Sequence[str] = ()) -> RawFile:
    """Open a scanned file. `sheets`: names of the sheet to prefer in a workbook (else its first)."""
    if scanned.format == "xlsx":
        return read_workbook(path, sheets)
    if scanned.format == "json":
        return read_objects(path, scanned)
    return read_delimited(path, scanned)
