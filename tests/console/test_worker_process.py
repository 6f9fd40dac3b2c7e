"""The worker lives and dies with the console, however the console ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.settings import load_settings
from console.web import worker_process
from tests.console import published

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
PARENT = """
import asyncio, sys
from console.settings import load_settings
from console.web import worker_process

async def main():
    async with worker_process.running(load_settings(home=sys.argv[1])):
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(15, stop.set)
        print("ready", flush=True)
        await stop.wait()

asyncio.run(main())
"""


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _within(seconds: float, wanted) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if wanted():
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def parent(own_home: Path) -> Iterator[subprocess.Popen]:
    published.publish(published.home_at(own_home))
    process = subprocess.Popen([sys.executable, "-c", PARENT, str(own_home)], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


def test_stopping_the_console_stops_its_worker(parent):
    (worker,) = _children(parent.pid)
    parent.terminate()
    assert parent.wait(20) == 0 and not _running(worker)


def test_a_killed_console_leaves_no_worker(parent):
    (worker,) = _children(parent.pid)
    time.sleep(2)  # past its first lines, where it asks to be told
    parent.kill()
    parent.wait()
    assert _within(20, lambda: not _running(worker))


def test_a_worker_that_dies_is_started_again(parent):
    (worker,) = _children(parent.pid)
    os.kill(worker, signal.SIGKILL)
    assert _within(20, lambda: [one for one in _children(parent.pid) if one != worker and _running(one)])


def test_the_worker_gets_the_home_and_the_clock_of_its_console(own_home: Path):
    made = load_settings(home=own_home, as_of="2026-10-05T12:00")
    given = worker_process.environment(made)
    assert given["GUICHET_HOME"] == str(own_home.resolve()) and given["GUICHET_AS_OF"] == "2026-10-05T12:00"
