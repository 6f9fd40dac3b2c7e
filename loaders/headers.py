"""Which column of the file is which column of the contract, and which contract a file is for (spec 10)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loaders.contract import Contract
from loaders.contracts import SOURCES
from loaders.errors import Refused
from loaders.values import fold

REJECT_COLUMN = "_rejet"  # "<batch>:<row>" of the rejected row that this one corrects: kept in _extra
REASONS_COLUMN = "_motifs"  # for the eyes of the person who corrects: ignored
_LISTED = 30


@dataclass(frozen=True)
class Match:
    """`columns`: contract column -> header of the file; `unknown`: the other headers, kept in `_extra`."""

    columns: dict[str, str]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    twice: tuple[str, str, str] | None = None  # contract column, and the two headers that claim it


def match_headers(contract: Contract, headers: Sequence[str]) -> Match:
    """The contract's own column names win over aliases; nothing is guessed beyond them."""
    names = {fold(name): name for name in contract.columns}
    aliases = {fold(alias): field.name for field in contract.fields for alias in field.aliases}
    columns: dict[str, str] = {}
    unknown: list[str] = []
    twice = None
    for exact in (True, False):
        for header in headers:
            column = (names if exact else aliases).get(fold(header))
            if header in columns.values() or (not exact and fold(header) in names):
                continue
            if column is None:
                if not exact and fold(header) != fold(REASONS_COLUMN):
                    unknown.append(header)
            elif column not in columns:
                columns[column] = header
            else:
                twice = (column, columns[column], header)
    missing = tuple(name for name in contract.required if name not in columns)
    return Match(columns, tuple(unknown), missing, twice)


def check_match(contract: Contract, match: Match, headers: Sequence[str], repeated: Sequence[str]) -> None:
    """Raises Refused, with what is missing and what was found, when the file is not one of that source."""
    if match.missing:
        raise Refused(
            f"Colonnes obligatoires absentes pour « {contract.name} » : {', '.join(match.missing)}. "
            f"Colonnes trouvées : {listed(headers)}."
        )
    if repeated:
        raise Refused(f"Colonne en double dans l'en-tête : {listed(repeated)}.")
    if match.twice:
        column, first, second = match.twice
        raise Refused(
            f"Deux colonnes, « {shown(first)} » et « {shown(second)} », désignent toutes deux « {column} »."
        )


def source_from_name(path: Path) -> str | None:
    """From the file's name, else the name of its folder; None when they name no source, or several."""
    named = _named_in(path.stem)
    if len(named) == 1:
        return named.pop()
    if named:
        return None
    folder = fold(path.parent.name)
    for name, contract in SOURCES.items():
        if folder in {fold(name), *(fold(word) for word in contract.names)}:
            return name
    return None


def source_from_headers(headers: Sequence[str]) -> str | None:
    """The only contract whose required columns are all there; of several, the one that knows most headers.

    None when no contract fits. Raises Refused when several fit equally well.
    """
    fits = {}
    for name, contract in SOURCES.items():
        match = match_headers(contract, headers)
        if not match.missing and not match.twice:
            fits[name] = len(match.unknown)
    if not fits:
        return None
    best = [name for name, unknown in fits.items() if unknown == min(fits.values())]
    if len(best) > 1:
        raise Refused(
            f"Les colonnes conviennent à plusieurs sources ({', '.join(best)}) : précisez laquelle."
        )
    return best[0]


def listed(names: Sequence[str]) -> str:
    """For a message: short, printable, not endless."""
    more = f"… ({len(names)} en tout)" if len(names) > _LISTED else ""
    return ", ".join(shown(name) for name in names[:_LISTED]) + more


def shown(name: str) -> str:
    clean = "".join(c if c.isprintable() else "?" for c in name)
    return clean if len(clean) <= 40 else f"{clean[:39]}…"


def _named_in(stem: str) -> set[str]:
    """Sources that a file's name holds as whole words; the longest word wins."""
    text = re.sub(r"[^a-z]+", "_", _plain(stem)).strip("_")
    found: dict[str, str] = {}
    for name, contract in SOURCES.items():
        for word in (name, *contract.names):
            spelled = re.sub(r"[^a-z]+", "_", _plain(word)).strip("_")
            if re.search(rf"(^|_){spelled}(_|$)", text):
                found[spelled] = name
    longest = [word for word in found if not any(word != other and word in other for other in found)]
    return {found[word] for word in longest}


def _plain(text: str) -> str:
    return "".join(fold(c) or "_" for c in text)
