"""Commands about what goes out: datasets, export."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from console.commands.base import AsOf, Json, Stop, freshen, say, say_json, settings, table, wrong
from console.commands.french import Command


def register(app: typer.Typer) -> None:
    app.command("datasets", cls=Command)(datasets)
    app.command("export", cls=Command)(export)


def datasets(as_json: Json = False) -> None:
    """Liste les jeux de données publiés (--json : avec leurs colonnes)."""
    from dataclasses import asdict

    from console.warehouse.query import NoPublishedRun, Warehouse

    with closing(Warehouse.open(settings().paths)) as warehouse:
        try:
            found = warehouse.datasets()
        except NoPublishedRun as nothing:
            raise Stop(str(nothing)) from nothing
    if as_json:
        say_json([asdict(one) for one in found])
    else:
        table(["Jeu de données", "Contenu"], [[one.name, one.description] for one in found])


def export(
    dataset: Annotated[str, typer.Argument(metavar="JEU", help="Voir « guichet datasets ».")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FICHIER", help="Fichier à écrire.")],
    form: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="csv|xlsx|parquet|json", help="Par défaut : selon le nom du fichier."
        ),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(metavar="SQL", help="Condition sur les colonnes, par exemple : amount > 100."),
    ] = None,
    as_of: AsOf = None,
) -> None:
    """Écrit un jeu de données publié dans un fichier."""
    from console.exports.tables import FORMATS, ExportRefused
    from console.exports.tables import export as write
    from console.warehouse.query import NoPublishedRun, Warehouse

    form = form or output.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        wrong(f"Format inconnu : « {form} ». Précisez --format : {', '.join(FORMATS)}.")
    made = settings(as_of)
    freshen(made, f"export {dataset}")
    with closing(Warehouse.open(made.paths)) as warehouse:
        try:
            report = write(warehouse, dataset, output, form, where=where)
        except (ExportRefused, NoPublishedRun) as refused:
            raise Stop(str(refused)) from refused
    say(f"{report.rows} ligne(s) écrite(s) dans {report.path}.")
