"""The payer's API over HTTP, as the public contract has it, with the bad days asked for. Spec 30."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from console.sandbox.clients import PayerClient
from console.sandbox.rules import check, error
from console.sandbox.store import PayerStore, to_json
from console.sandbox.trouble import AFTER, Troubles

BASE_PATH = "/atp/v1/tiersPrestations"
TOKEN_PATH = "/api/oauth/v1/token"
SCOPE = "homeplus.tiersprestations"
TOKEN_SECONDS = 3600
MAX_REQUESTS = 100
REGISTRATION = (
    "civilite", "nomNaissance", "prenoms", "dateNaissance", "lieuNaissance", "numeroTelephonePortable",
    "adresseMail", "adressePostale", "coordonneeBancaire",
)  # fmt: skip
MAX_CRITERIA = 10
Handler = Callable[[Request, str], Awaitable[tuple[int, str]]]


class PayerApi:
    """The endpoints. `credentials`: client id → secret; empty: any pair that is not empty is let in."""

    def __init__(
        self, store: PayerStore, troubles: Troubles, drop: Callable[[Request], None],
        credentials: dict[str, str] | None = None,
    ):  # fmt: skip
        self.store = store
        self.troubles = troubles
        self.credentials = credentials or {}
        self._drop = drop
        self._tokens: dict[str, float] = {}

    def routes(self) -> list[Route]:
        endpoints = (
            ("/demandePaiement", "demande", "POST", self._request),
            ("/demandePaiement/rechercher", "recherche", "POST", self._search),
            ("/particulier", "particulier", "GET", self._client),
            ("/particulier", "particulier", "POST", self._register),
        )
        routes = [
            Route(BASE_PATH + path, self._endpoint(name, handler), methods=[method])
            for path, name, method, handler in endpoints
        ]
        return [*routes, Route(TOKEN_PATH, self._token, methods=["POST"])]

    def forget_tokens(self) -> None:
        """Every token is refused from now on."""
        self._tokens.clear()

    def _endpoint(self, name: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                body = (await request.body()).decode("utf-8", errors="replace")
            except ClientDisconnect:  # it hung up before the end of its own request: nothing was asked
                return Response("", 400)
            trouble = self.troubles.next(name)
            if trouble == "coupure_avant":
                return self._dropped(request, body, 500, "")
            if trouble == "401" or not self._authorised(request):
                return self._answered(request, body, 401, "")
            if trouble is not None and trouble not in AFTER:
                return self._answered(request, body, *_refusal(trouble))
            status, text = _spoilt(trouble, *await handler(request, body))
            dropped = trouble == "coupure_apres"
            answer = self._dropped if dropped else self._answered
            response = answer(request, body, status, text)
            if self.troubles.latency:
                await asyncio.sleep(self.troubles.latency)
            return response

        return endpoint

    def _answered(self, request: Request, body: str, status: int, text: str) -> Response:
        self.store.log_call(request.method, request.url.path, body, status, text)
        return Response(text, status, media_type="application/json" if text else None)

    def _dropped(self, request: Request, body: str, status: int, text: str) -> Response:
        """The connection is cut; what is returned reaches nobody."""
        self.store.log_call(request.method, request.url.path, body, None, text)
        self._drop(request)
        return Response("", status)

    async def _token(self, request: Request) -> Response:
        trouble = self.troubles.next("jeton")
        if trouble == "coupure_avant":
            return self._dropped(request, "", 500, "")
        if trouble is not None and trouble not in AFTER:
            return self._answered(request, "", *_refusal(trouble))
        try:
            form = parse_qs((await request.body()).decode())
        except (ClientDisconnect, ValueError):
            return Response("", 400)
        identifier, secret = _credentials(request, form)
        known = (
            self.credentials.get(identifier) == secret if self.credentials else bool(identifier and secret)
        )
        if form.get("grant_type") != ["client_credentials"] or not known:
            return self._answered(request, "", 401, '{"error":"invalid_client"}')
        token = secrets.token_urlsafe(24)
        self._tokens[token] = time.monotonic() + TOKEN_SECONDS
        self.store.log_call("POST", TOKEN_PATH, "", 200, "")  # neither secrets nor tokens are kept
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": SCOPE}
        return Response(json.dumps(answer), media_type="application/json")

    def _authorised(self, request: Request) -> bool:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self._tokens.get(token, 0.0) > time.monotonic()

    async def _request(self, request: Request, body: str) -> tuple[int, str]:
        content = _read(body)
        if not isinstance(content, list) or not content or not all(isinstance(one, dict) for one in content):
            return 400, to_json([error("ERREUR_VALIDATION", "Une liste de demandes est attendue.")])
        if len(content) > MAX_REQUESTS:
            return 400, to_json([error("ERREUR_VALIDATION", f"Plus de {MAX_REQUESTS} demandes.")])
        return 200, to_json([self._take(one) for one in content])

    def _take(self, request: dict[str, Any]) -> dict[str, Any]:
        identifier = str(request.get("idClient") or "")
        client = self.store.client(identifier)
        answer: dict[str, Any] = {
            "idClient": identifier,
            "numFactureTiers": str(request.get("numFactureTiers") or ""),
        }
        errors = check(request, client, self.store.clients() > 0, self.store.today())
        if errors:
            return {**answer, "errors": errors}
        kept = self.store.take(request, to_json(request), client.behaviour if client else "accept")
        if kept is None:
            return {
                **answer,
                "errors": [error("ERR_FACTURE_DOUBLON", "Ce numéro de facture est déjà connu.")],
            }
        return {**answer, "idDemandePaiement": kept.request_id, "statut": "10"}

    async def _search(self, request: Request, body: str) -> tuple[int, str]:
        content = _read(body)
        if not isinstance(content, dict):
            return 400, to_json([error("ERREUR_VALIDATION", "Une recherche est attendue.")])
        numbers, ids = content.get("numFactureTiers") or [], content.get("idDemandePaiements") or []
        first, last = content.get("dateDebut"), content.get("dateFin")
        if not (numbers or ids or first or last):
            return 400, to_json([error("ERR_CRITERE_RECHERCHE_VIDE", "Aucun critère de recherche.")])
        if len(numbers) > MAX_CRITERIA or len(ids) > MAX_CRITERIA:
            return 400, to_json([error("ERREUR_VALIDATION", f"Plus de {MAX_CRITERIA} critères.")])
        found = self.store.find([str(n) for n in numbers], [str(i) for i in ids], first, last)
        infos = ",".join(self.store.info(one) for one in found)
        errors = "" if found else to_json([error("ERR_RECHERCHE_VIDE", "Aucune demande ne correspond.")])
        return 200, f'{{"infoDemandePaiements":[{infos}]' + (f',"errors":{errors}' if errors else "") + "}"

    async def _client(self, request: Request, body: str) -> tuple[int, str]:
        client = self.store.client(request.query_params.get("idClient", ""))
        if client is None:
            return 400, to_json(
                [error("ERR_PARTICULIER_INCONNU", "Aucun particulier ne porte cet identifiant.")]
            )
        label = {"OK": "Compte activé", "EN_COURS": "Activation en cours", "BLOQUE": "Compte bloqué",
                 "MANDAT_ECHU": "Mandat échu"}[client.status]  # fmt: skip
        activated = f"{client.activated_on}T00:00:00Z" if client.activated_on else None
        return 200, to_json({"idClient": client.id_client, "dateActivation": activated,
                             "statut": {"code": client.status, "libelle": label}})  # fmt: skip

    async def _register(self, request: Request, body: str) -> tuple[int, str]:
        content = _read(body)
        missing = [name for name in REGISTRATION if not isinstance(content, dict) or not content.get(name)]
        if missing:
            return 400, to_json(
                [error("ERREUR_VALIDATION", f"Le champ {name} est obligatoire.") for name in missing]
            )
        identity = "|".join(str(content[name]) for name in ("nomNaissance", "prenoms", "dateNaissance"))
        identifier = str(uuid.uuid5(uuid.NAMESPACE_OID, identity))
        entry = {"idClient": identifier, "dateNaissance": content["dateNaissance"], "statut": "EN_COURS"}
        if self.store.client(identifier) is None:
            self.store.put_client(PayerClient.read(entry))
        return 200, to_json({"idClient": identifier})


def _refusal(trouble: str) -> tuple[int, str]:
    if trouble == "400_vide":
        return 400, "[]"
    if trouble == "500":
        return 500, to_json([error("ERREUR_TECHNIQUE", "Incident technique.")])
    return int(trouble), ""


def _spoilt(trouble: str | None, status: int, text: str) -> tuple[int, str]:
    """The answer of a payer that did its work, and then told it badly."""
    if trouble == "500_apres":
        return 500, ""
    if trouble == "illisible":
        return status, "<html>Service momentanément indisponible</html>"
    content = _read(text)
    entries = content.get("infoDemandePaiements") if isinstance(content, dict) else content
    if not isinstance(entries, list) or trouble not in ("double", "statut_inconnu", "incomplet"):
        return status, text
    if trouble == "double":
        entries.extend(list(entries))
    elif trouble == "incomplet":
        entries[-1:] = []
    else:
        for entry in entries:
            unknown = {"code": "77", "libelle": "Suspendue pour étude"}
            entry["statut"] = unknown if isinstance(content, dict) else "77"
    return status, to_json(content)


def _read(body: str) -> Any:
    try:
        return json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None


def _credentials(request: Request, form: dict[str, list[str]]) -> tuple[str, str]:
    """Client id and secret, from the form or from HTTP Basic."""
    header = request.headers.get("authorization", "")
    if header.startswith("Basic "):
        try:
            identifier, _, secret = base64.b64decode(header[6:]).decode().partition(":")
        except ValueError:
            return "", ""
        return identifier, secret
    return (form.get("client_id") or [""])[0], (form.get("client_secret") or [""])[0]
