"""The command as people and scripts meet it: exit codes, one French sentence, stable JSON."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import pytest

CLIENTS = """client_id;last_name;payment_method;invoice_delivery
C1;Durand;virement;mail
C2;Petit;cheque;pigeon
"""


def test_help_is_quick_and_french(cli) -> None:
    started = time.perf_counter()
    result = cli("--help")
    seconds = time.perf_counter() - started
    assert result.code == 0 and result.err == ""
    assert "Commandes" in result.out and "Affiche cette aide." in result.out
    names = "init load run serve worker sandbox do actions export datasets verify backup restore demo user"
    for name in [*names.split(), "sources", "rejects", "profiles"]:
        assert f" {name} " in result.out
    assert seconds < 3  # 0.2 s on a quiet machine; nothing heavy is imported, see the next test


def test_help_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    code = (
        "import sys, console.cli\n"
        "heavy = {'duckdb', 'pandas', 'pyarrow', 'streamlit', 'dbt', 'sqlalchemy', 'pydantic', 'pandera'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["bidule"], 2, "Commande inconnue : bidule."),
        (["run", "--nope"], 2, "Option inconnue : --nope."),
        (["load"], 2, "Il manque l'argument CHEMIN"),
        (["export", "invoices"], 2, "Il manque l'option -o."),
        (["run", "--as-of", "hier"], 2, "Date refusée : « hier »"),
        (["load", "nulle-part.csv"], 2, "Introuvable : nulle-part.csv."),
        (["do", "x", "--json", "{"], 2, "Le JSON n'est pas lisible"),
        (["do", "x", "--json", "[]"], 2, "--json attend un objet"),
        (["do", "x", "--json", "@absent.json"], 2, "Fichier illisible : absent.json"),
        (["do", "x", "--no-refresh"], 1, "Action inconnue : x."),
        (["do", "invoices.create", "--no-refresh", "--as", "personne"], 1, "Aucun compte actif « personne »"),
        (["datasets"], 1, "Aucune exécution publiée : lancez « guichet run »."),
        (["sources", "inconnue"], 2, "Source inconnue : inconnue."),
        (["rejects", "7"], 1, "Aucune ligne rejetée dans le chargement n° 7."),
        (["export", "invoices", "-o", "x.doc"], 2, "Format inconnu : « doc »."),
        (["user", "password", "personne"], 1, "Aucun compte « personne »."),
    ],
)
def test_what_is_refused(cli, arguments: list[str], code: int, sentence: str) -> None:
    result = cli(*arguments)
    assert result.code == code, result
    assert sentence in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert "Traceback" not in result.err and result.out == ""


def test_a_bad_setting_is_one_sentence(cli, home: Path) -> None:
    home.mkdir()
    (home / "guichet.toml").write_text('runs_kept = "peu"\n', encoding="utf-8")
    result = cli("run")
    assert result.code == 2
    assert result.err.startswith("Réglage refusé : runs_kept")


def test_the_unexpected_goes_to_the_log(cli, home: Path) -> None:
    """A landing that is no database: one sentence, the traceback in logs/guichet.log."""
    home.mkdir()
    (home / "landing.duckdb").write_bytes(b"not a database, and long enough to be looked at" * 100)
    result = cli("rejects", "1")
    assert result.code == 1
    assert result.err.startswith("Erreur inattendue (")
    assert "Traceback" not in result.err
    assert "Traceback" in (home / "logs" / "guichet.log").read_text(encoding="utf-8")


def test_init_then_users(cli, home: Path) -> None:
    result = cli("init")
    assert result.code == 0 and "Compte « admin », mot de passe" in result.out
    again = cli("init")
    assert again.code == 0 and "mot de passe" not in again.out
    added = cli("user", "add", "lea", "--role", "comptable", "--name", "Léa Martin")
    assert added.code == 0 and "Mot de passe :" in added.out
    assert cli("user", "add", "lea").code == 1
    users = {user["username"]: user for user in cli("user", "list", "--json").json()}
    assert users["lea"] == {"username": "lea", "name": "Léa Martin", "role": "comptable", "active": True}
    assert set(users) == {"admin", "lea"}


def test_load_reject_correct_reload(cli, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "clients.csv"
    file.write_text(CLIENTS, encoding="utf-8")
    dry = cli("load", str(file), "--dry-run", "--json")
    assert dry.code == 1 and dry.json()[0]["rows_rejected"] == 1
    assert not any((home / "archive").iterdir())

    first = cli("load", str(file), "--json")
    assert first.code == 1 and "1 ligne(s) rejetée(s)" in first.err
    (report,) = first.json()
    assert (report["source"], report["rows_new"], report["rows_rejected"]) == ("clients", 1, 1)
    assert [reject["row"] for reject in report["rejects"]] == [3]
    archived = list((home / "archive").rglob("*.csv"))
    assert [path.read_text(encoding="utf-8") for path in archived] == [CLIENTS]

    again = cli("load", str(file), "--json")
    assert again.json()[0]["status"] == "deja_charge"

    rejects = tmp_path / "clients_corriges.csv"
    assert cli("rejects", str(report["batch_id"]), "-o", str(rejects)).code == 0
    rows = list(csv.DictReader(io.StringIO(rejects.read_text(encoding="utf-8-sig")), delimiter=";"))
    assert [row["client_id"] for row in rows] == ["C2"]
    rejects.write_text(
        rejects.read_text(encoding="utf-8-sig").replace("pigeon", "courrier"), encoding="utf-8"
    )
    corrected = cli("load", str(rejects), "--source", "clients", "--json")
    assert corrected.code == 0, corrected
    assert corrected.json()[0]["rows_new"] == 1


def test_sources_and_templates(cli) -> None:
    names = [source["name"] for source in cli("sources", "--json").json()]
    assert {"clients", "interventions", "care_plans", "payments"} <= set(names)
    template = cli("sources", "clients", "--template")
    assert template.out.splitlines()[0].startswith("client_id;")
    described = cli("sources", "clients", "--json").json()
    assert next(c for c in described["columns"] if c["name"] == "last_name")["required"]
    assert "ogust-interventions" in {profile["name"] for profile in cli("profiles", "--json").json()}


def test_actions_have_schemas(cli) -> None:
    actions = {action["name"]: action for action in cli("actions", "--json").json()}
    assert {"interventions.validate", "invoices.create", "home_plus.request_payment"} <= set(actions)
    assert actions["invoices.create"]["parameters"]["type"] == "object"


def test_verify_of_an_empty_journal(cli) -> None:
    assert cli("init").code == 0
    result = cli("verify", "--json")
    assert result.code == 0
    assert all(check["ok"] for check in result.json())


def test_backup_then_restore(cli, home: Path, tmp_path: Path) -> None:
    cli("init")
    archive = tmp_path / "sauvegarde.tar.gz"
    assert cli("backup", str(archive)).code == 0
    assert cli("restore", str(archive)).code == 1  # the home is not empty
    other = {"GUICHET_HOME": str(tmp_path / "autre")}
    assert cli("restore", str(archive), env=other).code == 0
    assert {user["username"] for user in cli("user", "list", "--json", env=other).json()} == {"admin"}
