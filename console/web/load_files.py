"""Files handed in through the console: kept in the inbox, then loaded by `guichet load` in a process of its
own.

The landing database allows one writing process, which holds the batch lock: the console's process never opens
it. "Vérifier" is the same command with `--dry-run`: the same loaders, and nothing is kept.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from console.settings import Settings
from console.web.worker_process import environment

SECONDS = 3600
File = tuple[str, bytes]  # name, content


class RunFailed(Exception):
    """Loading did not end as it should; one French sentence."""


def sources() -> dict[str, str]:
    """Every source that can be loaded, with its French name."""
    from loaders.contracts import SOURCES

    return {name: contract.label for name, contract in SOURCES.items()}


def safe_name(name: str) -> str:
    """The file's own name, without any folder, and without what a file system or a shell could misread."""
    base = re.sub(r"[^\w.\- ()]", "_", Path(name.replace("\\", "/")).name, flags=re.UNICODE).lstrip(".- ")
    return base[-120:] or "fichier"


def _keep(folder: Path, files: Sequence[File]) -> list[Path]:
    folder.mkdir(parents=True)
    paths = []
    for position, (name, content) in enumerate(files):
        path = folder / safe_name(name)
        if path.exists():
            path = folder / f"{position + 1}-{path.name}"
        path.write_bytes(content)
        paths.append(path)
    return paths


def _run(command: list[str], settings: Settings) -> list[dict[str, Any]]:
    try:
        done = subprocess.run(
            command, env=environment(settings), capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise RunFailed("Le chargement a dépassé une heure et a été arrêté. Rien n'a été gardé.") from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        reason = done.stderr.strip().splitlines()
        raise RunFailed(reason[-1] if reason else "Le chargement s'est interrompu.") from error
    return [_report(one) for one in answer]


def _report(given: dict[str, Any]) -> dict[str, Any]:
    """A report as the screen shows it: one line per faulty value."""
    from loaders.contracts import SOURCES

    contract = SOURCES.get(given.get("source") or "")
    labels = {field.name: field.label or field.name for field in contract.fields} if contract else {}
    rejects: list[dict[str, str]] = []
    for reject in given.get("rejects") or []:
        for error in reject.get("errors") or []:
            rejects.append(
                {
                    "row": str(reject.get("row", "")),
                    "column": labels.get(error.get("column"), str(error.get("column") or "")),
                    "value": str(error.get("value") or ""),
                    "message": str(error.get("message") or ""),
                }
            )
    return {
        **given,
        "label": sources().get(given.get("source") or "", "contenu non reconnu"),
        "rejects": rejects,
    }


def _command(source: str | None, paths: Sequence[Path], *options: str) -> list[str]:
    chosen = ["--source", source] if source else []
    return [sys.executable, "-m", "console.cli", "load", "--json", *options, *chosen, "--", *map(str, paths)]


def load(settings: Settings, files: Sequence[File], actor: str, source: str | None) -> list[dict[str, Any]]:
    """Loads the files for good; one report per file. Blocking. Raises RunFailed."""
    paths = _keep(settings.paths.inbox / uuid.uuid4().hex[:12], files)
    return _run(_command(source, paths), settings)


def check(settings: Settings, files: Sequence[File], actor: str, source: str | None) -> list[dict[str, Any]]:
    """What loading would accept and reject; nothing is kept. Blocking. Raises RunFailed."""
    folder = Path(tempfile.mkdtemp(prefix="guichet-"))
    try:
        paths = _keep(folder / "files", files)
        return _run(_command(source, paths, "--dry-run"), settings)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
