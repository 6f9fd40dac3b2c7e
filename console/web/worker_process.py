"""The worker as a child of the console: started with it, restarted when it dies, stopped with it.

Run as `python -m console.web.worker_process`, the child first asks the kernel (Linux) to be told to stop when
its parent dies, so that even a killed console leaves nothing running.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator

from console.settings import Settings

log = logging.getLogger(__name__)
PR_SET_PDEATHSIG = 1
STOP_SECONDS = 10.0
RESTART_SECONDS = 3.0


def environment(settings: Settings) -> dict[str, str]:
    """The console's own environment, with the home and the clock this console was given."""
    values = {**os.environ, "GUICHET_HOME": str(settings.paths.root)}
    if settings.as_of:
        values["GUICHET_AS_OF"] = settings.as_of
    return values


def start(settings: Settings) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "console.web.worker_process"],
        env=environment(settings),
        stdin=subprocess.DEVNULL,
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[None]:
    """Keeps one worker alive for the time of the block."""
    current = [start(settings)]

    async def watch() -> None:
        while True:
            await asyncio.sleep(RESTART_SECONDS)
            if (code := current[0].poll()) is not None:
                log.warning("Le traitement en arrière-plan s'est arrêté (code %s) : il est relancé.", code)
                current[0] = start(settings)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.to_thread(stop, current[0])


def main() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == 1:  # the parent was already gone
            return
    from console.cli import main as cli

    sys.argv = ["guichet", "worker"]
    cli()


if __name__ == "__main__":
    main()
