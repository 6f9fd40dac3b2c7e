"""The dbt project as a whole: every dataset has an enforced contract without approximate types, and the unit tests
of the models pass (the 14 worked examples of spec 40 among them, by number)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from console.paths import DBT_PROJECT
from tests.dbt.agency import Agency

WORKED_EXAMPLES = {  # spec 40: total, payer, client
    "01": ("432.00", "345.60", "86.40"), "02": ("468.00", "345.60", "122.40"), "03": ("558.00", "384.00", "174.00"),
    "04": ("598.00", "384.00", "214.00"), "05": ("514.00", "307.20", "206.80"), "06": ("504.00", "415.20", "88.80"),
    "07": ("480.00", "384.00", "96.00"), "08": ("492.00", "399.60", "92.40"), "09": ("509.00", "361.20", "147.80"),
    "10": ("546.00", "399.60", "146.40"), "11": ("384.00", "319.20", "64.80"),
    "12_alsace": ("90.00", "81.00", "9.00"), "12_elsewhere": ("72.00", "57.60", "14.40"),
    "13": ("548.00", "230.40", "317.60"), "14": ("468.00", "0.00", "468.00"),
}  # fmt: skip


def yaml_files() -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text()) or {} for path in (DBT_PROJECT / "models").rglob("*.yml")]


def datasets() -> dict[str, dict[str, Any]]:
    """The models that are datasets (marts), by name, with their properties."""
    properties = {model["name"]: model for file in yaml_files() for model in file.get("models", [])}
    names = [path.stem for path in (DBT_PROJECT / "models").rglob("*.sql")]
    return {name: properties.get(name, {}) for name in names if not name.startswith(("stg_", "int_"))}


@pytest.mark.parametrize("name", sorted(datasets()))
def test_a_dataset_has_an_enforced_contract_a_key_and_no_approximate_number(name: str) -> None:
    properties = datasets()[name]
    assert properties["config"]["contract"]["enforced"] is True
    assert any(c["type"] == "primary_key" for c in properties["constraints"])
    assert properties["description"].startswith("Une ligne par ")
    types = [column["data_type"] for column in properties["columns"]]
    assert types and not any(re.match(r"double|float|real", kind) for kind in types)


@pytest.mark.parametrize("number", sorted(WORKED_EXAMPLES))
def test_the_unit_test_of_a_worked_example_sums_to_the_table_of_the_specification(number: str) -> None:
    tests = [test for file in yaml_files() for test in file.get("unit_tests", [])]
    found = [
        t for t in tests if t["name"].startswith(f"example_{number}_") and t["name"].endswith("_amounts")
    ]
    assert len(found) == 1
    rows = found[0]["expect"]["rows"]
    sums = tuple(str(sum(Decimal(row[k]) for row in rows)) for k in ("amount", "payer_share", "client_share"))
    assert sums == WORKED_EXAMPLES[number]


def test_the_unit_tests_of_the_models_pass(tmp_path: Path) -> None:
    agency = Agency(tmp_path / "home")
    agency.run()  # unit tests need the parents to exist
    home = agency.settings.paths
    database = tmp_path / "warehouse.duckdb"
    shutil.copyfile(home.runs / str(agency.warehouse.run_id) / "warehouse.duckdb", database)
    agency.close()
    done = subprocess.run(
        [
            sys.executable, "-c", "from dbt.cli.main import cli; cli()", "test", "--select", "test_type:unit",
            "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT),
            "--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "logs"),
        ],
        env={**os.environ, "GUICHET_RUN_DB": str(database), "GUICHET_LANDING": str(home.landing)},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    passed = int(re.search(r"PASS=(\d+)", done.stdout).group(1))  # type: ignore[union-attr]
    assert passed >= 2 * len(WORKED_EXAMPLES)
