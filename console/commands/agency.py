"""Commands that set an agency up and look after it: init, run, verify, backup, restore, user."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.commands.base import AsOf, Json, Stop, say, say_error, say_json, settings, table
from console.commands.french import Command, Group

if TYPE_CHECKING:
    from console.journal.backup import BackupReport
    from console.settings import Settings

SETTINGS_FILE = """\
# Réglages de cette agence. Chacun peut aussi être donné par une variable : GUICHET_TIMEZONE, GUICHET_PORT…
timezone = "Europe/Paris"
country = "FR"
# smtp_host = "smtp.exemple.fr"        # sans serveur, les messages sont écrits dans mail/
# home_plus_url = "https://…"          # service de paiement Home+
# port = 8501
"""


def register(app: typer.Typer) -> None:
    app.command("init", cls=Command)(init)
    app.command("run", cls=Command)(run)
    app.command("verify", cls=Command)(verify)
    app.command("backup", cls=Command)(backup)
    app.command("restore", cls=Command)(restore)
    users = typer.Typer(help="Comptes de la console.", cls=Group, no_args_is_help=True)
    users.command("add", cls=Command)(user_add)
    users.command("password", cls=Command)(user_password)
    users.command("list", cls=Command)(user_list)
    app.add_typer(users, name="user")


def init() -> None:
    """Prépare le dossier de l'agence : journal, zone d'arrivée des fichiers, réglages, compte admin."""
    from console.auth import ensure_admin
    from console.journal.store import Journal
    from console.warehouse.lock import batch_lock
    from loaders.landing import open_landing

    made = settings()
    home = made.paths.create()
    if not home.settings_file.exists():
        home.settings_file.write_text(SETTINGS_FILE, encoding="utf-8")
    with batch_lock(made, "préparation", say_error), closing(open_landing(home.landing)):
        pass
    with closing(Journal.open(made)) as journal:
        password = ensure_admin(journal.engine)
    say(f"Agence prête dans {home.root}.")
    if password:
        say(f"Compte « admin », mot de passe « {password} » (affiché une seule fois).")
    say("Ensuite : « guichet load FICHIERS », « guichet run », « guichet serve ».")


def run(
    full: Annotated[
        bool, typer.Option("--full/--refresh", help="Tout recalculer, ou seulement ce qui a changé.")
    ] = True,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Calcule et contrôle les données, puis les met en service. C'est la commande de la nuit."""
    from dataclasses import asdict

    from console.warehouse import pipeline

    made = settings(as_of)
    report = pipeline.run(made, full=full, trigger="commande", on_wait=say_error)
    if as_json:
        say_json(asdict(report))
    elif report.ok:
        seconds = f"{report.seconds:.1f}".replace(".", ",")
        say(
            f"Exécution {report.run_id} en service : {report.models} modèles, {report.tests} contrôles, "
            f"{seconds} s ; journal n° {report.seq}."
        )
    for warning in report.warnings:
        say_error(f"Avertissement : {warning}")
    if not report.ok:
        raise Stop("L'exécution a échoué, la précédente reste en service.\n" + "\n".join(report.failures))


def verify(as_json: Json = False) -> None:
    """Vérifie le journal : chaîne, réservations, numérotation, totaux ; dit ce qui ne tient pas."""
    from dataclasses import asdict

    from console.journal.verify import verify as check

    checks = check(settings())
    if as_json:
        say_json([asdict(one) for one in checks])
    else:
        for one in checks:
            say(f"{'tient' if one.ok else 'ÉCART'}  {one.name} : {one.detail}")
    if wrong := [one.name for one in checks if not one.ok]:
        raise Stop(f"La vérification a trouvé des écarts : {', '.join(wrong)}.")


def backup(file: Annotated[Path, typer.Argument(metavar="FICHIER", help="Archive à écrire.")]) -> None:
    """Enregistre dans une archive le journal, les fichiers reçus, les documents et les réglages."""
    from console.journal.backup import backup as save

    _report("Sauvegarde écrite", lambda made: save(made, file))


def restore(
    file: Annotated[Path, typer.Argument(metavar="FICHIER", help="Archive à reprendre.")],
    force: Annotated[bool, typer.Option("--force", help="Remplacer l'agence déjà présente.")] = False,
) -> None:
    """Reprend une sauvegarde dans un dossier vide (GUICHET_HOME), puis « guichet run » recalcule."""
    from console.journal.backup import restore as bring_back

    _report("Sauvegarde reprise", lambda made: bring_back(made, file, force))


def _report(done: str, work: Callable[[Settings], BackupReport]) -> None:
    from console.journal.refused import Refused
    from console.warehouse.lock import batch_lock

    made = settings()
    try:
        with batch_lock(made, "sauvegarde ou reprise", say_error):
            report = work(made)
    except Refused as refused:
        raise Stop(str(refused)) from refused
    say(f"{done} : {report.file} (journal n° {report.seq}, {report.documents} documents).")


def _read_password(from_stdin: bool) -> tuple[str, bool]:
    """A password, and whether it was generated (then it is shown, once)."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\n"), False
    return secrets.token_urlsafe(12), True


FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Lire le mot de passe sur l'entrée ; sinon il est généré.")
]


def _accounts(action: Any) -> Any:
    """Runs `action(engine)`; what the accounts refuse becomes one sentence."""
    from console.auth import AuthError
    from console.journal.store import Journal

    made = settings()
    made.paths.create()
    with closing(Journal.open(made)) as journal:
        try:
            return action(journal.engine)
        except AuthError as error:
            raise Stop(str(error)) from error


def user_add(
    username: Annotated[str, typer.Argument(metavar="IDENTIFIANT")],
    role: Annotated[
        str, typer.Option(help="analyste, comptable, admin, client ou lecture.", metavar="PROFIL")
    ] = "analyste",
    name: Annotated[str, typer.Option(help="Nom affiché.", metavar="NOM")] = "",
    client: Annotated[str | None, typer.Option(help="Client d'un compte client.", metavar="CLIENT")] = None,
    password_stdin: FromStdin = False,
) -> None:
    """Ajoute un compte."""
    from console import auth

    password, generated = _read_password(password_stdin)
    _accounts(lambda db: auth.create_user(db, username, password, role, name=name, client_id=client))
    say(f"Compte « {username} » ajouté ({role}).")
    if generated:
        say(f"Mot de passe : {password} (affiché une seule fois)")


def user_password(
    username: Annotated[str, typer.Argument(metavar="IDENTIFIANT")], password_stdin: FromStdin = False
) -> None:
    """Change le mot de passe d'un compte et ferme ses sessions."""
    from console import auth

    password, generated = _read_password(password_stdin)
    _accounts(lambda db: auth.set_password(db, username, password))
    say(f"Mot de passe de « {username} » changé.")
    if generated:
        say(f"Mot de passe : {password} (affiché une seule fois)")


def user_list(as_json: Json = False) -> None:
    """Liste les comptes."""
    from console import auth

    users = _accounts(auth.list_users)
    rows = [[user.username, user.name, user.role, "oui" if user.active else "non"] for user in users]
    if as_json:
        keys = ("username", "name", "role", "active")
        say_json([dict(zip(keys, [*row[:3], row[3] == "oui"], strict=True)) for row in rows])
    else:
        table(["Identifiant", "Nom", "Profil", "Actif"], rows)
