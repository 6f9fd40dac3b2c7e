"""What the console, the command and the benches call (docs/architecture.md, "Landing"). The caller holds
the batch lock and gives the clock; nothing here reads a setting."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from loaders.batch import Options, load_file
from loaders.contract import Contract
from loaders.contracts import SOURCES
from loaders.errors import Refused
from loaders.exchange import rejects_csv, template_csv
from loaders.headers import source_from_name
from loaders.landing import ensure_landing
from loaders.plan import known_source, make_plan, sheet_names
from loaders.profiles import Profile, profiles
from loaders.readers import read, recognised, scan
from loaders.report import BatchReport

__all__ = [
    "SOURCES",
    "BatchReport",
    "Contract",
    "Profile",
    "Refused",
    "detect_source",
    "load",
    "preview",
    "profiles",
    "rejects_csv",
    "template_csv",
]


def load(
    paths: str | Path | Iterable[str | Path],
    *,
    landing: duckdb.DuckDBPyConnection,
    source: str | None = None,
    profile: str | None = None,
    zone: ZoneInfo,
    now: datetime,
    journal_seq: int,
    response_seq: int,
    encoding: str | None = None,
    profiles_dir: Path | None = None,
) -> list[BatchReport]:
    """Load files, and every file of folders, each in its own transaction: one bad file stops no other.

    `now`: aware, the time of loading; `zone`: the agency's; `journal_seq`, `response_seq`: the journal's last
    numbers; `encoding`: of text files, instead of detection; `profiles_dir`: profiles of the user.
    Never raises for what is in a file: a report of status `refuse` says why. Files of a folder come in the
    order in which sources depend on each other, then by name.
    """
    try:
        known = profiles(profiles_dir)
        broken = None
    except Refused as refusal:
        known, broken = {}, str(refusal)
    options = Options(
        landing, zone, now, source, profile, known, encoding, journal_seq, response_seq,
        refusal=broken,
    )  # fmt: skip
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    return [report for path in given for report in _load_path(Path(path), options)]


def preview(
    path: str | Path,
    *,
    landing: duckdb.DuckDBPyConnection | None = None,
    source: str | None = None,
    profile: str | None = None,
    zone: ZoneInfo,
    encoding: str | None = None,
    profiles_dir: Path | None = None,
) -> BatchReport:
    """What `load` would say of one file, without landing anything.

    Without `landing` every row counts as new and a profile finds no names (an empty landing in memory is
    used).
    """
    own = landing is None
    connection = duckdb.connect() if landing is None else landing
    try:
        if own:
            ensure_landing(connection)
        known = profiles(profiles_dir)
        options = Options(connection, zone, datetime.now(UTC), source, profile, known, encoding, keep=False)
        return load_file(Path(path), options)
    finally:
        if own:
            connection.close()


def detect_source(
    path: str | Path, encoding: str | None = None, profiles_dir: Path | None = None
) -> str | None:
    """The source that `load` would take for that file, or None when nothing tells."""
    path = Path(path)
    try:
        named = known_source(source_from_name(path))
        raw = read(path, scan(path, encoding), sheet_names(named))
        return make_plan(path, raw, None, None, profiles(profiles_dir)).contract.name
    except Refused:
        return source_from_name(path)


def _load_path(path: Path, options: Options) -> list[BatchReport]:
    if not path.is_dir():
        return [load_file(path, options)]
    files = sorted(
        (found for found in path.rglob("*") if found.is_file() and not _hidden(found, path)),
        key=lambda found: (_rank(found), str(found.relative_to(path))),
    )
    known = [found for found in files if recognised(found)]
    if not known:
        return [load_file(path, options, refusal=_nothing_in(path))]
    reports = [load_file(found, options) for found in known]
    return reports + [_ignored(found) for found in files if not recognised(found)]


def _hidden(found: Path, folder: Path) -> bool:
    return any(part.startswith((".", "~$")) for part in found.relative_to(folder).parts)


def _rank(found: Path) -> int:
    """Place of the file's source among the sources; what no name tells comes last."""
    source = source_from_name(found) or detect_source(found)
    return list(SOURCES).index(source) if source else len(SOURCES)


def _nothing_in(path: Path) -> str:
    return f"Le dossier « {path.name} » ne contient aucun fichier CSV, XLSX, JSON ou NDJSON."


def _ignored(found: Path) -> BatchReport:
    return BatchReport(
        None, found.name, "rien", f"Fichier ignoré : l'extension {found.suffix or 'vide'} n'est pas reconnue."
    )
