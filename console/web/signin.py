"""The sign-in page: a plain form of our own, so that nobody without a session reaches Streamlit at all.

The form carries a random token that must equal the one in a cookie of ours (SameSite=Strict), and a page of
another origin is refused. Signing out is asked of `/deconnexion`, and of `/auth/logout`, where Streamlit's
`st.logout()` sends the browser.
"""

from __future__ import annotations

import secrets
from functools import cache
from urllib.parse import urlsplit

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from console import auth
from console.web import state
from console.web.guard import SESSION_COOKIE, session_token

FORM_COOKIE = "guichet_connexion"
MAX_FORM_BYTES = 4096

PAGE = """<!DOCTYPE html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }} · Guichet</title>
<style>
 body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #F4F6F5;
        color: #1B2B2B;
        font: 15px/1.5 "Source Sans 3", "Source Sans Pro", system-ui, sans-serif; }
 main { width: min(22rem, calc(100vw - 3rem)); background: #fff; padding: 2rem;
        border: 1px solid #DDE3E1; border-radius: 6px; }
 h1 { font-size: 22px; font-weight: 650; margin: 0 0 .25rem; }
 p { margin: 0 0 1.25rem; color: #667372; }
 .error { color: #B3261E; background: #FBECEB; border-radius: 6px; padding: .5rem .75rem; }
 label { display: block; margin: 0 0 .25rem; }
 input { box-sizing: border-box; width: 100%; font: inherit; color: inherit; padding: .5rem .65rem;
         margin: 0 0 1rem; border: 1px solid #DDE3E1; border-radius: 6px; background: #F4F6F5; }
 input:focus, button:focus-visible { outline: 2px solid #0B5D5E; outline-offset: 1px; }
 button { width: 100%; font: inherit; font-weight: 600; color: #fff; background: #0B5D5E; border: 0;
          border-radius: 6px; padding: .6rem; cursor: pointer; }
</style>
</head>
<body><main>
<h1>Guichet</h1>
<p>{% if leaving %}Voulez-vous vous déconnecter ?{% else %}Connectez-vous pour continuer.{% endif %}</p>
{% if error %}<p class="error" role="alert">{{ error }}</p>{% endif %}
<form method="post" action="{{ action }}">
<input type="hidden" name="jeton" value="{{ token }}">
{% if leaving %}
<button type="submit" autofocus>Se déconnecter</button>
{% else %}
<input type="hidden" name="suite" value="{{ target }}">
<label for="identifiant">Identifiant</label>
<input id="identifiant" name="identifiant" value="{{ username }}" autocomplete="username" required
 {% if not username %}autofocus{% endif %}>
<label for="mot_de_passe">Mot de passe</label>
<input id="mot_de_passe" name="mot_de_passe" type="password" autocomplete="current-password" required
 {% if username %}autofocus{% endif %}>
<button type="submit">Se connecter</button>
{% endif %}
</form>
</main></body></html>
"""


@cache
def _template() -> jinja2.Template:
    return jinja2.Environment(autoescape=True).from_string(PAGE)


def safe_target(target: str) -> str:
    """Only a path of this console: never another site (`//host`, `/\\host`, a scheme)."""
    if not target.startswith("/") or target.startswith(("//", "/\\")) or any(ord(c) < 32 for c in target):
        return "/"
    return target


def _page(request: Request, *, status: int = 200, leaving: bool = False, **values: str) -> Response:
    token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
    html = _template().render(
        title="Déconnexion" if leaving else "Connexion",
        action=request.url.path,
        token=token,
        leaving=leaving,
        **{"error": "", "username": "", "target": "/", **values},
    )
    response = HTMLResponse(html, status_code=status)
    response.set_cookie(
        FORM_COOKIE,
        token,
        httponly=True,
        samesite="strict",
        secure=state.settings().cookie_secure,
        max_age=3600,
    )
    return response


def _same_origin(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _genuine(request: Request, given: str) -> bool:
    expected = request.cookies.get(FORM_COOKIE, "")
    return bool(expected) and secrets.compare_digest(expected, given) and _same_origin(request)


async def _fields(request: Request) -> dict[str, str] | None:
    """The fields of the posted form; None when it is not one (wrong type, or far too long)."""
    if int(request.headers.get("content-length") or MAX_FORM_BYTES + 1) > MAX_FORM_BYTES:
        return None
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return None
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _check(username: str, password: str, origin: str) -> tuple[str | None, str]:
    """(session token, error). Blocking: argon2 and the database."""
    journal = state.journal()
    engine = journal.engine
    attempt, wait = auth.begin_attempt(engine, username, origin)
    if wait:
        minutes = max(1, round(wait / 60))
        return None, f"Trop d'essais. Réessayez dans {minutes} minute{'s' if minutes > 1 else ''}."
    if auth.check_password(journal.reader, username, password) is None:
        return None, "Identifiant ou mot de passe incorrect."
    auth.attempt_succeeded(engine, attempt)
    return auth.open_session(engine, username, state.settings().session_hours), ""


async def sign_in(request: Request) -> Response:
    """GET: the form. POST: checks it, sets the session cookie, leads to the page that was asked for."""
    if request.method != "POST":
        return _page(request, target=safe_target(request.query_params.get("suite", "/")))
    fields = await _fields(request)
    if fields is None:
        return _page(request, status=400, error="Le formulaire est incomplet. Recommencez.")
    username, target = fields.get("identifiant", "").strip(), safe_target(fields.get("suite", "/"))
    if not _genuine(request, fields.get("jeton", "")):
        error = "La page avait expiré. Recommencez."
        return _page(request, status=403, error=error, username=username, target=target)
    origin = request.client.host if request.client else "inconnue"
    token, error = await run_in_threadpool(_check, username, fields.get("mot_de_passe", ""), origin)
    if token is None:
        return _page(request, status=403, error=error, username=username, target=target)
    settings = state.settings()
    response = RedirectResponse(target, status_code=303)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        httponly=True,
        samesite="lax",
        secure=settings.cookie_secure,
        max_age=round(settings.session_hours * 3600),
    )
    response.delete_cookie(FORM_COOKIE)
    return response


async def sign_out(request: Request) -> Response:
    """Ends the session. A link followed from elsewhere only gets the question (nobody signs others out)."""
    asked_here = request.headers.get("sec-fetch-site") == "same-origin"
    if request.method == "POST":
        fields = await _fields(request) or {}
        if not _genuine(request, fields.get("jeton", "")):
            return _page(request, status=403, leaving=True, error="La page avait expiré. Recommencez.")
    elif not asked_here:
        return _page(request, leaving=True)
    if token := session_token(request.headers):
        await run_in_threadpool(auth.revoke, state.journal().engine, token)
    response = RedirectResponse("/connexion", status_code=303)
    response.delete_cookie(SESSION_COOKIE)
    return response
