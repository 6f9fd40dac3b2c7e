"""One batch at a time, and whoever waits is told for whom."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from console.settings import Settings
from console.warehouse.lock import batch_lock, holder_file


def test_another_thread_waits_and_is_told(settings: Settings) -> None:
    told: list[str] = []
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with batch_lock(settings, "second", lambda text: (told.append(text), waiting.set())):
            order.append("second")

    with batch_lock(settings, "chargement de fichiers"):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert len(told) == 1
    assert told[0].startswith("En attente : « chargement de fichiers » est en cours depuis ")
    assert f"(processus {os.getpid()})" in told[0]
    assert not holder_file(settings).exists()


def test_the_holder_may_enter_again(settings: Settings) -> None:
    with batch_lock(settings, "dehors"), batch_lock(settings, "dedans"):
        assert "dehors" in holder_file(settings).read_text(encoding="utf-8")
    assert not holder_file(settings).exists()


def test_a_killed_holder_gives_it_back(settings: Settings, home: Path) -> None:
    script = (
        "import sys, os, signal\n"
        "from console.settings import load_settings\n"
        "from console.warehouse.lock import batch_lock\n"
        f"with batch_lock(load_settings(home={str(home)!r}), 'mort'):\n"
        "    print('held', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "held\n", done.stderr
    told: list[str] = []
    with batch_lock(settings, "après", told.append):
        pass
    assert told == []
