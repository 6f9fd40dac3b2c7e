"""The generated data are the same for a seed, have the shape that is promised, and both computations agree."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from bench import phases
from bench.generate import generate


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    generate(200, tmp_path / "a", seed=3)
    generate(200, tmp_path / "b", seed=3)
    generate(200, tmp_path / "c", seed=4)
    names = sorted(path.name for path in (tmp_path / "a").glob("*.csv"))
    assert len(names) == 7
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    changed = [n for n in names if (tmp_path / "a" / n).read_bytes() != (tmp_path / "c" / n).read_bytes()]
    assert "interventions_2026-11.csv" in changed


def test_a_fifth_of_clients_a_third_of_plans_one_month(tmp_path: Path) -> None:
    counts = generate(3000, tmp_path)
    assert (counts["interventions"], counts["clients"], counts["care_plans"]) == (3000, 600, 200)
    found = duckdb.execute(
        f"SELECT min(starts_at) >= '2026-10-31 23:00', max(ends_at) <= '2026-11-30 23:00' "
        f"FROM '{tmp_path}/parquet/interventions.parquet'"
    ).fetchone()
    assert found == (True, True)
    plans = duckdb.execute(
        f"SELECT count(DISTINCT billing_mode), count(DISTINCT sunday_holiday_hours_cap), "
        f"count(*) FILTER (sunday_holiday_hours_cap IS NULL) > 0, count(DISTINCT surcharge) "
        f"FROM '{tmp_path}/parquet/care_plans.parquet'"
    ).fetchone()
    assert plans == (2, 2, True, 2)


def test_the_comparison_sees_one_cent() -> None:
    row = (
        "SELECT 'D' AS draft_id, 1.00::DECIMAL(9,2) AS total_incl_vat, 1 AS total_excl_vat, 0 AS total_vat, "
    )
    end = "::DECIMAL(9,2) AS payer_total, 0 AS client_total, 2 AS line_count"
    one = duckdb.execute(f"{row} 0.10{end}").to_arrow_table()
    other = duckdb.execute(f"{row} 0.11{end}").to_arrow_table()
    phases.compare(one, one)
    with pytest.raises(SystemExit):
        phases.compare(one, other)


def test_handwritten_sql_and_guichet_agree_to_the_cent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """1 500 interventions, through the real loaders and models."""
    home, data = str(tmp_path / "home"), str(tmp_path / "data")
    for phase in ("generate", "load", "run"):
        phases.PHASES[phase](home, data, 1500)
    assert phases.handwritten(home, data, 1500)["drafts_equal_to_the_cent"] == 300
