"""The sandbox as others meet it: over HTTP, with its clock, its bad days and its memory."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from console.paths import DEMO_DATA
from console.sandbox.clients import load_clients
from console.sandbox.server import SandboxServer
from tests.gateways.support import REQUEST_PATH, SEARCH_PATH, body


def token(payer: SandboxServer, **form: str) -> httpx.Response:
    fields = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b", **form}
    return httpx.post(f"{payer.url}/api/oauth/v1/token", data=fields, trust_env=False)


def client(payer: SandboxServer) -> httpx.Client:
    bearer = token(payer).json()["access_token"]
    return httpx.Client(base_url=payer.url, headers={"Authorization": f"Bearer {bearer}"}, trust_env=False)


def test_without_a_token_nothing_is_said(tmp_path: Path) -> None:
    with SandboxServer(tmp_path, credentials={"agence": "clef"}) as payer:
        assert httpx.post(payer.url + REQUEST_PATH, content="[]", trust_env=False).status_code == 401
        assert token(payer).status_code == 401
        assert token(payer, client_id="agence", client_secret="clef").json()["token_type"] == "Bearer"
        basic = httpx.post(
            f"{payer.url}/api/oauth/v1/token", data={"grant_type": "client_credentials"},
            auth=("agence", "clef"), trust_env=False,
        )  # fmt: skip
        assert basic.status_code == 200
        assert "clef" not in str(payer.calls()) and basic.json()["access_token"] not in str(payer.calls())


@pytest.mark.parametrize("content", ["", "{}", "[]", "[1]", "null", "[" * 100_000])
def test_what_is_no_list_of_requests_is_a_400(tmp_path: Path, content: str) -> None:
    with SandboxServer(tmp_path) as payer, client(payer) as http:
        answer = http.post(REQUEST_PATH, content=content)
        assert answer.status_code == 400 and answer.json()[0]["code"] == "ERREUR_VALIDATION"


def test_a_search_needs_a_criterion_and_at_most_ten(tmp_path: Path) -> None:
    with SandboxServer(tmp_path) as payer, client(payer) as http:
        assert http.post(SEARCH_PATH, content="{}").json()[0]["code"] == "ERR_CRITERE_RECHERCHE_VIDE"
        eleven = json.dumps({"numFactureTiers": [str(n) for n in range(11)]})
        assert http.post(SEARCH_PATH, content=eleven).status_code == 400
        found = http.post(SEARCH_PATH, content='{"numFactureTiers": ["F9"]}')
        assert found.status_code == 200 and found.json()["errors"][0]["code"] == "ERR_RECHERCHE_VIDE"


def test_it_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    with SandboxServer(tmp_path) as payer, client(payer) as http:
        http.post(REQUEST_PATH, content=f"[{body('F1')}]")
        payer.store.advance(30)
        before = payer.requests()
    with SandboxServer(tmp_path) as payer:
        assert payer.requests() == before
        assert payer.requests()[0]["statut"] == "20"
        with client(payer) as http:
            again = http.post(REQUEST_PATH, content=f"[{body('F1')}]").json()
            assert again[0]["errors"][0]["code"] == "ERR_FACTURE_DOUBLON"


def test_the_same_seed_gives_the_same_identifiers(tmp_path: Path) -> None:
    seen = []
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        with SandboxServer(tmp_path / folder, seed=seed) as payer, client(payer) as http:
            seen.append(http.post(REQUEST_PATH, content=f"[{body('F1')}]").json()[0]["idDemandePaiement"])
    assert seen[0] == seen[1] != seen[2]


def test_a_faster_clock_shortens_the_waiting_and_not_the_calendar(tmp_path: Path) -> None:
    with SandboxServer(tmp_path, speed=3_600_000) as payer, client(payer) as http:
        http.post(REQUEST_PATH, content=f"[{body('F1')}]")
        for _ in range(200):
            info = http.post(SEARCH_PATH, content='{"numFactureTiers": ["F1"]}').json()[
                "infoDemandePaiements"
            ][0]
            if info["statut"]["code"] == "70":
                break
        assert info["infoVirement"] == {
            "mntVirement": 54.80, "dateVirement": f"{payer.store.today().isoformat()}T00:00:00Z",
        }  # fmt: skip


def test_a_refusal_by_the_client_says_why(tmp_path: Path) -> None:
    clients = {"clients": [{"idClient": "11000000000001", "comportement": "refuse:CONTEST_FACT_REGLEE"}]}
    with SandboxServer(tmp_path, clients=clients) as payer, client(payer) as http:
        http.post(REQUEST_PATH, content=f"[{body('F1')}]")
        payer.store.advance(6)
        info = http.post(SEARCH_PATH, content='{"numFactureTiers": ["F1"]}').json()["infoDemandePaiements"][0]
        assert (info["statut"]["code"], info["infoRejet"]["code"]) == ("40", "CONTEST_FACT_REGLEE")


def test_the_administration(tmp_path: Path) -> None:
    with SandboxServer(tmp_path) as payer, client(payer) as http:
        config = {"latence": 0.01, "vitesse": 60, "aujourdhui": "2026-10-05",
                  "pannes": [{"sur": "demande", "type": "503", "fois": 1}]}  # fmt: skip
        shown = http.post("/admin/config", json=config).json()
        assert (shown["vitesse"], shown["aujourdhui"], shown["pannes"]) == (
            60,
            "2026-10-05",
            config["pannes"],
        )
        refused: list[object] = [{"pannes": [{"type": "feu"}]}, {"pannes": [{"sur": "toit", "type": "500"}]},
                      {"latence": -1}, {"vitesse": "vite"}, {"aujourdhui": "demain"}, []]  # fmt: skip
        for wrong in refused:
            assert http.post("/admin/config", json=wrong).status_code == 400
        assert http.post(REQUEST_PATH, content=f"[{body('F1')}]").status_code == 503
        late = http.post(REQUEST_PATH, content=f"[{body('F1')}]").json()
        assert late[0]["errors"][0]["code"] == "ERR_DATE_FUTUR", "its day was moved before the invoice's"
        http.post("/admin/config", json={"aujourdhui": None})
        http.post(REQUEST_PATH, content=f"[{body('F1')}]")
        assert http.post("/admin/clients", json={"clients": [{"idClient": "1"}]}).json() == {"clients": 1}
        assert http.post("/admin/clients", json={"clients": 1}).status_code == 400
        assert http.post("/admin/avancer", json={"heures": 5}).json()["heures"] >= 5
        moved = {"numFactureTiers": "F1", "comportement": "slow"}
        assert http.post("/admin/comportement", json=moved).json() == {"trouvee": True}
        assert http.post("/admin/comportement", json={**moved, "numFactureTiers": "F9"}).status_code == 404
        assert [one["statut"] for one in http.get("/admin/demandes").json()] == ["10"]
        assert len(http.get("/admin/appels", params={"chemin": REQUEST_PATH}).json()) == 3
        assert http.get("/sante").json() == {"etat": "ok"}


def test_registration_and_the_state_of_a_client(tmp_path: Path) -> None:
    person = {
        "civilite": "2", "nomNaissance": "Durand", "prenoms": "Jeanne",
        "dateNaissance": "1950-03-29T00:00:00.000Z",
        "lieuNaissance": {"codePaysNaissance": "99100"}, "numeroTelephonePortable": "0605040302",
        "adresseMail": "jeanne@courriel.example", "adressePostale": {"codePostal": "67000"},
        "coordonneeBancaire": {"bic": "DEMOFRPPXXX"},
    }  # fmt: skip
    path = "/atp/v1/tiersPrestations/particulier"
    with SandboxServer(tmp_path) as payer, client(payer) as http:
        identifier = http.post(path, json=person).json()["idClient"]
        assert http.post(path, json=person).json()["idClient"] == identifier
        state = http.get(path, params={"idClient": identifier}).json()
        assert state["statut"] == {"code": "EN_COURS", "libelle": "Activation en cours"}
        del person["coordonneeBancaire"]
        assert http.post(path, json=person).status_code == 400
        assert http.get(path, params={"idClient": "x"}).json()[0]["code"] == "ERR_PARTICULIER_INCONNU"


def test_the_page_steers_and_escapes(tmp_path: Path) -> None:
    with SandboxServer(tmp_path) as payer, client(payer) as http:
        http.post(REQUEST_PATH, content=f"[{body('<script>alert(1)</script>')}]")
        page = http.get("/").text
        assert "<script>" not in page and "54,80 €" in page and "Intégrée" in page
        http.post("/page/avancer", data={"heures": "2,5"})
        assert payer.requests()[0]["statut"] == "20"
        http.post("/page/panne", data={"type": "500", "sur": "demande"})
        assert payer.payer.troubles.shown() == [{"sur": "demande", "type": "500", "fois": 1}]
        http.post("/page/reparer")
        assert payer.payer.troubles.shown() == []
        answer = http.post("/page/vitesse", data={"vitesse": "vite"})
        assert answer.status_code == 303 and "refus" in answer.headers["location"]


def test_a_list_of_clients_is_read_from_a_file(tmp_path: Path) -> None:
    source = tmp_path / "clients.json"
    source.write_text('{"clients": [{"idClient": "11000000000001", "dateNaissance": "1944-08-07"}]}')
    with SandboxServer(tmp_path / "payeur.db", clients=source) as payer, client(payer) as http:
        answers = http.post(REQUEST_PATH, content=f"[{body('F1')},{body('F2', client='2')}]").json()
        assert answers[0]["statut"] == "10"
        assert answers[1]["errors"][0]["code"] == "ERR_PARTICULIER_INCONNU"


def test_a_stopped_clock_stands_still(tmp_path: Path) -> None:
    with SandboxServer(tmp_path, speed=0) as payer, client(payer) as http:
        http.post(REQUEST_PATH, content=f"[{body('F1')}]")
        payer.store.advance(200)
        info = http.post(SEARCH_PATH, content='{"numFactureTiers": ["F1"]}').json()["infoDemandePaiements"][0]
        assert payer.store.hours() == 200 and info["statut"]["code"] == "70"


def test_the_clients_of_the_demo_are_readable() -> None:
    assert load_clients(DEMO_DATA / "sandbox_clients.json")
