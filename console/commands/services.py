"""Commands that stay up: the console, the worker, the sandbox payer, the demo agency."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.commands.base import AsOf, Stop, log_to, say, say_error, settings
from console.commands.french import Command

Port = Annotated[int | None, typer.Option(metavar="PORT", help="Port d'écoute.", min=0, max=65535)]


def register(app: typer.Typer) -> None:
    app.command("serve", cls=Command)(serve)
    app.command("worker", cls=Command)(worker)
    app.command("sandbox", cls=Command)(sandbox)
    app.command("demo", cls=Command)(demo)


def serve(
    host: Annotated[str | None, typer.Option(metavar="ADRESSE", help="Adresse d'écoute.")] = None,
    port: Port = None,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Sans traitement en arrière-plan (lancé à part).")
    ] = False,
    as_of: AsOf = None,
) -> None:
    """Ouvre la console dans le navigateur, avec le traitement en arrière-plan."""
    from console import app

    app.serve(settings(as_of, host=host, port=port), worker=not no_worker)


def worker(
    once: Annotated[bool, typer.Option("--once", help="Faire ce qui est dû, puis s'arrêter.")] = False,
    as_of: AsOf = None,
) -> None:
    """Traite les tâches en attente : demandes de paiement, documents, messages, mises à jour."""
    from console.worker import run_worker

    made = settings(as_of)
    log_to(made.paths.create().logs, "worker.log")
    report = run_worker(made, once=once)
    for message in report.messages:
        say_error(message)
    say(f"Tâches faites : {report.done} · à reprendre : {report.retried} · en échec : {report.failed}")
    if once and (report.failed or report.messages):
        raise Stop("Des tâches ont échoué.")


def sandbox(
    port: Port = None,
    speed: Annotated[
        float | None,
        typer.Option(
            metavar="N", help="Vitesse de l'horloge : 3600 fait passer une heure par seconde.", min=0
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Graine du hasard.")] = 0,
    clients: Annotated[
        Path | None,
        typer.Option(
            metavar="FICHIER",
            help="Clients connus du payeur (JSON). Sans liste, il les accepte tous.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Lance un payeur d'essai (Home+) : un vrai serveur, pour la démonstration et la formation."""
    from console.sandbox.server import run_sandbox

    made = settings()
    made.paths.create()
    chosen = 8600 if port is None else port
    say(f"Payeur d'essai : http://127.0.0.1:{chosen}")
    try:
        run_sandbox(made.paths.root, port=chosen, speed=speed, seed=seed, clients=clients)
    except OSError as error:
        raise Stop(f"Le port {chosen} est déjà pris : choisissez-en un autre avec --port.") from error


def demo(
    home: Annotated[
        Path, typer.Option(metavar="DOSSIER", help="Dossier de l'agence de démonstration.")
    ] = Path("./var/demo"),
    port: Port = None,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Préparer l'agence sans ouvrir la console.")
    ] = False,
) -> None:
    """Une agence de démonstration complète ; la relancer continue où elle en était."""
    from console.demo import run_demo

    run_demo(home, port=port, serve=not no_serve)
