"""Documents by the SHA-256 of their content: what an event names is what is read back, byte for byte.

A file is `documents/<2 digits>/<2 digits>/<sha256>`, written once and then read-only. A second `put` of the
same content changes nothing, so a job that starts again may store again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path

from console.paths import Home

_HASH = re.compile(r"[0-9a-f]{64}")


class DocumentError(Exception):
    """A document cannot be had; the text is a French sentence for the user."""


def path_of(home: Home, sha256: str) -> Path:
    """Where the document is or would be. Raises DocumentError when `sha256` is not a hash (never a path)."""
    if not _HASH.fullmatch(sha256):
        raise DocumentError("Ce document n'est pas désigné par une empreinte valable.")
    return home.documents / sha256[:2] / sha256[2:4] / sha256


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def exists(home: Home, sha256: str) -> bool:
    return path_of(home, sha256).is_file()


def put(home: Home, content: bytes) -> str:
    """Stores `content` and returns its SHA-256; on disk for good when it returns. Replaces a damaged copy."""
    sha256 = digest(content)
    target = path_of(home, sha256)
    if target.is_file() and target.stat().st_size == len(content) and digest(target.read_bytes()) == sha256:
        return sha256
    if not target.parent.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        _sync_folder(target.parent.parent)
        _sync_folder(home.documents)
    write_atomically(target, content, mode=0o444)
    return sha256


def get(home: Home, sha256: str) -> bytes:
    """The document's bytes, checked. Raises DocumentError when it is missing or damaged."""
    try:
        content = path_of(home, sha256).read_bytes()
    except FileNotFoundError:
        raise DocumentError(
            f"Le document {sha256[:12]}… est introuvable dans le dossier des documents. "
            "Restaurez-le depuis une sauvegarde."
        ) from None
    if digest(content) != sha256:
        raise DocumentError(
            f"Le document {sha256[:12]}… est endommagé : son contenu ne correspond plus à son empreinte. "
            "Restaurez-le depuis une sauvegarde."
        )
    return content


def write_atomically(target: Path, content: bytes, mode: int = 0o644) -> None:
    """Writes beside `target`, flushes to disk, then renames: a reader sees the whole file or none."""
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
