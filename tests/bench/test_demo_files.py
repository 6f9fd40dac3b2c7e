"""The committed demo files are those of the generator, and load as they should."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from console.paths import DEMO_DATA
from console.sandbox.clients import load_clients


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo files, written again."""
    monkeypatch.syspath_prepend(str(DEMO_DATA))
    sys.modules.pop("make_demo", None)
    import make_demo  # type: ignore[import-not-found]

    make_demo.main(tmp_path)
    return tmp_path


def test_the_generator_writes_the_committed_files(written: Path) -> None:
    names = [path.relative_to(written) for path in sorted(written.rglob("*")) if path.is_file()]
    assert len(names) == 20
    for name in names:
        assert (written / name).read_bytes() == (DEMO_DATA / name).read_bytes(), f"{name} is not up to date"


def test_the_script_names_files_that_exist_and_known_steps() -> None:
    steps = json.loads((DEMO_DATA / "script.json").read_text(encoding="utf-8"))
    loaded = [name for step in steps for name in step.get("load", [])]
    kinds = {"load", "run", "do", "worker", "sandbox"}
    assert all(len(kinds & set(step)) == 1 for step in steps)
    assert all((DEMO_DATA / name).is_file() for name in loaded)
    files = {str(path.relative_to(DEMO_DATA)) for path in DEMO_DATA.glob("*/*.*") if "__" not in str(path)}
    assert files == set(loaded), "each file is loaded, once"
    moments = [step["as_of"] for step in steps if "as_of" in step]
    assert moments == sorted(moments)


def test_the_payer_reads_its_list_of_clients() -> None:
    clients = load_clients(DEMO_DATA / "sandbox_clients.json")
    assert len(clients) == 38
    assert {one.status for one in clients} == {"OK", "EN_COURS", "BLOQUE", "MANDAT_ECHU"}


def test_no_real_contact_is_in_the_files() -> None:
    text = (DEMO_DATA / "base" / "clients.csv").read_text(encoding="cp1252")
    for line in text.splitlines()[1:]:
        cells = line.split(";")
        assert not cells[6] or cells[6].endswith("@courriel.example")
        assert cells[7].startswith(("063998", "035301")), "numbers kept for fiction"
        assert not cells[17] or cells[17][4:9] == "99999", "a bank that does not exist"
