"""The `guichet` command (spec 00, "The command"): what people type and what their scripts depend on.

Exit codes: 0 done, 1 refused or partly failed (the reason on stderr), 2 wrong usage. An error is one French
sentence, never a traceback; what nobody expected is written to `logs/guichet.log`. Each command imports
what it needs when it runs, so that `guichet --help` answers at once.
"""

from __future__ import annotations

import os
import sys

# isort: off
from console.commands import french  # first: typer takes its words from gettext when it is imported

import typer

from console.commands import agency, decide, inputs, outputs, services
from console.commands.base import Stop, report_unexpected, say_error
# isort: on

app = typer.Typer(
    name="guichet",
    help="Guichet : console des agences dont les prestations sont payées, en tout ou partie, par un tiers.",
    epilog="Le dossier de l'agence est donné par GUICHET_HOME (par défaut ./var).",
    no_args_is_help=True,
    subcommand_metavar="COMMANDE …",
    add_completion=False,
    cls=french.Group,
    pretty_exceptions_enable=False,
)
for module in (agency, inputs, decide, outputs, services):
    module.register(app)


def main() -> None:
    """Runs the command and exits with its code."""
    try:
        code = app(prog_name="guichet", standalone_mode=False) or 0
    except Stop as stop:
        say_error(str(stop))
        code = stop.code
    except typer.Abort:
        say_error("Interrompu.")
        code = 130
    except typer.TyperException as error:
        if message := french.sentence(error):
            say_error(message)
        code = error.exit_code
    except BrokenPipeError:  # the reader of our output left (`| head`): nothing more to say to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:
        say_error(report_unexpected(error))
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
