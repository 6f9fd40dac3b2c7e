"""The console as one ASGI app: Streamlit, our own routes, the guard in front, the worker beside (spec 90)."""

from __future__ import annotations

import contextlib
import logging
import tomllib
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from streamlit.web.bootstrap import load_config_options
from streamlit.web.server.starlette.starlette_server import UvicornRunner

from console import auth
from console.settings import Settings
from console.web import downloads, signin, state, worker_process
from console.web.guard import Guard

log = logging.getLogger(__name__)
HERE = Path(__file__).resolve().parent
CONFIG = HERE / "streamlit.toml"


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def streamlit_options(settings: Settings) -> dict[str, Any]:
    """Streamlit's options, as its command line would give them: they win over files found on the machine."""
    options = dict(_flat(tomllib.loads(CONFIG.read_text(encoding="utf-8"))))
    options["server.address"] = settings.host
    options["server.port"] = settings.port
    return options


async def health(request: Request) -> Response:
    return JSONResponse({"statut": "ok"})


def on_script_error(error: Exception) -> bool:
    """Never a traceback on screen: one sentence for the reader, the details in the log."""
    log.exception("Une page a échoué", exc_info=error)
    st.error(
        "Cette page n'a pas pu s'afficher. Rien n'a été modifié. Rechargez la page ; si cela se répète, "
        "consultez Exécutions ou prévenez votre administrateur.",
        title="Affichage interrompu",
    )
    return True


def build_app(settings: Settings, worker: bool = True) -> st.App:
    """The ASGI app. One per process: Streamlit's options and `web.state` are process-wide."""
    settings.paths.create()
    state.configure(settings)
    load_config_options(streamlit_options(settings))

    @contextlib.asynccontextmanager
    async def lifespan(app: st.App) -> AsyncIterator[None]:
        if worker:
            async with worker_process.running(settings):
                yield
        else:
            yield

    return st.App(
        HERE / "main.py",
        routes=[
            Route("/sante", health),
            Route("/connexion", signin.sign_in, methods=["GET", "POST"]),
            Route("/deconnexion", signin.sign_out, methods=["GET", "POST"]),
            Route("/auth/logout", signin.sign_out, methods=["GET", "POST"]),
            *downloads.routes(),
        ],
        middleware=[Middleware(Guard)],
        lifespan=lifespan,
        on_script_error=on_script_error,
    )


def first_sign_in(settings: Settings) -> str | None:
    """Creates `admin` on a home without accounts; the sentence to print once, else None."""
    state.configure(settings)
    password = auth.ensure_admin(state.journal().engine)
    if password is None:
        return None
    return f"Premier démarrage : identifiant « admin », mot de passe « {password} » (affiché une seule fois)."


def serve(settings: Settings, worker: bool = True) -> None:
    """Runs the console until it is stopped, on settings.host:port, with its worker unless told otherwise."""
    settings.paths.create()
    if sentence := first_sign_in(settings):
        print(sentence, flush=True)
    app = build_app(settings, worker=worker)
    print(f"Guichet : http://{settings.host}:{settings.port}", flush=True)
    UvicornRunner(app).run()
