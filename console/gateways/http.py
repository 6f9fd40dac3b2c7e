"""One call to a payer's API, and what is known of its fate afterwards. Shared by the gateways.

The question after a failed call is whether the payer may have acted on it: a connection that was never made
is harmless, an answer that never came is not. `Exchange.fate` says which. Tokens and secrets stay in memory:
they are in no log, no exception and no stored body.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

TOKEN_MARGIN_SECONDS = 30.0
NAMED_STATUSES = {400, 401, 403, 404, 429, 500, 502, 503, 504}  # those of the catalogue of errors
LOOPBACK = {"localhost", "127.0.0.1", "::1"}

# answered: a status came with its whole body. not_sent: the payer cannot have seen it. unknown: it may have.
Fate = Literal["answered", "not_sent", "unknown"]


@dataclass(frozen=True)
class Exchange:
    """A request as it was sent and what came back, as text and without secrets.

    `error_code` is a code of `seeds/home_plus_errors.csv` (phase `technique`) when the call itself failed."""

    fate: Fate
    status: int | None
    request: str
    response: str
    error_code: str | None = None

    @property
    def repeatable(self) -> bool:
        """Whether the same call may succeed later without anybody doing anything."""
        if self.fate != "answered":
            return self.error_code != "CONFIGURATION"
        return self.status in (408, 425, 429) or (self.status or 0) >= 500

    def json(self) -> Any:
        """The body, numbers with a fraction as Decimal. ValueError when it is not JSON."""
        return json.loads(self.response, parse_float=Decimal)


class OAuthClient:
    """HTTP with a token got by OAuth2 client credentials, kept until shortly before it expires.

    A 401 gets a new token once. Not for use by several threads at once."""

    def __init__(
        self, base_url: str, token_url: str, client_id: str, client_secret: str, scope: str, timeout: float,
        transport: httpx.BaseTransport | None = None,
    ):  # fmt: skip
        self._token_url = token_url
        self._credentials = {"client_id": client_id, "client_secret": client_secret, "scope": scope}
        self._secret = client_secret
        self._token = ""
        self._expires = 0.0
        self._http = httpx.Client(
            base_url=base_url, timeout=timeout, transport=transport, follow_redirects=False,
            trust_env=(urlsplit(base_url).hostname or "") not in LOOPBACK,
        )  # fmt: skip

    def close(self) -> None:
        self._http.close()

    def call(
        self, method: str, path: str, body: str | None = None, params: dict[str, str] | None = None
    ) -> Exchange:
        """One call. `body` is JSON text, sent as it is."""
        shown = body if body is not None else json.dumps(params or {}, ensure_ascii=False)
        for fresh in (False, True):
            refused = self._authorise(fresh, shown)
            if refused is not None:
                return refused
            exchange = self._send(method, path, body, params, shown)
            if exchange.status != 401:
                return exchange
        return Exchange("answered", 401, shown, exchange.response, "HTTP_401")

    def _send(
        self, method: str, path: str, body: str | None, params: dict[str, str] | None, shown: str
    ) -> Exchange:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._http.request(
                method, path, params=params, headers=headers,
                content=body.encode() if body is not None else None,
            )  # fmt: skip
        except httpx.HTTPError as error:
            return _failed(error, shown)
        text = self._without_secrets(answer.text)
        return Exchange("answered", answer.status_code, shown, text, code_of_status(answer.status_code))

    def _authorise(self, fresh: bool, shown: str) -> Exchange | None:
        """Makes sure there is a token; otherwise the exchange that says why the call was not even sent."""
        if self._token and not fresh and time.monotonic() < self._expires:
            return None
        self._token = ""
        form = {"grant_type": "client_credentials", **self._credentials}
        try:
            answer = self._http.post(self._token_url, data=form)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            code = "TIMEOUT" if isinstance(error, httpx.TimeoutException) else "INJOIGNABLE"
            return Exchange("not_sent", None, shown, "", code)
        try:
            content = answer.json() if answer.status_code == 200 else {}
            self._token = str(content["access_token"])
            lifetime = float(content.get("expires_in", 300))
        except (ValueError, KeyError, TypeError):
            return _token_refused(answer.status_code, shown)
        self._expires = time.monotonic() + max(lifetime - TOKEN_MARGIN_SECONDS, 1.0)
        return None

    def _without_secrets(self, text: str) -> str:
        for secret in (self._secret, self._token):
            if secret:
                text = text.replace(secret, "***")
        return text


def code_of_status(status: int) -> str | None:
    """The catalogue's code of a status that is an error by itself; None for a success."""
    if 200 <= status < 300:
        return None
    if status in NAMED_STATUSES:
        return f"HTTP_{status}"
    return "HTTP_500" if status >= 500 else "REPONSE_INCOMPREHENSIBLE"


def _failed(error: httpx.HTTPError, shown: str) -> Exchange:
    """Only a connection that was never made is surely without effect."""
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
        return Exchange("not_sent", None, shown, "", "INJOIGNABLE")
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        return Exchange("not_sent", None, shown, "", "CONFIGURATION")
    code = "TIMEOUT" if isinstance(error, httpx.TimeoutException) else "REPONSE_INCOMPLETE"
    return Exchange("unknown", None, shown, "", code)


def _token_refused(status: int, shown: str) -> Exchange:
    """400, 401 and 403 are wrong credentials: only the agency can help. The answer itself is not kept."""
    if status in (400, 401, 403):
        return Exchange("answered", 401, shown, "", "HTTP_401")
    return Exchange("not_sent", None, shown, "", code_of_status(status) or "REPONSE_INCOMPREHENSIBLE")
