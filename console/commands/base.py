"""What every command shares: settings, the way to say things, and the freshness of what is read."""

from __future__ import annotations

import json
import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from console.settings import Settings
    from console.warehouse.pipeline import RunReport

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Horloge à utiliser, heure locale : 2026-10-05T12:00."),
]
Json = Annotated[bool, typer.Option("--json", help="Résultat en JSON, pour un script.")]


class Stop(Exception):
    """Ends the command with one French sentence. `code`: 1 refused or partly failed, 2 wrong usage."""

    def __init__(self, sentence: str, code: int = 1):
        super().__init__(sentence)
        self.code = code


def say(text: str = "") -> None:
    """A line for the reader, on standard output."""
    print(text, flush=True)


def say_error(text: str) -> None:
    """A line on standard error: reasons, waits, warnings."""
    print(text, file=sys.stderr, flush=True)


def say_json(value: Any) -> None:
    say(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def wrong(sentence: str) -> NoReturn:
    raise Stop(sentence, code=2)


def settings(as_of: str | None = None, **overrides: Any) -> Settings:
    """The settings of this process; a value that cannot be used is said in one sentence (exit 2)."""
    from pydantic import ValidationError

    from console.settings import load_settings

    try:
        made = load_settings(as_of=as_of, **overrides)
        made.now()
    except ValidationError as error:
        names = ", ".join(".".join(str(part) for part in item["loc"]) for item in error.errors())
        raise Stop(f"Réglage refusé : {names} (voir guichet.toml et les variables GUICHET_*).", 2) from error
    except ValueError as error:
        raise Stop(
            f"Date refusée : « {as_of or os.environ.get('GUICHET_AS_OF', '')} » ; écrivez par exemple 2026-10-05T12:00.",
            2,
        ) from error
    except OSError as error:
        raise Stop(f"Réglages illisibles : {error.strerror} ({error.filename}).", 2) from error
    return made


def json_argument(text: str) -> Any:
    """JSON given as text, as @FILE or as - (standard input)."""
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"Fichier illisible : {text[1:]} ({error}).", 2) from error
    try:
        return json.loads(text)
    except ValueError as error:
        raise Stop(f"Le JSON n'est pas lisible : {error}.", 2) from error


def freshen(made: Settings, trigger: str) -> RunReport | None:
    """Brings the published data up with the journal, the files and the clock. Raises Stop when that fails."""
    from console.warehouse.pipeline import ensure_fresh

    report = ensure_fresh(made, trigger=trigger, on_wait=say_error)
    if report is not None and not report.ok:
        raise Stop("Les données n'ont pas pu être mises à jour : " + " ; ".join(report.failures))
    return report


def log_to(folder: Path, name: str) -> None:
    """Sends what the technical loggers say to a file of the home, not to the reader."""
    import logging

    folder.mkdir(parents=True, exist_ok=True)
    line = "%(asctime)s %(levelname)s %(name)s %(message)s"
    logging.basicConfig(filename=folder / name, format=line, encoding="utf-8")


def report_unexpected(error: BaseException) -> str:
    """Keeps the traceback in the home's log; the sentence that says where."""
    kind = type(error).__name__
    try:
        from console.settings import load_settings

        folder = load_settings().paths.logs
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "guichet.log"
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {' '.join(sys.argv)}\n")
            log.write("".join(traceback.format_exception(error)) + "\n")
    except Exception:  # no home, no room: the sentence is still said
        return f"Erreur inattendue ({kind}) : {' '.join(str(error).split())[:300]}"
    return f"Erreur inattendue ({kind}) : le détail est dans {path}."


def table(headers: list[str], rows: list[list[Any]], right: tuple[int, ...] = ()) -> None:
    """A table on standard output, as wide as its content. `right`: columns aligned right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, header in enumerate(headers):
        drawn.add_column(
            header, justify="right" if index in right else "left", overflow="fold", no_wrap=index == 0
        )
    for row in rows:
        drawn.add_row(*("" if value is None else str(value) for value in row))
    width = None if sys.stdout.isatty() else 200
    Console(highlight=False, markup=False, emoji=False, width=width).print(drawn)
