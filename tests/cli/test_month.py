"""The road of a script: load, run, decide, export; what was just decided is in the next export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.paths import DEMO_DATA

AS_OF = {"GUICHET_AS_OF": "2026-11-02T08:00"}


@pytest.mark.slow
def test_a_script_reads_its_own_writes(cli, tmp_path: Path) -> None:
    assert cli("load", str(DEMO_DATA / "base"), str(DEMO_DATA / "2026-10"), env=AS_OF).code == 0
    ran = cli("run", "--json", env=AS_OF, timeout=300)
    assert ran.code == 0 and ran.json()["published"], ran
    names = {dataset["name"] for dataset in cli("datasets", "--json", env=AS_OF).json()}
    assert {"draft_invoices", "invoices", "interventions"} <= names

    def exported(dataset: str, where: str) -> list[dict]:
        file = tmp_path / f"{dataset}.json"
        done = cli("export", dataset, "-o", str(file), "--where", where, env=AS_OF)
        assert done.code == 0, done
        return json.loads(file.read_text(encoding="utf-8"))

    waiting = exported("interventions", "billing_state = 'sans_validation' and period = '2026-10'")
    simulated = cli(
        "do", "interventions.validate", "--json", '{"period": "2026-10"}', "--simulate", env=AS_OF
    )
    assert simulated.code == 0 and len(simulated.json()["done"]) == len(waiting) > 0
    validated = cli(
        "do", "interventions.validate", "--json", '{"period": "2026-10"}', "--key", "k1", env=AS_OF
    )
    assert validated.code == 0 and validated.json()["seq"] == len(waiting)
    assert exported("interventions", "billing_state = 'sans_validation' and period = '2026-10'") == []

    again = cli("do", "interventions.validate", "--json", '{"period": "2026-10"}', "--key", "k1", env=AS_OF)
    assert again.json() == validated.json()
    other = cli("do", "interventions.validate", "--json", '{"period": "2026-11"}', "--key", "k1", env=AS_OF)
    assert other.code == 1 and "déjà servi" in other.err

    created = cli("do", "invoices.create", "--json", '{"period": "2026-10"}', env=AS_OF)
    assert created.code == 0
    assert len(exported("invoices", "status = 'brouillon'")) == len(created.json()["done"]) > 0
    assert cli("verify", env=AS_OF).code == 0
    refused = cli("user", "add", "lu", "--role", "lecture")
    assert refused.code == 0
    denied = cli("do", "invoices.create", "--json", '{"period": "2026-10"}', "--as", "lu", env=AS_OF)
    assert denied.code == 1 and "Votre profil ne permet pas" in denied.err
