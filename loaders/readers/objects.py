"""JSON (an array of objects) and NDJSON (one object a line). Numbers keep the text they were written with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pyarrow as pa

from loaders.errors import Refused
from loaders.readers.base import ABSENT, MAX_CELL, Chunk, RawFile, name_headers, text_table
from loaders.readers.sniff import Scan

_CHUNK = 50_000
_MAX_BYTES = 256 << 20
_MAX_EXPONENT = 30


class _Repeated(ValueError):
    pass


def read_objects(path: Path, scanned: Scan) -> RawFile:
    """Columns are the union of the objects' names. Raises Refused when one value is not an object, or is
    cut."""
    if scanned.size > _MAX_BYTES:
        raise Refused("Fichier JSON de plus de 256 Mo : utilisez un CSV.")
    try:
        content = path.read_text(encoding=scanned.encoding)
    except UnicodeDecodeError as error:
        raise Refused(f"Le fichier n'est pas encodé en {scanned.encoding}.") from error
    objects = _objects(content)
    headers, _ = name_headers(list(dict.fromkeys(name for one in objects for name in one)))
    if not headers:
        raise Refused("Le fichier ne contient aucune ligne.")
    keys = list(dict.fromkeys(name for one in objects for name in one))
    return RawFile(headers, (), lambda: _chunks(objects, keys, headers), comments=False)


def _objects(content: str) -> list[dict[str, str | None]]:
    start = content.lstrip()[:1]
    try:
        values = (
            _decode(content)
            if start == "["
            else [_decode(line) for line in content.split("\n") if line.strip()]
        )
    except _Repeated as error:
        raise Refused(f"Un objet du fichier donne deux fois « {error} ».") from error
    except json.JSONDecodeError as error:
        cut = "" if error.doc.rstrip().endswith(("]", "}")) else "tronqué ou "
        raise Refused(f"Le JSON est {cut}mal formé (ligne {error.lineno}, colonne {error.colno}).") from error
    except (RecursionError, ValueError) as error:
        raise Refused("Le JSON est mal formé.") from error
    if not all(isinstance(value, dict) for value in values):
        raise Refused("Le JSON doit être un tableau d'objets, ou un objet par ligne.")
    return [{name: _text(value) for name, value in one.items()} for one in values]


def _decode(text: str) -> Any:
    return json.loads(
        text, parse_float=_number, parse_int=_number, parse_constant=str, object_pairs_hook=_unique
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        seen: set[str] = set()
        raise _Repeated(next(name for name, _ in pairs if name in seen or seen.add(name)))  # type: ignore[func-returns-value]
    return names


def _number(text: str) -> str:
    """The number as written, without exponent."""
    if "e" not in text and "E" not in text:
        return text
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > _MAX_EXPONENT:
        return text
    return format(value, "f")


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if "\x00" in text:
        raise Refused("Le fichier contient un octet nul : il est binaire ou abîmé.")
    if len(text) > MAX_CELL:
        raise Refused(f"Une valeur dépasse {MAX_CELL} caractères.")
    return text.encode("utf-8", "replace").decode("utf-8")


def _chunks(
    objects: list[dict[str, str | None]], keys: list[str], headers: tuple[str, ...]
) -> Iterator[Chunk]:
    for start in range(0, len(objects), _CHUNK):
        part = objects[start : start + _CHUNK]
        table = text_table(headers, [[one.get(key, ABSENT) for one in part] for key in keys])
        yield Chunk(table, pa.array(range(start + 1, start + 1 + len(part)), pa.int64()))
