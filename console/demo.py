"""`guichet demo`: a whole agency to try, in a home of its own, with a payer to talk to.

The first start makes it: the files of `data/demo/` go through the real loaders, the steps of `script.json`
through the real actions. The number of steps done is kept, so that an interrupted start goes on and a later
one starts at once. Then the sandbox payer and the console (with its worker) run as children until Ctrl-C; a
child whose parent is killed is stopped by the system.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from console.commands.base import Stop, log_to, say, say_error
from console.paths import DEMO_DATA
from console.settings import Settings, load_settings

SANDBOX_PORT = 8600
SIGN = (
    "# Agence de démonstration"  # in guichet.toml: the demo never plays its steps in somebody's real agency
)
# The files tell October and November 2026. Started in another month, the demo goes by this moment.
MONTH, MOMENT = (2026, 11), "2026-11-21T10:00"
ACCOUNTS = {"admin": "admin", "analyste": "analyste", "comptable": "comptable"}
WAIT_SECONDS = 60.0
STOP_SECONDS = 15.0


def run_demo(home: Path, port: int | None = None, serve: bool = True, data: Path = DEMO_DATA) -> None:
    """Prepares the agency in `home` (or goes on), then serves it until Ctrl-C. Raises Stop with the
    reason."""
    os.environ["GUICHET_HOME"] = str(home)
    settings = load_settings(home=home, port=port)
    if serve and _taken(settings.host, settings.port):
        raise Stop(f"Le port {settings.port} est déjà pris : choisissez-en un autre, PORT=8511 make demo.")
    if settings.paths.settings_file.exists() and SIGN not in settings.paths.settings_file.read_text(
        encoding="utf-8"
    ):
        raise Stop(
            f"Le dossier {settings.paths.root} est celui d'une agence : choisissez-en un autre avec --home."
        )
    paths = settings.paths.create()
    log_to(paths.logs, "demo.log")
    sandbox_port = _write_settings(settings)
    settings = load_settings(home=paths.root, port=port)
    children = Children()
    with _stop_on_signals():
        try:
            children.start("sandbox", "--port", str(sandbox_port))
            _wait(f"http://127.0.0.1:{sandbox_port}/sante", children)
            _send_clients(settings, data)
            prepare(settings, data)
            accounts = _accounts(settings)
            if not serve:
                say(f"Agence de démonstration prête dans {paths.root}.")
                return
            children.start("serve", "--port", str(settings.port))
            address = f"http://{settings.host}:{settings.port}"
            _wait(f"{address}/sante", children)
            _welcome(address, f"http://127.0.0.1:{sandbox_port}", accounts)
            children.watch()
        except KeyboardInterrupt:
            say("\nArrêt de la démonstration.")
        finally:
            children.stop()


# --- the agency ---


def prepare(settings: Settings, data: Path = DEMO_DATA) -> None:
    """Plays the steps of `script.json` that were not played yet. Raises Stop when one is refused."""
    steps = json.loads((data / "script.json").read_text(encoding="utf-8"))
    kept = settings.paths.root / "demo.json"
    played = json.loads(kept.read_text(encoding="utf-8"))["played"] if kept.exists() else 0
    for number, step in enumerate(steps[played:], start=played + 1):
        say(f"[{number}/{len(steps)}] {_told(step)}")
        _play(settings, data, number, step)
        partial = kept.with_suffix(".part")
        partial.write_text(json.dumps({"played": number}), encoding="utf-8")
        partial.replace(kept)


def _told(step: dict[str, Any]) -> str:
    if step.get("say"):
        return str(step["say"])
    for kind, words in (
        ("load", "Chargement de"), ("do", "Action"), ("run", "Calcul des données"),
        ("worker", "Tâches en attente"), ("sandbox", "Chez le payeur"),
    ):  # fmt: skip
        if kind in step:
            detail = step[kind] if isinstance(step[kind], str) else ""
            return f"{words} {detail}".strip()
    raise Stop(f"Étape de démonstration inconnue : {json.dumps(step, ensure_ascii=False)}.")


def _play(settings: Settings, data: Path, number: int, step: dict[str, Any]) -> None:
    clock = step.get("as_of")
    made = load_settings(home=settings.home, as_of=clock) if clock else settings
    if "load" in step:
        _load(made, data, step["load"])
    elif "do" in step:
        _do(made, number, step)
    elif "run" in step:
        _run(made)
    elif "worker" in step:
        _work(made)
    elif "sandbox" in step:
        _ask_sandbox(made, step["sandbox"])


def _load(settings: Settings, data: Path, named: str | list[str]) -> None:
    from console.commands.inputs import load_files

    paths = [data / one for one in ([named] if isinstance(named, str) else named)]
    for report in load_files(settings, paths):
        rejected = f", {report.rows_rejected} rejetée(s)" if report.rows_rejected else ""
        say(f"    {report.file_name} : {report.rows_new} ligne(s){rejected}")


def _run(settings: Settings) -> None:
    from console.warehouse import pipeline

    report = pipeline.run(settings, trigger="démonstration", on_wait=say_error)
    if not report.ok:
        raise Stop(
            "Les données de démonstration n'ont pas pu être calculées :\n" + "\n".join(report.failures)
        )


def _do(settings: Settings, number: int, step: dict[str, Any]) -> None:
    from console.commands.base import freshen
    from console.commands.decide import perform

    freshen(settings, f"démonstration, étape {number}")
    result = perform(settings, step["do"], dict(step.get("params", {})), step.get("as"), f"demo-{number}")
    say(f"    fait : {len(result.done)}, ignoré : {len(result.skipped)}, en échec : {len(result.failed)}")


def _work(settings: Settings) -> None:
    from console.worker import run_worker

    report = run_worker(settings, once=True)
    for message in report.messages:
        say(f"    {message}")


def _ask_sandbox(settings: Settings, call: dict[str, Any]) -> None:
    """`{"path": "/admin/avancer", "body": {…}}`."""
    _post(settings.home_plus_url + call["path"], call.get("body", {}))


def _send_clients(settings: Settings, data: Path) -> None:
    """The payer's own list of clients, when the demo has one."""
    path = data / "sandbox_clients.json"
    if path.exists() and not (settings.paths.root / "demo.json").exists():
        _post(f"{settings.home_plus_url}/admin/clients", json.loads(path.read_text(encoding="utf-8")))
    if settings.as_of:
        _post(f"{settings.home_plus_url}/admin/config", {"aujourdhui": settings.as_of[:10]})


def _post(url: str, body: Any) -> None:
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        urlopen(request, timeout=20).close()
    except (URLError, OSError) as error:
        raise Stop(f"Le payeur d'essai n'a pas répondu : {error}.") from error


def _write_settings(settings: Settings) -> int:
    """Writes guichet.toml at the first start; later, only the payer's address changes if its port was
    taken since. Returns the port of the payer."""
    path = settings.paths.settings_file
    wanted = int(settings.home_plus_url.rsplit(":", 1)[1]) if settings.home_plus_url else SANDBOX_PORT
    port = wanted if not _taken("127.0.0.1", wanted) else _free_port()
    address = f'home_plus_url = "http://127.0.0.1:{port}"'
    if not path.exists():
        today = date.today()
        clock = "" if (today.year, today.month) == MONTH else f'as_of = "{MOMENT}"\n'
        path.write_text(
            f"{SIGN} : le payeur est un serveur d'essai de cette machine.\n"
            f'{clock}{address}\nhome_plus_client_id = "guichet-demo"\n'
            f'home_plus_client_secret = "{secrets.token_urlsafe(12)}"\n'
            'home_plus_third_party_id = "ORG-DEMO"\n'
            "home_plus_poll_minutes = 1\n",
            encoding="utf-8",
        )
    elif port != wanted:
        lines = path.read_text(encoding="utf-8").splitlines()
        kept = [address if line.startswith("home_plus_url") else line for line in lines]
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return port


def _accounts(settings: Settings) -> dict[str, str]:
    """The demo's accounts and passwords: made once, kept in a file that only this user can read."""
    from console.auth import create_user, get_user
    from console.journal.store import Journal

    path = settings.paths.root / "demo-accounts.json"
    accounts: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    with closing(Journal.open(settings)) as journal:
        for username, role in ACCOUNTS.items():
            if get_user(journal.engine, username) is None:
                accounts[username] = secrets.token_urlsafe(9)
                create_user(journal.engine, username, accounts[username], role, name=username.capitalize())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(accounts, stream, indent=2)
    path.chmod(0o600)
    return accounts


def _welcome(address: str, sandbox: str, accounts: dict[str, str]) -> None:
    say()
    say(f"  Console           {address}")
    for username, password in accounts.items():
        say(f"    {username:<15} {password}")
    say(f"  Payeur d'essai    {sandbox}")
    say("  Ctrl-C arrête tout ; « make demo » reprend où vous en étiez.")
    say()


# --- the children ---


class Children:
    """The processes of the demo. Each has its own session: Ctrl-C reaches the parent only, which stops
    them in the reverse of their order."""

    def __init__(self) -> None:
        self.processes: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, command: str, *arguments: str) -> None:
        self.processes.append(
            (
                command,
                subprocess.Popen(
                    [sys.executable, "-m", "console.demo", command, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                ),
            )
        )

    def check(self) -> None:
        for name, process in self.processes:
            if (code := process.poll()) is not None:
                raise Stop(f"« guichet {name} » s'est arrêté (code {code}).")

    def watch(self) -> None:
        """Until one of them ends."""
        while True:
            self.check()
            time.sleep(0.5)

    def stop(self) -> None:
        for _, process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for _, process in self.processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes.clear()


@contextmanager
def _stop_on_signals() -> Iterator[None]:
    """SIGTERM and a closed terminal end the demo as Ctrl-C does (which a script may have had ignored)."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(url: str, children: Children) -> None:
    """Until an address answers."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        children.check()
        try:
            urlopen(url, timeout=2).close()
            return
        except (URLError, OSError):
            time.sleep(0.1)
    raise Stop(f"Pas de réponse de {url}.")


def _taken(host: str, port: int) -> bool:
    if port == 0:
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _child() -> None:
    """A child of the demo: asks the kernel (Linux) to be stopped when its parent dies, then is the
    command."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if os.getppid() == 1:
            return
    from console.cli import main

    sys.argv[0] = "guichet"
    main()


if __name__ == "__main__":
    _child()
