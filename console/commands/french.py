"""What typer says by itself, in French: headings of the help, wrong usages."""

from __future__ import annotations

import gettext
import re
import sys
from typing import Any

WORDS = {
    "Arguments": "Arguments",
    "Options": "Options",
    "Commands": "Commandes",
    "Error": "Erreur",
    "Aborted.": "Interrompu.",
    "Aborted!": "Interrompu.",
    "required": "obligatoire",
    "[required]": "[obligatoire]",
    "default: {default}": "par défaut : {default}",
    "[default: {}]": "[par défaut : {}]",
    "env var: {var}": "variable : {var}",
    "[env var: {}]": "[variable : {}]",
    "(deprecated) ": "(obsolète) ",
    "Missing command.": "Il manque une commande.",
    "No such command {name!r}.": "Commande inconnue : {name}.",
}
MESSAGES = (
    (r"^No such option: (\S+?)\.?(?: .*)?$", r"Option inconnue : \1."),
    (r"^Missing option ['\"]?(.+?)['\"]?\.?(?: .*)?$", r"Il manque l'option \1."),
    (r"^Missing argument ['\"]?(.+?)['\"]?\.?(?: .*)?$", r"Il manque l'argument \1."),
    (r"^Got unexpected extra arguments? \((.*)\)$", r"Argument en trop : \1."),
    (r"^Option ['\"]?(\S+?)['\"]? requires an argument\.?$", r"L'option \1 attend une valeur."),
    (r"^Option ['\"]?(\S+?)['\"]? does not take a value\.?$", r"L'option \1 n'attend pas de valeur."),
    (r"^(Il manque une commande\.)$", r"\1"),
    (r"^(Commande inconnue : .*?\.)(?: Did you mean (.*)\?)?$", r"\1"),
    (r"^Invalid value for (.+?): (.*)$", r"Valeur refusée pour \1."),
)


def install() -> None:
    """Gives typer its words. Its modules bind `gettext.gettext` when they are imported; a catalogue file
    would be found only under the settings of a French system."""
    gettext.gettext = lambda message: WORDS.get(message, message)


def sentence(error: Any) -> str:
    """A wrong usage in one French sentence, with where to find help. Empty when the help itself was shown."""
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message(), file=sys.stderr)
        return ""
    message = " ".join(str(error.format_message()).split())
    for pattern, french in MESSAGES:
        if re.match(pattern, message):
            message = re.sub(pattern, french, message)
            break
    else:
        message = f"Commande mal formée : {message}"
    path = error.ctx.command_path if getattr(error, "ctx", None) else "guichet"
    return f"{message} Aide : {path} --help"


install()
from typer.core import TyperCommand, TyperGroup  # noqa: E402 - after its words were given


def _help_in_french(parameters: list[Any]) -> list[Any]:
    for option in parameters:
        if getattr(option, "is_flag", False):
            option.metavar = ""
        if "--help" in option.opts:
            option.help = "Affiche cette aide."
    return parameters


class Command(TyperCommand):
    def get_params(self, ctx: Any) -> Any:
        return _help_in_french(super().get_params(ctx))


class Group(TyperGroup):
    def get_params(self, ctx: Any) -> Any:
        return _help_in_french(super().get_params(ctx))
