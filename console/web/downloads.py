"""Files out of the console, each through a route that checks session and role (spec 90, "Access").

Streamlit's own download button is not used: its addresses open without a session.
"""

from __future__ import annotations

import re
from urllib.parse import quote

import duckdb
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from console.auth import User
from console.exports.tables import ExportRefused
from console.web import files, state
from console.widgets import query

READERS = ("analyste", "comptable", "lecture", "admin")
EXPORTERS = ("analyste", "comptable", "admin")


def user_of(request: Request) -> User:
    """The user that the guard let in."""
    return request.scope["state"]["user"]


def refused(sentence: str, status: int) -> Response:
    return PlainTextResponse(sentence, status_code=status)


def attachment(name: str, inline: bool = False) -> dict[str, str]:
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    kind = "inline" if inline else "attachment"
    return {"Content-Disposition": f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"}


def export(request: Request) -> Response:
    """GET ?donnees=<dataset>&format=csv|xlsx|parquet|json&filtres=<JSON>&tri=<column>: the filtered rows."""
    if user_of(request).role not in EXPORTERS:
        return refused("Votre profil ne permet pas d'exporter.", 403)
    asked, warehouse = request.query_params, state.warehouse()
    format = asked.get("format", "csv")
    if format not in files.MEDIA:
        return refused("Ce format n'existe pas : csv, xlsx, parquet ou json.", 400)
    if warehouse.run_id is None:
        return refused("Aucune donnée n'a encore été calculée.", 404)
    dataset = next((one for one in warehouse.datasets() if one.name == asked.get("donnees")), None)
    if dataset is None:
        return refused("Ces données n'existent pas.", 404)
    names = [column.name for column in dataset.columns]
    try:
        where = query.where(query.from_json(asked.get("filtres", ""), names))
        order = query.checked_order(asked.get("tri", ""), names)
        sql = f"select * from {query.relation('marts.' + dataset.name)}{where.text}{order}"
        path = files.write(warehouse, sql, where.params, format, dataset.name)
    except (query.BadQuery, ExportRefused) as error:
        return refused(str(error), 400)
    except duckdb.ConversionException:
        return refused("Une valeur de ces filtres ne convient pas à sa colonne.", 400)
    name = f"{dataset.name}-{state.settings().today():%Y-%m-%d}.{format}"
    return FileResponse(
        path,
        media_type=files.MEDIA[format],
        headers=attachment(name),
        background=BackgroundTask(files.remove, path),
    )


def document(request: Request) -> Response:
    """GET /…/<sha256>: a stored document (PDF of an invoice, print batch), checked against its hash."""
    from console.documents import store

    if user_of(request).role not in READERS:
        return refused("Votre profil ne permet pas d'ouvrir ce document.", 403)
    sha256 = request.path_params["sha256"]
    try:
        content = store.get(state.settings().paths, sha256)
    except store.DocumentError as error:
        return refused(str(error), 404)
    pdf = content.startswith(b"%PDF-")
    name = f"document-{sha256[:12]}.{'pdf' if pdf else 'bin'}"
    media = "application/pdf" if pdf else "application/octet-stream"
    return Response(content, media_type=media, headers=attachment(name, inline=pdf))


def rejects(request: Request) -> Response:
    """GET /…/<batch>: the rejected rows of a file, to correct and load again (from the published data)."""
    if user_of(request).role not in READERS:
        return refused("Votre profil ne permet pas d'ouvrir ces lignes.", 403)
    warehouse = state.warehouse()
    if warehouse.run_id is None:
        return refused("Les rejets seront disponibles après la mise à jour des écrans.", 404)
    text = files.rejects_csv(warehouse, request.path_params["batch"])
    if text is None:
        return refused("Aucune ligne rejetée pour ce fichier, ou les écrans ne sont pas encore à jour.", 404)
    name = f"rejets-{request.path_params['batch']}.csv"
    return Response(text.encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=attachment(name))


def template(request: Request) -> Response:
    """GET /…/<source>: an empty file with the expected columns and an example."""
    from loaders.api import template_csv
    from loaders.contracts import SOURCES

    if user_of(request).role not in READERS:
        return refused("Votre profil ne permet pas d'ouvrir ce modèle.", 403)
    source = request.path_params["source"]
    if source not in SOURCES:
        return refused("Ce contenu n'existe pas.", 404)
    content = template_csv(source).encode("utf-8-sig")
    return Response(content, media_type="text/csv; charset=utf-8", headers=attachment(f"{source}.csv"))


def routes() -> list[Route]:
    return [
        Route("/telechargement/export", export, methods=["GET"]),
        Route("/telechargement/document/{sha256}", document, methods=["GET"]),
        Route("/telechargement/rejets/{batch:int}", rejects, methods=["GET"]),
        Route("/telechargement/modele/{source}", template, methods=["GET"]),
    ]
