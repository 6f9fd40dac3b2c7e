"""Nothing is served without a live session, and every answer carries the security headers (spec 90,
"Access").

A plain ASGI middleware in front of Streamlit's own routes: pages, websockets, uploads, media and downloads
all pass here. Only the health check and the sign-in page are open.
"""

from __future__ import annotations

import base64
import hashlib
import re
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console import auth
from console.web import state

SESSION_COOKIE = "guichet_session"
OPEN_PATHS = {"/sante", "/connexion"}
LEAVING = {"/deconnexion", "/auth/logout"}


def inline_script_hashes(html: str) -> list[str]:
    """CSP sources for the inline scripts of Streamlit's own page, so that no other inline script may run."""
    scripts = re.findall(r"<script>(.*?)</script>", html, flags=re.S)
    return [f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts]


def content_security_policy() -> str:
    import streamlit

    page = Path(streamlit.__file__).parent / "static" / "index.html"
    hashes = " ".join(inline_script_hashes(page.read_text(encoding="utf-8")))
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {hashes}".strip(),
            "style-src 'self' 'unsafe-inline'",  # Streamlit's styles are written by its scripts
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def session_token(headers: Headers) -> str | None:
    cookie: SimpleCookie = SimpleCookie()
    try:
        cookie.load(headers.get("cookie", ""))
    except CookieError:
        return None
    morsel = cookie.get(SESSION_COOKIE)
    return morsel.value if morsel else None


def _page_before(headers: Headers) -> str:
    """The path of this console that the browser comes from, else the front page."""
    came = urlsplit(headers.get("referer", ""))
    if came.netloc != headers.get("host") or came.path in OPEN_PATHS | LEAVING:
        return "/"
    return (came.path or "/") + (f"?{came.query}" if came.query else "")


def request_user(headers: Headers) -> auth.User | None:
    """The signed-in user of a request (one read of the journal database); blocking."""
    return auth.session_user(state.journal().reader, session_token(headers))


class Guard:
    def __init__(self, app: ASGIApp):
        self.app = app
        self.policy = content_security_policy()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        if scope["type"] == "http":
            send = self._with_headers(scope, send)
        if scope["type"] == "http" and scope["path"] in OPEN_PATHS:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        user = await run_in_threadpool(request_user, headers)
        if user is not None:
            scope.setdefault("state", {})["user"] = user
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()  # websocket.connect
            await send({"type": "websocket.close", "code": 1008, "reason": "session"})
        else:
            await self._refusal(scope, headers)(scope, receive, send)

    @staticmethod
    def _refusal(scope: Scope, headers: Headers) -> Response:
        """A page asked for by a person leads to the sign-in form and back; anything else is refused."""
        if scope["method"] in ("GET", "HEAD") and "text/html" in headers.get("accept", ""):
            target = scope["path"]
            if target in LEAVING:  # the session ended by itself: back to the page it was on
                target = _page_before(headers)
            elif scope.get("query_string"):
                target += "?" + scope["query_string"].decode("latin-1")
            suffix = "" if target == "/" else "?suite=" + quote(target, safe="")
            return RedirectResponse("/connexion" + suffix, status_code=303)
        return PlainTextResponse("Connexion requise.", status_code=401)

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", self.policy)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["X-Frame-Options"] = "DENY"
                headers["Referrer-Policy"] = "same-origin"
                headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                if not scope["path"].startswith("/static/"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        return wrapped
