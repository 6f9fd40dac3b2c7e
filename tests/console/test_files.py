"""Files handed in: their names cannot leave the inbox, and what the loader says reaches the screen."""

import json
import subprocess
from pathlib import Path

import pytest

from console.settings import load_settings
from console.web import load_files
from console.widgets import timeline
from console.widgets.detail import how_priced


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\clients.csv", "clients.csv"),
        ("-rf.csv", "rf.csv"),
        ("..", "fichier"),
        ("", "fichier"),
        (".bashrc", "bashrc"),
        ("été 2026 (1).csv", "été 2026 (1).csv"),
        ("a\x00b;c.csv", "a_b_c.csv"),
    ],
)
def test_a_name_is_only_a_name(given, kept):
    assert load_files.safe_name(given) == kept


def test_two_files_of_one_name_are_both_kept(tmp_path: Path):
    paths = load_files._keep(tmp_path / "in", [("a.csv", b"1"), ("x/a.csv", b"2")])
    assert len(set(paths)) == 2 and sorted(path.read_bytes() for path in paths) == [b"1", b"2"]


def _answer(monkeypatch, stdout: str, stderr: str = "") -> list[list[str]]:
    asked: list[list[str]] = []

    def fake(command, **options):
        asked.append(command)
        return subprocess.CompletedProcess(command, 1, stdout, stderr)

    monkeypatch.setattr(subprocess, "run", fake)
    return asked


def test_rejects_are_one_line_per_faulty_value_in_the_columns_own_words(monkeypatch, own_home):
    errors = [
        {"column": "starts_at", "value": "31/02", "message": "date inconnue"},
        {"column": None, "message": "clé"},
    ]
    report = {
        "source": "interventions",
        "file_name": "i.csv",
        "status": "charge",
        "rejects": [{"row": 4, "errors": errors}],
    }
    asked = _answer(monkeypatch, json.dumps([report]))
    found = load_files.load(load_settings(home=own_home), [("i.csv", b"x")], "analyste", "interventions")
    assert found[0]["label"] == "Interventions"
    assert [line["row"] for line in found[0]["rejects"]] == ["4", "4"]
    assert (
        found[0]["rejects"][0]["column"] not in ("starts_at", "")
        and found[0]["rejects"][1]["message"] == "clé"
    )
    assert "--dry-run" not in asked[0] and asked[0][asked[0].index("--source") + 1] == "interventions"
    assert asked[0][-2] == "--" and Path(asked[0][-1]).read_bytes() == b"x"


def test_checking_keeps_nothing(monkeypatch, own_home):
    asked = _answer(monkeypatch, "[]")
    load_files.check(load_settings(home=own_home), [("i.csv", b"x")], "analyste", None)
    assert "--dry-run" in asked[0] and "--source" not in asked[0] and not Path(asked[0][-1]).exists()
    assert not (own_home / "inbox").exists()


def test_a_loader_that_breaks_is_told_in_its_last_sentence(monkeypatch, own_home):
    _answer(monkeypatch, "", "détail\nLe disque est plein.\n")
    with pytest.raises(load_files.RunFailed, match="Le disque est plein"):
        load_files.load(load_settings(home=own_home), [("i.csv", b"x")], "analyste", None)


def test_every_kind_of_event_has_its_words():
    from console.journal.events import PAYLOADS

    assert set(timeline.WORDS) == set(PAYLOADS)


def test_an_unknown_kind_is_shown_by_its_name():
    assert timeline.sentence("funding.something_new", {}) == "funding.something_new"


def test_a_reversal_says_what_it_takes_back():
    line = {"reversed_line_no": 3, "reversed_invoice_id": "I1", "minutes": -60}
    assert how_priced(line) == "Annule la ligne 3 de I1"
