"""Every way into the console asks for a session, and every download for a role."""

import re

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from console import auth
from console.documents import store
from console.web import signin, state
from tests.console.conftest import PASSWORD, token_of

CLOSED = [
    "/",
    "/factures",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/script-health-check",
    "/_stcore/agent/openapi.json",
    "/media/abc.pdf",
    "/static/js/index.js",
    "/index.html",
    "/deconnexion",
    "/auth/logout",
    "/auth/login",
    "/telechargement/export?donnees=invoices&format=csv",
    "/telechargement/document/" + "0" * 64,
    "/telechargement/rejets/1",
    "/telechargement/modele/clients",
    "/inconnu",
]


def test_health_says_ok_and_nothing_else(browser: TestClient):
    answer = browser.get("/sante")
    assert answer.status_code == 200 and answer.json() == {"statut": "ok"}


@pytest.mark.parametrize("path", CLOSED)
def test_nothing_opens_without_a_session(browser: TestClient, path: str):
    assert browser.get(path).status_code == 401
    page = browser.get(path, headers={"accept": "text/html"})
    assert page.status_code == 303 and page.headers["location"].startswith("/connexion")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
def test_uploads_are_closed_too(browser: TestClient, method: str):
    assert browser.request(method, "/_stcore/upload_file/s/f").status_code == 401


def test_the_websocket_is_refused_without_a_session(browser: TestClient):
    with pytest.raises(WebSocketDisconnect) as refused, browser.websocket_connect("/_stcore/stream"):
        pass
    assert refused.value.code == 1008


@pytest.mark.parametrize("bad", ["", "x", "x" * 500, "guichet"])
def test_an_invented_cookie_opens_nothing(browser: TestClient, bad: str):
    browser.cookies.set("guichet_session", bad)
    assert browser.get("/factures").status_code == 401


def test_a_revoked_session_and_a_closed_account_open_nothing(app, console):
    client = TestClient(app, base_url="http://guichet.test", follow_redirects=False)
    engine, token = state.journal().engine, token_of("lecture")
    client.cookies.set("guichet_session", token)
    assert client.get("/telechargement/modele/clients").status_code == 200
    auth.revoke(engine, token)
    assert client.get("/telechargement/modele/clients").status_code == 401
    client.cookies.set("guichet_session", token_of("lecture"))
    auth.set_active(engine, "lecture", False)
    try:
        assert client.get("/telechargement/modele/clients").status_code == 401
    finally:
        auth.set_active(engine, "lecture", True)


def _form(browser: TestClient, path: str = "/connexion") -> str:
    return re.search(r'name="jeton" value="([^"]+)"', browser.get(path).text).group(1)


def _sign_in(browser: TestClient, jeton: str, password: str = PASSWORD, **more: str):
    fields = {"jeton": jeton, "identifiant": "analyste", "mot_de_passe": password, **more}
    return browser.post("/connexion", data=fields)


def test_signing_in_sets_a_cookie_that_scripts_cannot_read(browser: TestClient):
    answer = _sign_in(browser, _form(browser), suite="/factures?factures-page=2")
    assert answer.status_code == 303 and answer.headers["location"] == "/factures?factures-page=2"
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("guichet_session="))
    assert (
        "httponly" in cookie.lower()
        and "samesite=lax" in cookie.lower()
        and "max-age=43200" in cookie.lower()
    )
    assert browser.get("/telechargement/modele/clients").status_code == 200


def test_the_cookie_is_secure_where_the_setting_says_so(browser: TestClient, console, monkeypatch):
    monkeypatch.setattr(console, "cookie_secure", True)
    jeton = re.search(r'name="jeton" value="([^"]+)"', (page := browser.get("/connexion")).text).group(1)
    assert "secure" in page.headers["set-cookie"].lower()
    secure = TestClient(browser.app, base_url="https://guichet.test", follow_redirects=False)
    secure.cookies.set("guichet_connexion", jeton)
    answer = _sign_in(secure, jeton)
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_form_from_elsewhere_is_refused(browser: TestClient):
    jeton = _form(browser)
    assert _sign_in(browser, "autre").status_code == 403
    elsewhere = browser.post(
        "/connexion",
        data={"jeton": jeton, "identifiant": "analyste", "mot_de_passe": PASSWORD},
        headers={"origin": "https://ailleurs.example"},
    )
    assert elsewhere.status_code == 403 and "guichet_session" not in elsewhere.headers.get("set-cookie", "")
    browser.cookies.clear()
    assert _sign_in(browser, jeton).status_code == 403


def test_a_wrong_password_says_neither_which(browser: TestClient):
    answer = _sign_in(browser, _form(browser), password="faux")
    assert answer.status_code == 403 and "Identifiant ou mot de passe incorrect." in answer.text
    assert "guichet_session" not in answer.headers.get("set-cookie", "")


def test_after_five_wrong_ones_even_the_right_one_waits(app, console):
    client = TestClient(app, base_url="http://guichet.test", follow_redirects=False, client=("10.1.1.1", 1))
    jeton = _form(client)
    for _ in range(5):
        _sign_in(client, jeton, password="faux")
    assert "Trop d&#39;essais" in _sign_in(client, jeton).text


def test_a_form_far_too_long_is_refused(browser: TestClient):
    assert _sign_in(browser, _form(browser), password="x" * 10_000).status_code == 400


@pytest.mark.parametrize(
    "target", ["//ailleurs", "/\\ailleurs", "https://ailleurs", "javascript:x", "", "/a\nb"]
)
def test_signing_in_never_leads_elsewhere(target: str):
    assert signin.safe_target(target) == "/"


def test_a_name_with_markup_is_shown_as_text(browser: TestClient):
    fields = {"jeton": _form(browser), "identifiant": '"><script>x</script>', "mot_de_passe": "y"}
    assert "<script>x" not in browser.post("/connexion", data=fields).text


def test_signing_out_asks_first_when_the_link_comes_from_elsewhere(signed_in):
    client = signed_in("analyste")
    page = client.get("/deconnexion")
    assert page.status_code == 200 and "Voulez-vous vous déconnecter" in page.text
    assert client.get("/telechargement/modele/clients").status_code == 200
    left = client.get("/auth/logout", headers={"sec-fetch-site": "same-origin"})
    assert left.status_code == 303 and left.headers["location"] == "/connexion"


def test_a_session_that_ended_by_itself_leads_back_to_its_page(browser: TestClient):
    headers = {"accept": "text/html", "referer": "http://guichet.test/factures?factures-page=2"}
    answer = browser.get("/auth/logout", headers=headers)
    assert answer.headers["location"] == "/connexion?suite=%2Ffactures%3Ffactures-page%3D2"
    headers["referer"] = "https://ailleurs.example/factures"
    assert browser.get("/auth/logout", headers=headers).headers["location"] == "/connexion"


def test_signing_out_ends_the_session_itself(signed_in):
    client = signed_in("analyste")
    token = client.cookies["guichet_session"]
    client.get("/auth/logout", headers={"sec-fetch-site": "same-origin"})
    assert auth.session_user(state.journal().reader, token) is None


@pytest.mark.parametrize(
    ("role", "status"),
    [("analyste", 200), ("comptable", 200), ("admin", 200), ("lecture", 403), ("client", 403)],
)
def test_exports_are_for_those_who_export(signed_in, role: str, status: int):
    assert (
        signed_in(role).get("/telechargement/export?donnees=home_plus_errors&format=csv").status_code
        == status
    )


def test_an_export_holds_exactly_the_filtered_rows(signed_in):
    filters = '[[["fixable_by"], "in", ["retry"]], [["client_name", "reason"], "search", ["perrin"]]]'
    client = signed_in("comptable")
    answer = client.get(
        "/telechargement/export", params={"donnees": "home_plus_errors", "format": "json", "filtres": filters}
    )
    rows = answer.json()
    assert answer.status_code == 200 and rows
    assert {row["fixable_by"] for row in rows} == {"retry"}
    assert {row["client_name"] for row in rows} == {"Mme Odile Perrin"}
    assert "attachment" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    "params",
    [
        {"filtres": '[[["mot_de_passe"], "in", ["x"]]]'},
        {"filtres": '[[["amount"], "or 1=1", ["x"]]]'},
        {"filtres": '[[["amount\\" or 1=1 --"], "in", ["x"]]]'},
        {"filtres": "pas du json"},
        {"filtres": '[[["amount"], "in", [["x"]]]]'},
        {"filtres": '[[["since"], "ge", ["pas une date"]]]'},
        {"format": "exe"},
    ],
)
def test_a_tampered_export_is_refused_in_a_sentence(signed_in, params: dict[str, str]):
    asked = {"donnees": "home_plus_errors", "format": "csv", **params}
    answer = signed_in("admin").get("/telechargement/export", params=asked)
    assert answer.status_code == 400 and answer.text.endswith(".") and "Traceback" not in answer.text


@pytest.mark.parametrize("name", ["users", "sessions", "../journal", "", "marts.invoices"])
def test_only_published_datasets_are_exported(signed_in, name: str):
    assert signed_in("admin").get("/telechargement/export", params={"donnees": name}).status_code == 404


def test_a_document_is_given_by_its_hash_to_those_who_read(signed_in, console):
    sha256 = store.put(console.paths, b"%PDF-1.7 essai")
    answer = signed_in("lecture").get(f"/telechargement/document/{sha256}")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/pdf"
    assert signed_in("client").get(f"/telechargement/document/{sha256}").status_code == 403
    assert signed_in("admin").get("/telechargement/document/" + "0" * 64).status_code == 404
    assert signed_in("admin").get("/telechargement/document/..%2f..%2fjournal.db").status_code in (400, 404)


def test_rejects_come_back_in_the_loaders_own_format(signed_in):
    answer = signed_in("lecture").get("/telechargement/rejets/1")
    text = answer.content.decode("utf-8-sig")
    assert answer.status_code == 200 and text.splitlines()[0] == "id;debut;_rejet;_motifs"
    assert text.splitlines()[1].startswith("INT-9;31/02/2026;1:4;")
    assert signed_in("client").get("/telechargement/rejets/1").status_code == 403
    assert signed_in("lecture").get("/telechargement/rejets/99").status_code == 404


def test_templates_exist_for_every_source_and_no_other(signed_in):
    from loaders.contracts import SOURCES

    client = signed_in("lecture")
    assert all(client.get(f"/telechargement/modele/{name}").status_code == 200 for name in SOURCES)
    assert client.get("/telechargement/modele/inconnu").status_code == 404
    assert signed_in("client").get("/telechargement/modele/clients").status_code == 403


def test_every_answer_carries_the_security_headers(browser: TestClient):
    for path in ("/sante", "/connexion", "/factures"):
        headers = browser.get(path).headers
        assert headers["x-frame-options"] == "DENY" and headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        policy = headers["content-security-policy"]
        assert "script-src 'self' 'sha256-" in policy and "unsafe-eval" not in policy
        assert "frame-ancestors 'none'" in policy
