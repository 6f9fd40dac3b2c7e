"""Commands that decide: `do` runs an action of the registry, `actions` lists them."""

from __future__ import annotations

import getpass
import sys
import uuid
from contextlib import closing
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.commands.base import (
    AsOf,
    Json,
    Stop,
    freshen,
    json_argument,
    say,
    say_error,
    say_json,
    settings,
    table,
    wrong,
)
from console.commands.french import Command

if TYPE_CHECKING:
    from console.actions.registry import Result
    from console.journal.store import Journal
    from console.settings import Settings

SHOWN = 20  # items listed by name in the text form


def register(app: typer.Typer) -> None:
    app.command("do", cls=Command)(do)
    app.command("actions", cls=Command)(actions)


def do(
    action: Annotated[str, typer.Argument(metavar="ACTION", help="Voir « guichet actions ».")],
    text: Annotated[
        str, typer.Option("--json", metavar="JSON", help="Paramètres : JSON, @FICHIER ou - (entrée).")
    ] = "{}",
    as_user: Annotated[
        str | None, typer.Option("--as", metavar="COMPTE", help="Agir au nom de ce compte, avec son profil.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="CLÉ", help="Clé de l'opération : la répéter ne refait rien.")
    ] = None,
    simulate: Annotated[bool, typer.Option("--simulate", help="Montrer sans rien enregistrer.")] = False,
    no_refresh: Annotated[
        bool, typer.Option("--no-refresh", help="Ne pas mettre les données à jour avant et après.")
    ] = False,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="json|text", help="Par défaut : text à l'écran, json sinon."),
    ] = None,
    as_of: AsOf = None,
) -> None:
    """Exécute une action, puis met les données à jour : l'export suivant la voit."""
    form = form or ("text" if sys.stdout.isatty() else "json")
    if form not in ("json", "text"):
        wrong("--format attend json ou text.")
    parameters = json_argument(text)
    if not isinstance(parameters, dict):
        wrong('--json attend un objet, par exemple {"period": "2026-10"}.')
    if simulate:
        parameters["simulate"] = True
    made = settings(as_of)
    if not no_refresh:
        freshen(made, f"avant {action}")
    result = perform(made, action, parameters, as_user, key or uuid.uuid4().hex)
    if form == "json":
        say_json(result.as_dict())
    else:
        _tell(result)
    if not no_refresh and not result.simulated:
        try:
            freshen(made, action)
        except Stop as stop:
            raise Stop(f"L'action est enregistrée. {stop}") from stop
    if result.failed:
        raise Stop(f"{len(result.failed)} élément(s) en échec.")


def perform(made: Settings, action: str, parameters: dict[str, Any], as_user: str | None, key: str) -> Result:
    """Runs one action as somebody. Raises Stop with the reason when it is refused."""
    from console.actions import registry
    from console.journal.refused import Refused
    from console.journal.store import Journal
    from console.warehouse.query import NoPublishedRun, Warehouse

    load_actions()
    with closing(Journal.open(made)) as journal:
        actor, role = _who(journal, as_user)
        warehouse = Warehouse.open(made.paths)
        context = registry.Context(made, journal, warehouse, actor, role)
        try:
            return registry.run_action(action, parameters, context, key)
        except (Refused, registry.Refused, NoPublishedRun) as refused:
            raise Stop(str(refused)) from refused
        finally:
            warehouse.close()


def load_actions() -> None:
    """Fills the registry."""
    import_module("console.actions")


def _who(journal: Journal, as_user: str | None) -> tuple[str, str]:
    """The actor and the role. Whoever can run the command on this machine holds the journal itself: without
    `--as` the system's account signs, with every right."""
    if as_user is None:
        return getpass.getuser(), "admin"
    from console.auth import get_user

    user = get_user(journal.engine, as_user)
    if user is None or not user.active:
        raise Stop(f"Aucun compte actif « {as_user} » : voir « guichet user list ».")
    return user.username, user.role


def _tell(result: Result) -> None:
    heading = "Simulation" if result.simulated else "Fait"
    say(f"{heading} : {len(result.done)} · ignoré : {len(result.skipped)} · en échec : {len(result.failed)}")
    if result.message:
        say(result.message)
    for label, items in (("Ignoré", result.skipped), ("En échec", result.failed)):
        for item in items[:SHOWN]:
            say(f"  {label} {item.get('id', '')} : {item.get('reason', '')}")
        if len(items) > SHOWN:
            say(f"  … et {len(items) - SHOWN} autres (voir --format json)")


def actions(as_json: Json = False) -> None:
    """Liste les actions, avec leurs paramètres (--json : schémas JSON)."""
    from console.actions.registry import ACTIONS

    load_actions()
    found = [ACTIONS[name] for name in sorted(ACTIONS)]
    if as_json:
        say_json([one.schema() for one in found])
        return
    if not found:
        say_error("Aucune action n'est installée.")
    rows = [[one.name, one.label, one.role, _parameters(one.params)] for one in found]
    table(["Action", "Intitulé", "Profil", "Paramètres"], rows)


def _parameters(model: Any) -> str:
    return ", ".join(
        name + ("" if field.is_required() else "?") for name, field in model.model_fields.items()
    )
