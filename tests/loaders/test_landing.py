"""Every table that dbt reads exists, empty or not, and old landings grow with the contracts."""

from pathlib import Path

import duckdb

from console.journal.events import DOMAINS
from loaders.api import SOURCES
from loaders.landing import EVENT_DOMAINS, open_landing


def test_the_event_domains_are_those_of_the_journal() -> None:
    assert EVENT_DOMAINS == DOMAINS


def test_every_table_exists_at_first_opening(tmp_path: Path) -> None:
    connection = open_landing(tmp_path / "landing.duckdb")
    tables = {
        name
        for (name,) in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'raw'"
        ).fetchall()
    }
    expected = {*SOURCES, *(f"events_{d}" for d in DOMAINS), "responses", "journal_marks"}
    assert tables == expected | {"load_batches", "rejected_rows"}


def test_the_sources_of_the_issue_are_there() -> None:
    assert set(SOURCES) == {
        "agencies", "clients", "services", "contracts", "plannings", "interventions", "billable_items",
        "payers", "payer_defaults", "care_plans", "home_plus_responses", "payments",
    }  # fmt: skip


def test_a_column_that_a_contract_gained_is_added_without_touching_rows(tmp_path: Path) -> None:
    path = tmp_path / "landing.duckdb"
    connection = open_landing(path)
    connection.execute("INSERT INTO raw.interventions (intervention_id, _batch) VALUES ('I1', 1)")
    connection.execute("ALTER TABLE raw.interventions DROP COLUMN coverage_excluded")
    connection.close()
    connection = open_landing(path)
    rows = connection.execute("SELECT intervention_id, coverage_excluded FROM raw.interventions").fetchall()
    assert rows == [("I1", None)]


def test_source_tables_hold_text_and_their_tail(tmp_path: Path) -> None:
    connection = duckdb.connect()
    from loaders.landing import ensure_landing

    ensure_landing(connection)
    columns = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() "
        "WHERE schema_name = 'raw' AND table_name = 'payments' ORDER BY column_index"
    ).fetchall()
    assert [name for name, _ in columns][-5:] == ["_extra", "_key", "_hash", "_batch", "_row"]
    assert {kind for name, kind in columns if name not in ("_batch", "_row")} == {"VARCHAR"}
