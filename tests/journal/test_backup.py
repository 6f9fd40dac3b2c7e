"""An archive holds everything that cannot be computed again, and comes back whole or not at all."""

from __future__ import annotations

import io
import json
import sqlite3
import tarfile
from pathlib import Path

import duckdb
import pytest

from console.documents.store import get, put
from console.journal.backup import backup, restore
from console.journal.refused import Refused
from console.journal.store import Journal
from console.journal.verify import verify
from console.settings import Settings, load_settings
from tests.journal.conftest import begin
from tests.journal.events import created, numbered


@pytest.fixture
def agency(store: Journal, both: Settings) -> Settings:
    home = both.paths
    with begin(store) as tx:
        tx.append([created("I1", "A"), created("I2", "É")])
        tx.next_numbers("invoice", 2026, 1)
        tx.append([numbered("I1", 1)])
        tx.remember_command("k", "a", "h", {"seq": 3})
        tx.enqueue("mail.invoice", {"to": "é"})
        tx.commit()
    put(home, b"un document")
    (home.archive / "2026").mkdir()
    (home.archive / "2026" / "clients.csv").write_text("client_id\nC1\n")
    (home.mail / "1.eml").write_text("Bonjour")
    home.settings_file.write_text('timezone = "Europe/Brussels"\n')
    with duckdb.connect(str(home.landing)) as landing:
        landing.execute("create schema raw; create table raw.clients as select 'C1' as client_id")
    home.current.write_text("un-calcul")
    return both


def elsewhere(tmp_path: Path, url: str = "") -> Settings:
    return load_settings(home=tmp_path / "autre", journal_url=url)


def rows_of(settings: Settings, table: str) -> list:
    opened = Journal.open(settings)
    with opened.reader.connect() as connection:
        rows = sorted(tuple(row) for row in connection.exec_driver_sql(f"select * from {table}"))
    opened.close()
    return rows


def test_everything_comes_back(agency: Settings, tmp_path: Path):
    file = tmp_path / "sauvegarde.tar.gz"
    report = backup(agency, file)
    assert (report.seq, report.documents, report.size) == (3, 1, file.stat().st_size)
    assert file.stat().st_mode & 0o077 == 0
    other = elsewhere(tmp_path)
    assert restore(other, file).seq == 3
    for table in ("events", "claims", "counters", "commands", "jobs"):
        assert rows_of(other, table) == rows_of(agency, table)
    assert len(rows_of(other, "jobs")) == 1
    assert all(check.ok for check in verify(other))
    home = other.paths
    assert (home.archive / "2026" / "clients.csv").read_text() == "client_id\nC1\n"
    assert (home.mail / "1.eml").read_text() == "Bonjour"
    assert "Brussels" in home.settings_file.read_text()
    with duckdb.connect(str(home.landing), read_only=True) as landing:
        assert landing.execute("select client_id from raw.clients").fetchall() == [("C1",)]
    assert get(home, next(home.documents.rglob("*/*/*")).name) == b"un document"
    assert not home.current.exists()  # a run is computed again
    journal = Journal.open(other)  # and the journal goes on
    with begin(journal) as tx:
        assert tx.append([created("I3", "A"), created("I4", "C")])[1] == 4
        assert list(tx.next_numbers("invoice", 2026, 1)) == [2]
    journal.close()


@pytest.mark.postgres
def test_a_backup_of_a_file_comes_back_on_a_server(
    settings: Settings, journal: Journal, empty_postgres: str, tmp_path: Path
):
    with begin(journal) as tx:
        tx.append([created("I1", "A")])
        tx.commit()
    backup(settings, tmp_path / "s.tar.gz")
    other = elsewhere(tmp_path, empty_postgres)
    assert restore(other, tmp_path / "s.tar.gz").seq == 1
    assert rows_of(other, "events") == rows_of(settings, "events")
    third = load_settings(home=tmp_path / "troisieme", journal_url=empty_postgres)
    with pytest.raises(Refused, match="contient déjà"):
        restore(third, tmp_path / "s.tar.gz")


def test_a_copy_is_of_one_moment_while_others_write(agency: Settings, tmp_path: Path):
    journal = Journal.open(agency)
    with begin(journal) as tx:
        tx.append([created("I9", "Z")])
        backup(agency, tmp_path / "s.tar.gz")
        tx.commit()
    journal.close()
    other = elsewhere(tmp_path)
    assert restore(other, tmp_path / "s.tar.gz").seq == 3


def test_an_agency_is_not_overwritten_unless_asked(agency: Settings, tmp_path: Path):
    backup(agency, tmp_path / "s.tar.gz")
    before = rows_of(agency, "events")
    journal = Journal.open(agency)
    with begin(journal) as tx:
        tx.append([created("I9", "Z")])
        tx.commit()
    journal.close()
    with pytest.raises(Refused, match="contient déjà une agence"):
        restore(agency, tmp_path / "s.tar.gz")
    (agency.paths.mail / "2.eml").write_text("Plus récent")
    restore(agency, tmp_path / "s.tar.gz", force=True)
    assert rows_of(agency, "events") == before
    assert [one.name for one in agency.paths.mail.iterdir()] == ["1.eml"]


def test_a_backup_never_replaces_a_file(agency: Settings, tmp_path: Path):
    (tmp_path / "s.tar.gz").write_text("précieux")
    with pytest.raises(Refused, match="existe déjà"):
        backup(agency, tmp_path / "s.tar.gz")
    with pytest.raises(Refused, match="hors du dossier"):
        backup(agency, agency.paths.root / "s.tar.gz")
    assert (tmp_path / "s.tar.gz").read_text() == "précieux"


def _archive(file: Path, *members: tarfile.TarInfo) -> None:
    with tarfile.open(file, "w:gz") as tar:
        for name, content in (
            ("manifest.json", json.dumps({"format": 1, "seq": 0}).encode()),
            ("journal.db", b"x"),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, 1 if kind == tarfile.REGTYPE else 0
    return info


@pytest.mark.parametrize(
    "member",
    [
        _member("../dehors"),
        _member("documents/../../dehors"),
        _member("/tmp/dehors"),
        _member("autre.txt"),
        _member("runs/CURRENT"),
        _member("documents\\..\\dehors"),
        _member("documents/lien", tarfile.SYMTYPE, "/etc/passwd"),
        _member("documents/lien", tarfile.LNKTYPE, "../dehors"),
        _member("documents/tube", tarfile.FIFOTYPE),
    ],
    ids=lambda one: one.name,
)
def test_an_archive_that_reaches_outside_is_refused_whole(settings: Settings, tmp_path: Path, member):
    file = tmp_path / "s.tar.gz"
    _archive(file, member)
    with pytest.raises(Refused, match="chemin inattendu"):
        restore(settings, file)
    assert not settings.paths.journal.exists()
    assert not list(tmp_path.rglob("dehors"))


@pytest.mark.parametrize("damage", ["tronquée", "vide", "texte", "sans manifeste"])
def test_a_damaged_archive_is_refused_and_touches_nothing(agency: Settings, tmp_path: Path, damage: str):
    file = tmp_path / "s.tar.gz"
    backup(agency, file)
    content = {
        "tronquée": file.read_bytes()[: file.stat().st_size // 2],
        "vide": b"",
        "texte": b"bonjour",
        "sans manifeste": b"",
    }[damage]
    file.write_bytes(content)
    if damage == "sans manifeste":
        with tarfile.open(file, "w:gz") as tar:
            tar.addfile(_member("journal.db"), io.BytesIO(b"x"))
    before = rows_of(agency, "events")
    with pytest.raises(Refused, match="sauvegarde de Guichet"):
        restore(agency, file, force=True)
    assert rows_of(agency, "events") == before
    assert agency.paths.landing.exists()


def test_a_restoration_that_fails_half_way_puts_everything_back(
    settings: Settings, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with begin(journal) as tx:
        tx.append([created("I1", "A")])
        tx.commit()
    journal.close()
    (settings.paths.mail / "1.eml").write_text("Bonjour")
    backup(settings, tmp_path / "s.tar.gz")
    monkeypatch.setattr(
        "console.journal.tables.sqlite_file", lambda _: (_ for _ in ()).throw(OSError("plein"))
    )
    with pytest.raises(OSError, match="plein"):
        restore(settings, tmp_path / "s.tar.gz", force=True)
    assert (settings.paths.mail / "1.eml").read_text() == "Bonjour"
    with sqlite3.connect(settings.paths.journal) as connection:
        assert connection.execute("select count(*) from events").fetchone() == (1,)
