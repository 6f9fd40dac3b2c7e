"""A document is read back byte for byte, or not at all."""

from pathlib import Path

import pytest

from console.documents import store
from console.documents.store import DocumentError
from console.paths import Home


def test_put_then_get_and_put_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    sha256 = store.put(home, b"contenu")
    assert store.put(home, b"contenu") == sha256
    assert store.get(home, sha256) == b"contenu"
    path = store.path_of(home, sha256)
    assert path == home.documents / sha256[:2] / sha256[2:4] / sha256
    assert path.stat().st_mode & 0o777 == 0o444
    assert [file.name for file in home.documents.rglob("*") if file.is_file()] == [sha256]


def test_a_damaged_document_is_not_returned_and_is_replaced_by_its_own_bytes(tmp_path: Path) -> None:
    home = Home(tmp_path)
    sha256 = store.put(home, b"contenu")
    path = store.path_of(home, sha256)
    path.chmod(0o644)
    path.write_bytes(b"contenX")
    with pytest.raises(DocumentError, match="endommagé"):
        store.get(home, sha256)
    assert store.put(home, b"contenu") == sha256
    assert store.get(home, sha256) == b"contenu"


def test_a_missing_document_and_a_name_that_is_no_hash(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="introuvable"):
        store.get(Home(tmp_path), "0" * 64)
    with pytest.raises(DocumentError, match="empreinte"):
        store.get(Home(tmp_path), "../../journal.db")


def test_nothing_is_left_when_the_disk_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    home = Home(tmp_path)
    monkeypatch.setattr(store.os, "replace", full)
    with pytest.raises(OSError):
        store.put(home, b"contenu")
    assert not [file for file in home.documents.rglob("*") if file.is_file()]
