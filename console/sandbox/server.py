"""A real HTTP server that plays the payer, for the demo, training and tests: see
docs/decisions/home-plus-sandbox.md.

`run_sandbox` is the command; `SandboxServer` is the same server in a thread, on a free port.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from asyncio import BaseTransport
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from console.paths import Home
from console.sandbox.api import PayerApi
from console.sandbox.clients import load_clients, road_of
from console.sandbox.page import page
from console.sandbox.store import PayerStore
from console.sandbox.trouble import Fault, Troubles

START_SECONDS = 20.0


class Payer:
    """The application: API, administration, page. `transports` are the open connections, by peer."""

    def __init__(self, store: PayerStore, credentials: dict[str, str] | None = None):
        self.store = store
        self.troubles = Troubles()
        self.transports: dict[Any, asyncio.Transport] = {}
        self.api = PayerApi(store, self.troubles, self._drop, credentials)
        self.app = Starlette(
            routes=[
                *self.api.routes(),
                Route("/", self._page),
                Route("/page/{what}", self._steer, methods=["POST"]),
                Route("/sante", self._health),
                Route("/admin/config", self._config, methods=["GET", "POST"]),
                Route("/admin/clients", self._clients, methods=["POST"]),
                Route("/admin/avancer", self._advance, methods=["POST"]),
                Route("/admin/comportement", self._behaviour, methods=["POST"]),
                Route("/admin/demandes", self._requests),
                Route("/admin/appels", self._calls),
            ]
        )

    def protocol(self) -> type[H11Protocol]:
        """The server's protocol, which remembers its connections so that one can be cut."""
        transports = self.transports

        class Protocol(H11Protocol):
            def connection_made(self, transport: BaseTransport) -> None:  # type: ignore[override]
                assert isinstance(transport, asyncio.Transport)
                transports[transport.get_extra_info("peername")[:2]] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.transport.get_extra_info("peername")[:2], None)
                super().connection_lost(exc)

        return Protocol

    def configure(self, config: dict[str, Any]) -> None:
        """Applies what `POST /admin/config` takes. Raises ValueError, in French; nothing is changed then."""
        faults = [Fault.read(entry) for entry in config["pannes"]] if "pannes" in config else None
        latency, speed = (_positive(config, name) for name in ("latence", "vitesse"))
        if "aujourdhui" in config:
            try:
                self.store.set_today(config["aujourdhui"])
            except (ValueError, TypeError):
                raise ValueError("« aujourdhui » est un jour (AAAA-MM-JJ) ou nul.") from None
        if faults is not None:
            self.troubles.replace(faults)
        if latency is not None:
            self.troubles.latency = latency
        if speed is not None:
            self.store.set_speed(speed)
        if config.get("jetons") == "oublier":
            self.api.forget_tokens()

    def _drop(self, request: Request) -> None:
        client = request.client
        transport = self.transports.get((client.host, client.port)) if client else None
        if transport is not None:
            transport.abort()

    async def _page(self, request: Request) -> Response:
        return HTMLResponse(page(self.store, self.troubles, request.query_params.get("message", "")))

    async def _steer(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        what = request.path_params["what"]
        try:
            if what == "avancer":
                self.store.advance(float(form.get("heures", "0").replace(",", ".")))
            elif what == "panne":
                self.configure({"pannes": [*self.troubles.shown(), form]})
            elif what == "reparer":
                self.configure({"pannes": []})
            elif what in ("vitesse", "latence"):
                self.configure({what: float(form.get(what, "").replace(",", "."))})
        except ValueError:
            return RedirectResponse("/?message=Valeur+refus%C3%A9e", status_code=303)
        return RedirectResponse("/", status_code=303)

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"etat": "ok"})

    async def _config(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                self.configure(await _object(request))
            except ValueError as problem:
                return JSONResponse({"erreur": str(problem)}, 400)
        return JSONResponse(
            {"latence": self.troubles.latency, "vitesse": self.store.speed, "pannes": self.troubles.shown(),
             "aujourdhui": self.store.today().isoformat(), "heures": self.store.hours()}
        )  # fmt: skip

    async def _clients(self, request: Request) -> Response:
        try:
            return JSONResponse({"clients": self.store.replace_clients(load_clients(await _object(request)))})
        except ValueError as problem:
            return JSONResponse({"erreur": str(problem)}, 400)

    async def _advance(self, request: Request) -> Response:
        try:
            hours = _positive(await _object(request), "heures")
        except ValueError as problem:
            return JSONResponse({"erreur": str(problem)}, 400)
        self.store.advance(hours or 0.0)
        return JSONResponse({"heures": self.store.hours()})

    async def _behaviour(self, request: Request) -> Response:
        try:
            content = await _object(request)
            road_of(str(content.get("comportement")))
        except ValueError as problem:
            return JSONResponse({"erreur": str(problem)}, 400)
        found = self.store.set_behaviour(str(content.get("numFactureTiers")), str(content["comportement"]))
        return JSONResponse({"trouvee": found}, 200 if found else 404)

    async def _requests(self, request: Request) -> Response:
        return JSONResponse(self.store.requests())

    async def _calls(self, request: Request) -> Response:
        return JSONResponse(self.store.calls(request.query_params.get("chemin")))


class SandboxServer:
    """The payer in a thread: `with SandboxServer(tmp_path) as payer: … payer.url`."""

    def __init__(
        self, home_or_db_path: Path, host: str = "127.0.0.1", port: int = 0, speed: float | None = None,
        seed: int = 0, clients: Path | dict[str, Any] | None = None,
        credentials: dict[str, str] | None = None,
    ):  # fmt: skip
        self.payer = _payer(home_or_db_path, speed, seed, clients, credentials)
        self.store = self.payer.store
        self._socket = _listen(host, port)
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(_uvicorn_config(self.payer))
        self._thread = threading.Thread(target=self._serve, name="payeur-d-essai", daemon=True)

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def start(self) -> SandboxServer:
        self._thread.start()
        wait = threading.Event()
        for _ in range(int(START_SECONDS / 0.02)):
            if self._server.started:
                return self
            wait.wait(0.02)
        raise RuntimeError("the sandbox did not start in time")

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        self._socket.close()
        self.store.close()

    def __enter__(self) -> SandboxServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def configure(self, **config: Any) -> None:
        """What `POST /admin/config` takes: latence, vitesse, aujourdhui, pannes, jetons."""
        self.payer.configure(config)

    def requests(self) -> list[dict[str, Any]]:
        return self.store.requests()

    def calls(self, path: str | None = None) -> list[dict[str, Any]]:
        return self.store.calls(path)


def run_sandbox(
    home_or_db_path: Path, host: str = "127.0.0.1", port: int = 8600, speed: float | None = None,
    seed: int = 0, clients: Path | None = None,
) -> None:  # fmt: skip
    """Serves until Ctrl-C or SIGTERM. `clients`: a list that replaces the one kept from before."""
    payer = _payer(home_or_db_path, speed, seed, clients, None)
    listening = _listen(host, port)
    try:
        uvicorn.Server(_uvicorn_config(payer)).run(sockets=[listening])
    finally:
        listening.close()
        payer.store.close()


def _payer(
    home_or_db_path: Path, speed: float | None, seed: int, clients: Path | dict[str, Any] | None,
    credentials: dict[str, str] | None,
) -> Payer:  # fmt: skip
    path = Path(home_or_db_path)
    store = PayerStore(path if path.suffix == ".db" else Home(path).sandbox, speed, seed)
    if clients is not None:
        store.replace_clients(load_clients(clients))
    return Payer(store, credentials)


def _uvicorn_config(payer: Payer) -> uvicorn.Config:
    return uvicorn.Config(
        payer.app, http=payer.protocol(), log_level="error", access_log=False, lifespan="off",
        timeout_graceful_shutdown=1,
    )  # fmt: skip


def _listen(host: str, port: int) -> socket.socket:
    """Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening


async def _object(request: Request) -> dict[str, Any]:
    try:
        content = await request.json()
    except ValueError:
        raise ValueError("Un objet JSON est attendu.") from None
    if not isinstance(content, dict):
        raise ValueError("Un objet JSON est attendu.")
    return content


def _positive(config: dict[str, Any], name: str) -> float | None:
    value = config.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ValueError(f"« {name} » est un nombre positif.")
    return float(value)
