"""One archive with everything that cannot be computed again (`guichet backup`, `guichet restore`). Spec 00.

The journal is copied at one moment, under the batch lock and before the documents, so that every document it
names is in the archive. Runs of the warehouse are left out: `guichet run` makes them again.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import duckdb

from console.journal import engine as database
from console.journal import tables
from console.journal.refused import Refused
from console.settings import Settings
from console.warehouse.lock import batch_lock

FORMAT = 1
FOLDERS = ("documents", "archive", "mail", "inbox", "profiles")
FILES = ("manifest.json", "journal.db", "journal.ndjson", "landing.duckdb", "guichet.toml")
NOT_DATA = ("batch.lock", "batch.json", "logs", "tmp", "dbt")  # may stand in a home that counts as empty
BAD_ARCHIVE = "Ce fichier n'est pas une sauvegarde de Guichet, ou il est abîmé."


@dataclass(frozen=True)
class BackupReport:
    """What was saved or restored. `seq`: the journal's last event; `size` in bytes."""

    file: Path
    size: int
    seq: int
    documents: int


def backup(settings: Settings, file: Path | str) -> BackupReport:
    """Writes the archive (tar.gz, readable by its owner only). It appears under its name once it is complete.
    Raises Refused with a French sentence."""
    target = Path(file).expanduser().resolve()
    if target.exists():
        raise Refused(f"Le fichier {target.name} existe déjà : choisissez un autre nom.")
    if target.is_relative_to(settings.paths.root):
        raise Refused("La sauvegarde doit être écrite hors du dossier de l'agence.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with batch_lock(settings, "sauvegarde"), tempfile.TemporaryDirectory(dir=target.parent) as folder:
        staged = Path(folder)
        seq = _copy_journal(settings, staged)
        _copy_landing(settings, staged)
        if settings.paths.settings_file.exists():
            shutil.copyfile(settings.paths.settings_file, staged / "guichet.toml")
        manifest = {"format": FORMAT, "created_at": datetime.now(UTC).isoformat(), "seq": seq}
        (staged / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        partial = staged / "archive.tar.gz"
        documents = _pack(settings, staged, partial)
        os.replace(partial, target)
    return BackupReport(target, target.stat().st_size, seq, documents)


def restore(settings: Settings, file: Path | str, force: bool = False) -> BackupReport:
    """Puts an archive into an empty home. With `force`, what stands there is replaced. Nothing is touched
    before the whole archive has been read. Raises Refused with a French sentence."""
    source = Path(file).expanduser().resolve()
    if not source.is_file():
        raise Refused(f"Le fichier {source.name} est introuvable.")
    root = settings.paths.root
    root.mkdir(parents=True, exist_ok=True)
    with batch_lock(settings, "restauration"), tempfile.TemporaryDirectory(dir=root.parent) as folder:
        if not force and (_present(root) or tables.holds_events(settings)):
            raise Refused(
                "Ce dossier contient déjà une agence : restaurez ailleurs, ou demandez à la remplacer."
            )
        staged, aside = Path(folder) / "new", Path(folder) / "old"
        aside.mkdir()
        seq = _unpack(source, staged)
        moved = _present(root)
        for path in moved:
            os.replace(path, aside / path.name)
        try:
            _install(settings, staged, root)
        except BaseException:
            for path in _present(root):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            for path in aside.iterdir():
                os.replace(path, root / path.name)
            raise
    settings.paths.create()
    documents = sum(1 for path in settings.paths.documents.rglob("*") if path.is_file())
    return BackupReport(source, source.stat().st_size, seq, documents)


def _copy_journal(settings: Settings, staged: Path) -> int:
    """A copy of one moment: SQLite's own backup, or the tables of PostgreSQL as lines of JSON."""
    engine = database.open_engine(settings.database_url())
    try:
        if engine.dialect.name != "sqlite":
            return tables.export(engine, staged / "journal.ndjson")
        with (
            contextlib.closing(sqlite3.connect(tables.sqlite_file(settings))) as source,
            contextlib.closing(sqlite3.connect(staged / "journal.db")) as copy,
        ):
            source.backup(copy)
            copy.execute("pragma journal_mode = delete")
            return copy.execute("select coalesce(max(seq), 0) from events").fetchone()[0]
    finally:
        engine.dispose()


def _copy_landing(settings: Settings, staged: Path) -> None:
    """The file is whole once its write-ahead log is folded in (spec 95)."""
    if not settings.paths.landing.exists():
        return
    try:
        with duckdb.connect(str(settings.paths.landing)) as landing:
            landing.execute("checkpoint")
    except duckdb.IOException as error:
        raise Refused(
            "Les données chargées sont en cours d'utilisation ; réessayez dans un instant."
        ) from error
    shutil.copyfile(settings.paths.landing, staged / "landing.duckdb")


def _pack(settings: Settings, staged: Path, archive: Path) -> int:
    """Writes the archive and returns the number of documents in it."""
    documents = 0
    descriptor = os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=3) as tar:
            for name in FILES:
                if (staged / name).exists():
                    tar.add(staged / name, arcname=name)
            for name in FOLDERS:
                for path in sorted((settings.paths.root / name).rglob("*")):
                    if path.is_file() and not path.is_symlink():
                        tar.add(path, arcname=f"{name}/{path.relative_to(settings.paths.root / name)}")
                        documents += name == "documents"
        stream.flush()
        os.fsync(stream.fileno())
    return documents


def _unpack(source: Path, staged: Path) -> int:
    """Reads the whole archive into `staged`; returns the journal's last seq in it."""
    staged.mkdir()
    try:
        with tarfile.open(source, mode="r:gz") as tar:
            for member in tar:
                if not _is_ours(member):
                    raise Refused(f"{BAD_ARCHIVE} Il contient un chemin inattendu.")
                tar.extract(member, staged, filter="data")
        manifest = json.loads((staged / "manifest.json").read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise Refused("Cette sauvegarde vient d'une version plus récente de Guichet.")
        if not any((staged / name).exists() for name in ("journal.db", "journal.ndjson")):
            raise Refused(BAD_ARCHIVE)
        return int(manifest["seq"])
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(BAD_ARCHIVE) from error


def _is_ours(member: tarfile.TarInfo) -> bool:
    """Plain files under known names only: no link, no device, no absolute path, no way out of the home."""
    path = PurePosixPath(member.name)
    if (
        not member.isreg()
        or path.is_absolute()
        or ".." in path.parts
        or "\\" in member.name
        or not path.parts
    ):
        return False
    return member.name in FILES if len(path.parts) == 1 else path.parts[0] in FOLDERS


def _install(settings: Settings, staged: Path, root: Path) -> None:
    """Moves everything into the home, then fills the journal when it is not the same kind of database."""
    for path in sorted(staged.iterdir()):
        if path.name not in ("manifest.json", "journal.db", "journal.ndjson"):
            os.replace(path, root / path.name)
    if (staged / "journal.db").exists() and settings.database_url().startswith("sqlite"):
        target = tables.sqlite_file(settings)
        target.parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("-wal", "-shm"):
            Path(f"{target}{suffix}").unlink(missing_ok=True)
        os.replace(staged / "journal.db", target)
    elif (staged / "journal.db").exists():
        tables.copy_from_sqlite(staged / "journal.db", settings)
    else:
        tables.load(staged / "journal.ndjson", settings)


def _present(root: Path) -> list[Path]:
    """What a home holds, folders that `guichet init` leaves empty aside."""
    found = []
    for path in sorted(root.iterdir()):
        if path.name in NOT_DATA:
            continue
        if path.is_dir() and not any(one.is_file() or one.is_symlink() for one in path.rglob("*")):
            continue
        found.append(path)
    return found
