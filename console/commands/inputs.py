"""Commands about what comes in: load, sources, rejects, profiles (spec 10)."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.commands.base import Json, Stop, say, say_error, say_json, settings, table, wrong
from console.commands.french import Command

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from console.settings import Settings
    from loaders.api import Profile
    from loaders.report import BatchReport


def register(app: typer.Typer) -> None:
    app.command("load", cls=Command)(load)
    app.command("sources", cls=Command)(sources)
    app.command("rejects", cls=Command)(rejects)
    app.command("profiles", cls=Command)(profiles)


def load(
    paths: Annotated[list[Path], typer.Argument(metavar="CHEMIN…", help="Fichiers ou dossiers.")],
    source: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Voir « guichet sources » ; par défaut, reconnue.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(metavar="PROFIL", help="Fichier d'un autre outil : voir « guichet profiles »."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="CODAGE", help="Codage du texte, s'il est mal reconnu.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Contrôler les fichiers sans rien charger.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Charge des fichiers : dit ce qui est accepté, ce qui est rejeté et pourquoi."""

    made = settings()
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        wrong(f"Introuvable : {', '.join(missing)}.")
    _known(made, source, profile)
    reports = load_files(made, paths, source=source, profile=profile, encoding=encoding, dry_run=dry_run)
    if as_json:
        say_json([report.as_dict() for report in reports])
    else:
        _tell(reports)
    refused = sum(report.status == "refuse" for report in reports)
    rejected = sum(report.rows_rejected for report in reports)
    if refused or rejected:
        raise Stop(f"{refused} fichier(s) refusé(s), {rejected} ligne(s) rejetée(s).")


def load_files(
    made: Settings, paths: list[Path], *, source: str | None = None, profile: str | None = None,
    encoding: str | None = None, dry_run: bool = False,
) -> list[BatchReport]:  # fmt: skip
    """Loads under the batch lock and keeps a copy of each loaded file in archive/; the loaders' reports. With
    `dry_run` everything is read and checked, nothing is kept."""
    from console.journal.store import Journal
    from console.warehouse.lock import batch_lock
    from loaders import api
    from loaders.landing import open_landing

    home = made.paths.create()
    how: dict[str, Any] = {
        "source": source, "profile": profile, "encoding": encoding, "zone": made.zone,
        "profiles_dir": profiles_folder(made),
    }  # fmt: skip
    with (
        batch_lock(made, "chargement de fichiers", say_error),
        closing(Journal.open(made)) as journal,
        closing(open_landing(home.landing)) as landing,
    ):
        if dry_run:
            return [api.preview(path, landing=landing, **how) for path in _files(paths)]
        how |= {"journal_seq": journal.last_seq(), "response_seq": journal.last_response_seq()}
        reports = api.load(paths, landing=landing, now=made.now(), **how)
        _archive(made, paths, landing)
    return reports


def profiles_folder(made: Settings) -> Path:
    """Profiles that the agency wrote itself."""
    return made.paths.root / "profiles"


def _known(made: Settings, source: str | None, profile: str | None) -> None:
    from loaders import api

    if source is not None and source not in api.SOURCES:
        wrong(f"Source inconnue : {source}. Les sources sont : {', '.join(api.SOURCES)}.")
    if profile is not None and profile not in (known := _profiles(made)):
        wrong(f"Profil inconnu : {profile}. Les profils sont : {', '.join(known)}.")


def _profiles(made: Settings) -> dict[str, Profile]:
    from loaders import api

    try:
        return api.profiles(profiles_folder(made))
    except api.Refused as refused:
        raise Stop(str(refused)) from refused


def _archive(made: Settings, paths: list[Path], landing: DuckDBPyConnection) -> None:
    """Keeps what was loaded, once per content: archive/<first two of the hash>/<hash><ending>."""
    from hashlib import file_digest

    query = "select distinct sha256 from raw.load_batches where status = 'charge'"
    loaded = {row[0] for row in landing.execute(query).fetchall()}
    for path in _files(paths):
        with path.open("rb") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
        target = made.paths.archive / digest[:2] / f"{digest}{path.suffix.lower()}"
        if digest in loaded and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".part")
            shutil.copyfile(path, partial)
            partial.replace(target)


def _files(paths: list[Path]) -> list[Path]:
    found = []
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        found += [one for one in inside if one.is_file() and not one.name.startswith((".", "~$"))]
    return found


def _tell(reports: list[BatchReport]) -> None:
    for report in reports:
        say(f"{report.file_name} [{report.source or 'source inconnue'}] : {report.message}")
        for reject in report.rejects:
            reasons = " ; ".join(
                " : ".join(filter(None, (error["column"], str(error["message"]))))
                for error in reject["errors"]
            )
            say(f"    ligne {reject['row']} : {reasons}")
        if report.rows_rejected > len(report.rejects):
            say(f"    … et {report.rows_rejected - len(report.rejects)} autres")
        if report.rows_rejected and report.batch_id is not None:
            say(f"    À corriger puis recharger : guichet rejects {report.batch_id} -o rejets.csv")


def sources(
    name: Annotated[str | None, typer.Argument(metavar="SOURCE")] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Un modèle CSV : en-têtes et une ligne d'exemple.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Liste les sources que l'on peut charger ; avec un nom, ses colonnes."""
    from loaders import api

    if name is None:
        if template:
            wrong("--template demande le nom d'une source.")
        rows = [[one.name, one.label, ", ".join(one.key)] for one in api.SOURCES.values()]
        if as_json:
            say_json([_contract(one) for one in api.SOURCES.values()])
        else:
            table(["Source", "Contenu", "Clé"], rows)
        return
    _known(settings(), name, None)
    contract = api.SOURCES[name]
    if template:
        print(api.template_csv(name), end="")
    elif as_json:
        say_json(_contract(contract))
    else:
        say(f"{contract.name} : {contract.label} (clé : {', '.join(contract.key)})")
        rows = [
            [field.name, "oui" if field.required else "", field.label, ", ".join(field.choices)]
            for field in contract.fields
        ]
        table(["Colonne", "Obligatoire", "Contenu", "Valeurs"], rows)


def _contract(contract: Any) -> dict[str, Any]:
    return {
        "name": contract.name,
        "label": contract.label,
        "key": list(contract.key),
        "columns": [
            {"name": field.name, "kind": field.kind, "label": field.label, "required": field.required,
             "values": list(field.choices), "aliases": list(field.aliases)}
            for field in contract.fields
        ],
    }  # fmt: skip


def rejects(
    batch: Annotated[int, typer.Argument(metavar="LOT", help="Numéro du chargement.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FICHIER")] = None,
) -> None:
    """Écrit les lignes rejetées d'un chargement, à corriger puis recharger."""
    from console.warehouse.lock import batch_lock
    from loaders import api
    from loaders.landing import open_landing

    made = settings()
    made.paths.create()
    with (
        batch_lock(made, "lecture des rejets", say_error),
        closing(open_landing(made.paths.landing)) as landing,
    ):
        content = api.rejects_csv(landing, batch)
    if len(content.splitlines()) < 2:
        raise Stop(f"Aucune ligne rejetée dans le chargement n° {batch}.")
    if output is None:
        print(content, end="")
    else:
        output.write_text(content, encoding="utf-8-sig", newline="")
        say(f"Lignes rejetées écrites dans {output}.")


def profiles(as_json: Json = False) -> None:
    """Liste les profils : les fichiers d'autres outils que l'on sait lire."""
    found = _profiles(settings()).values()
    if as_json:
        say_json([{"name": one.name, "source": one.source, "label": one.label} for one in found])
    else:
        table(["Profil", "Source", "Fichier"], [[one.name, one.source, one.label] for one in found])
