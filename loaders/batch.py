"""One file, one batch, one transaction: read -> clean -> canonical -> check -> quarantine or accept ->
land."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loaders.directory import Directory
from loaders.errors import Refused
from loaders.headers import REJECT_COLUMN, source_from_name
from loaders.mapping import Mapper
from loaders.plan import Plan, known_source, make_plan, sheet_names
from loaders.profiles import Profile
from loaders.readers import Chunk, RawFile, Scan, read, scan
from loaders.readers.base import ABSENT
from loaders.report import SHOWN_REJECTS, BatchReport, plural
from loaders.staging import DUPLICATE, Counts, Rejected, Staging
from loaders.validate import Errors, Keys, Normaliser, blank_rows, check, clean, with_values


@dataclass(frozen=True)
class Options:
    """What every file of one call shares. `keep`: land what is accepted (False: only say what would
    happen)."""

    landing: duckdb.DuckDBPyConnection
    zone: ZoneInfo
    now: datetime
    source: str | None = None
    profile: str | None = None
    profiles: dict[str, Profile] = field(default_factory=dict)
    encoding: str | None = None
    journal_seq: int = 0
    response_seq: int = 0
    keep: bool = True
    refusal: str | None = None  # why nothing can be loaded at all (a broken profile)


@dataclass
class _Tally:
    """What is not a row, but must not vanish silently either."""

    comments: int = 0
    foreign: int = 0


def load_file(path: Path, options: Options, refusal: str | None = None) -> BatchReport:
    """Load one file; never raises for what is in the file. A refusal leaves one row in `raw.load_batches`.

    `refusal`: a reason known beforehand."""
    name = path.name
    scanned: Scan | None = None
    source = options.source
    if refusal := refusal or options.refusal:
        return _refuse(refusal, source, name, scanned, options)
    try:
        source = known_source(source) or source_from_name(path)
        scanned = scan(path, options.encoding)
        raw = read(path, scanned, sheet_names(source))
        plan = make_plan(path, raw, options.source, options.profile, options.profiles)
        source = plan.contract.name
        return _load(raw, plan, scanned, name, options)
    except Refused as error:
        return _refuse(str(error), source, name, scanned, options)
    except duckdb.Error:
        message = "Le fichier n'a pas pu être enregistré : vérifiez l'espace disque, puis recommencez."
        return _refuse(message, source, name, scanned, options)
    except PermissionError:
        return _refuse("Le fichier ne peut pas être lu : accès refusé.", source, name, scanned, options)
    except OSError as error:
        return _refuse(f"Le fichier ne peut pas être lu ({error.strerror}).", source, name, scanned, options)


def _load(raw: RawFile, plan: Plan, scanned: Scan, name: str, options: Options) -> BatchReport:
    landing = options.landing
    again = _earlier(landing, plan.contract.name, scanned.sha256)
    retry = _unresolved(landing, plan, scanned.sha256) if again else {}
    profile = plan.profile.name if plan.profile else None
    report = BatchReport(plan.contract.name, name, "charge", "", profile=profile)
    if again and not retry:
        return _already(report, *again)
    staging = Staging(landing, plan.contract)
    landing.begin()
    try:
        staging.open()
        tally = _stage(raw, plan, staging, options, retry)
        counts = staging.counts()
        report.rejects = staging.first_rejects(SHOWN_REJECTS)
        _count(report, counts, tally)
        if again and not counts.new:
            landing.rollback()
            return _already(report, *again)
        if report.rows_total == 0:
            report.status, report.message = "rien", "Aucune ligne à charger dans ce fichier."
        if not options.keep or report.status == "rien":
            landing.rollback()
            return report
        report.batch_id = _record(report, scanned, options)
        staging.settle(report.batch_id, name, with_rejects=not again)
        staging.close()
        landing.commit()
    except BaseException:
        landing.rollback()
        raise
    return report


@dataclass(frozen=True)
class _Work:
    """A chunk as it will be written."""

    table: pa.Table
    rows: pa.Array
    extras: dict[str, pa.Array]
    rejected: list[Rejected]


def _stage(raw: RawFile, plan: Plan, staging: Staging, options: Options, retry: dict[int, str]) -> _Tally:
    """Chunks are checked while the one before is being written: one thread each, one write at a time."""
    tally = _Tally()
    normaliser = Normaliser(plan.contract, options.zone)
    mapper = None
    if plan.profile:
        mapper = Mapper(plan.profile, raw.headers, Directory(options.landing.cursor()), options.zone)
    with ThreadPoolExecutor(max_workers=1) as writer:
        written: Future[None] | None = None
        for chunk in raw.chunks():
            work = _checked(_without_comments(chunk, raw, tally), plan, mapper, normaliser, tally, retry)
            if written:
                written.result()
            written = writer.submit(_write, staging, work)
        if written:
            written.result()
    duplicates = staging.duplicates()
    staging.reject_duplicates(list(_raw_rows(raw, duplicates)) if duplicates else [])
    return tally


def _write(staging: Staging, work: _Work) -> None:
    staging.reject(work.rejected)
    staging.accept(work.table, work.rows, work.extras)


def _checked(
    chunk: Chunk,
    plan: Plan,
    mapper: Mapper | None,
    normaliser: Normaliser,
    tally: _Tally,
    retry: dict[int, str],
) -> _Work:
    cleaned = clean(chunk.table)
    rows = chunk.rows.to_numpy()
    present = ~blank_rows(cleaned)
    if retry:
        present &= np.isin(rows, list(retry))
    prepared = plan.prepare(cleaned, mapper)
    if prepared.kept is not None:
        tally.foreign += int((present & ~prepared.kept).sum())
        present &= prepared.kept
    canonical = normaliser.table(prepared.table, prepared.columns)
    errors = _told_once(prepared.errors, check(plan.contract, canonical))
    wrong = [position for position in errors if present[position]]
    said = {name: prepared.table[header] for name, header in prepared.columns.items()}
    with_values({position: errors[position] for position in wrong}, said)
    rejected = _broken(chunk, retry) + _rejected(chunk, plan, canonical, wrong, errors)
    present[wrong] = False
    extras = dict(prepared.extras)
    if retry:
        extras[REJECT_COLUMN] = pa.array([retry.get(int(row)) for row in rows], pa.string())
    mask = pa.array(present)
    extras = {name: column.filter(mask) for name, column in extras.items()}
    return _Work(canonical.filter(mask), chunk.rows.filter(mask), extras, rejected)


def _told_once(of_profile: Errors, of_contract: Errors) -> Errors:
    """What the profile could not make is not said again to be missing or wrong."""
    errors = dict(of_contract)
    for position, of_row in of_profile.items():
        told = {error["column"] for error in of_row}
        errors[position] = [*of_row, *(e for e in of_contract.get(position, []) if e["column"] not in told)]
    return errors


def _rejected(
    chunk: Chunk, plan: Plan, canonical: pa.Table, wrong: list[int], errors: Errors
) -> list[Rejected]:
    keys = Keys(plan.contract)
    rejected = []
    for position in sorted(wrong):
        failing = {error["column"] for error in errors[position]}
        raw = _cells(chunk.table, position)
        key = keys.of(canonical, position, failing)
        rejected.append(Rejected(chunk.rows[position].as_py(), key, raw, errors[position]))
    return rejected


def _broken(chunk: Chunk, retry: dict[int, str]) -> list[Rejected]:
    """Rows that have not the columns of the header."""
    rejected = []
    for row in chunk.broken:
        if retry and row.row not in retry:
            continue
        raw: dict[str, str | None] = dict.fromkeys(chunk.table.column_names)
        names = [*raw, *(f"colonne {n}" for n in range(len(raw) + 1, len(row.cells) + 1))]
        raw.update(zip(names, row.cells, strict=False))
        error = {"column": None, "value": None, "check": "colonnes", "message": row.message}
        rejected.append(Rejected(row.row, None, raw, [error]))
    return rejected


def _cells(table: pa.Table, position: int) -> dict[str, str | None]:
    """Every column that the row has, the empty ones too: a corrected reject needs its whole header."""
    values = {name: table[name][position].as_py() for name in table.column_names}
    return {name: value or None for name, value in values.items() if value != ABSENT}


def _without_comments(chunk: Chunk, raw: RawFile, tally: _Tally) -> Chunk:
    """Rows whose first cell begins with "#", like the example of a template."""
    if not raw.comments or not chunk.table.num_rows:
        return chunk
    first = pc.utf8_ltrim_whitespace(chunk.table[0])
    comment = pc.fill_null(pc.starts_with(first, "#"), False)
    if not pc.any(comment).as_py():
        return chunk
    keep = pc.invert(comment).combine_chunks()
    tally.comments += chunk.table.num_rows - keep.true_count
    return Chunk(chunk.table.filter(keep), chunk.rows.filter(keep), chunk.broken)


def _raw_rows(raw: RawFile, wanted: dict[int, str]) -> Iterator[Rejected]:
    """The duplicates as the file says them: it is read again, because accepted rows are not kept raw."""
    for chunk in raw.chunks():
        for position in np.flatnonzero(np.isin(chunk.rows.to_numpy(), list(wanted))):
            row = chunk.rows[int(position)].as_py()
            yield Rejected(row, wanted[row], _cells(chunk.table, int(position)), [DUPLICATE])


def _count(report: BatchReport, counts: Counts, tally: _Tally) -> None:
    report.rows_new, report.rows_unchanged, report.rows_rejected = (
        counts.new,
        counts.unchanged,
        counts.rejected,
    )
    report.rows_total = counts.new + counts.unchanged + counts.rejected
    parts = [
        plural(counts.new, "ligne chargée", "lignes chargées"),
        plural(counts.unchanged, "inchangée", "inchangées"),
        plural(counts.rejected, "rejetée", "rejetées"),
    ]
    if tally.foreign:
        parts.append(
            plural(tally.foreign, "ligne d'un autre type ignorée", "lignes d'un autre type ignorées")
        )
    if tally.comments:
        parts.append(plural(tally.comments, "ligne de commentaire ignorée", "lignes de commentaire ignorées"))
    report.message = ", ".join(parts) + "."


def _earlier(landing: duckdb.DuckDBPyConnection, source: str, sha256: str) -> tuple[int, datetime] | None:
    return landing.execute(
        "SELECT batch_id, loaded_at FROM raw.load_batches "
        "WHERE source = ? AND sha256 = ? AND status = 'charge' ORDER BY batch_id LIMIT 1",
        [source, sha256],
    ).fetchone()


def _already(report: BatchReport, batch_id: int, loaded_at: datetime) -> BatchReport:
    report.status, report.batch_id = "deja_charge", batch_id
    report.rows_total = report.rows_new = report.rows_unchanged = report.rows_rejected = 0
    report.rejects = []
    report.message = f"Fichier déjà chargé le {loaded_at:%d/%m/%Y} (lot {batch_id}) : rien n'a changé."
    return report


def _unresolved(landing: duckdb.DuckDBPyConnection, plan: Plan, sha256: str) -> dict[int, str]:
    """Rows of this very file that were rejected and still are, by row number, as "<batch>:<row>".

    Only with a profile, where a name that matched nothing may match today; without one the same bytes give
    the same rejects. Rows accepted since, from any file, are left alone: an old file never overrides a
    newer one.
    """
    rows = landing.execute(
        "SELECT r.row_no, max(r.batch_id) FROM raw.rejected_rows r JOIN raw.load_batches b USING (batch_id) "
        "WHERE b.source = ? AND b.sha256 = ? AND b.status = 'charge' AND (b.profile IS NOT NULL OR ?) "
        f'AND NOT EXISTS (SELECT 1 FROM raw."{plan.contract.name}" a WHERE a._key = r.key '
        "  AND (a._batch, a._row) > (r.batch_id, r.row_no)) "
        f'AND NOT EXISTS (SELECT 1 FROM raw."{plan.contract.name}" a '
        "  WHERE a._extra ->> '_rejet' = r.batch_id || ':' || r.row_no) "
        "GROUP BY r.row_no",
        [plan.contract.name, sha256, plan.profile is not None],
    ).fetchall()
    return {row: f"{batch}:{row}" for row, batch in rows}


def _record(report: BatchReport, scanned: Scan | None, options: Options) -> int:
    row = options.landing.execute("SELECT coalesce(max(batch_id), 0) + 1 FROM raw.load_batches").fetchone()
    batch_id = int(row[0]) if row else 1
    options.landing.execute(
        "INSERT INTO raw.load_batches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            batch_id, report.source, report.file_name, scanned.sha256 if scanned else None,
            options.now.astimezone(UTC).replace(tzinfo=None), report.status, report.profile,
            report.rows_total, report.rows_new, report.rows_unchanged, report.rows_rejected, report.message,
            options.journal_seq, options.response_seq,
        ],
    )  # fmt: skip
    return batch_id


def _refuse(
    message: str, source: str | None, name: str, scanned: Scan | None, options: Options
) -> BatchReport:
    report = BatchReport(source, name, "refuse", message)
    if options.keep:
        report.batch_id = _record(report, scanned, options)
    return report
