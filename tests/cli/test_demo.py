"""The demo goes on where it was, and leaves nothing running."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from console.commands.base import Stop
from console.demo import prepare
from console.settings import load_settings

AGENCY = "agency_id,name\nA1,Agence d'essai\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A demo of two files, without any calculation."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "agencies.csv").write_text(AGENCY, encoding="utf-8")
    (folder / "payers.csv").write_text(
        "payer_id,name,billing_type\nP1,Département,globale\n", encoding="utf-8"
    )
    steps = [{"say": "Agence", "load": "agencies.csv"}, {"say": "Payeurs", "load": ["payers.csv"]}]
    (folder / "script.json").write_text(json.dumps(steps), encoding="utf-8")
    return folder


def test_steps_are_played_once(home: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = load_settings(home=home)
    settings.paths.create()
    prepare(settings, data)
    assert "[2/2] Payeurs" in capsys.readouterr().out
    prepare(settings, data)
    assert capsys.readouterr().out == ""


def test_an_interrupted_start_goes_on(home: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = load_settings(home=home)
    settings.paths.create()
    script = data / "script.json"
    steps = json.loads(script.read_text(encoding="utf-8"))
    script.write_text(json.dumps([steps[0], {"bad": 1}]), encoding="utf-8")
    with pytest.raises(Stop, match="inconnue"):
        prepare(settings, data)
    script.write_text(json.dumps(steps), encoding="utf-8")
    capsys.readouterr()
    prepare(settings, data)
    said = capsys.readouterr().out
    assert "[1/2]" not in said and "[2/2] Payeurs" in said


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(home: Path, data: Path) -> tuple[subprocess.Popen[str], str]:
    """The demo as a process, once it says that it is ready; with what it said."""
    code = (
        "import sys; from pathlib import Path; from console.demo import run_demo\n"
        f"run_demo(Path({str(home)!r}), port={_free_port()}, data=Path({str(data)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            return process, said
    raise AssertionError(f"the demo ended with code {process.wait()}: {said}")


def _running(home: Path) -> list[int]:
    """Processes that were given this home, ours excepted (Linux)."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                if f"GUICHET_HOME={home}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


def _gone(home: Path) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not _running(home):
            return True
        time.sleep(0.2)
    return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="compte les processus dans /proc (Linux)")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_stays_behind(home: Path, data: Path, how: signal.Signals) -> None:
    process, said = _start(home, data)
    try:
        assert len(_running(home)) >= 3  # the payer, the console, its worker
        accounts = json.loads((home / "demo-accounts.json").read_text(encoding="utf-8"))
        assert set(accounts) == {"admin", "analyste", "comptable"}
        assert all(password in said for password in accounts.values())
        assert stat.S_IMODE((home / "demo-accounts.json").stat().st_mode) == 0o600
    finally:
        process.send_signal(how)
        code = process.wait(60)
    assert _gone(home), _running(home)
    if how is not signal.SIGKILL:
        assert code == 0


def test_a_taken_port_is_said(home: Path, data: Path) -> None:
    from console.demo import run_demo

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Stop, match="déjà pris"):
            run_demo(home, port=other.getsockname()[1], data=data)
