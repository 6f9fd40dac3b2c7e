"""A miniature dbt project with the shape of the real one: two domains, a clock, a seed, tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from console.journal.store import Journal, NewEvent
from console.paths import DBT_PROJECT
from console.settings import Settings

FILES = {
    "dbt_project.yml": """
name: guichet
version: "1.0"
profile: guichet
vars: {as_of: "2026-01-01 00:00:00", country: FR}
models:
  guichet:
    staging: {+schema: staging, +materialized: view}
    marts: {+schema: marts, +materialized: table}
seeds: {guichet: {+schema: seeds}}
flags: {send_anonymous_usage_stats: false}
""",
    "profiles.yml": """
guichet:
  target: local
  outputs:
    local:
      type: duckdb
      path: "{{ env_var('GUICHET_RUN_DB') }}"
      attach: [{path: "{{ env_var('GUICHET_LANDING') }}", alias: landing, read_only: true}]
""",
    "macros/schema.sql": "{% macro generate_schema_name(custom, node) %}{{ custom or 'main' }}{% endmacro %}",
    "seeds/labels.csv": "code,label\na,Premier\n",
    "models/staging/stg_validated.sql": """
select seq, payload::json ->> '$.intervention_id' as intervention_id
from {{ source('raw', 'events_activity') }}
""",
    "models/marts/validated.sql": """
select seq, if(intervention_id = 'BOOM', error('boum'), intervention_id)::varchar as intervention_id
from {{ ref('stg_validated') }}
""",
    "models/marts/fields.sql": """
select seq, payload::json ->> '$.client_id' as client_id from {{ source('raw', 'events_clients') }}
""",
    "models/marts/clients_seen.sql": "select client_id, last_name from {{ source('raw', 'clients') }}",
    "models/marts/clock.sql": """
{{ config(tags=['as_of']) }}
select 1 as id, timestamp '{{ var("as_of") }}' as as_of, 1.10::decimal(12, 2) as amount, count(*) as labels
from {{ ref('labels') }}
""",
    "models/marts/_marts.yml": """
version: 2
models:
  - name: validated
    description: Une ligne par validation.
    config: {contract: {enforced: true}}
    constraints: [{type: primary_key, columns: [seq]}]
    columns:
      - {name: seq, data_type: bigint, constraints: [{type: not_null}]}
      - {name: intervention_id, data_type: varchar, description: L'intervention., data_tests: [not_null]}
  - name: clock
    columns: [{name: id, data_tests: [unique]}]
data_tests:
  - {name: assert_clock_is_the_run, description: L'horloge est celle de l'exécution.}
""",
    "models/_sources.yml": """
version: 2
sources:
  - name: raw
    database: landing
    schema: raw
    tables: [{name: events_activity}, {name: events_clients}, {name: clients}]
""",
    "tests/assert_no_bad_intervention.sql": """-- Aucune intervention « BAD » n'est publiée.
select * from {{ ref('validated') }} where intervention_id = 'BAD'
""",
    "tests/assert_clock_is_the_run.sql": """
select * from {{ ref('clock') }} where as_of <> timestamp '{{ var("as_of") }}'
""",
    "tests/assert_clock_in_its_month.sql": """
select * from {{ ref('clock') }} where strftime(as_of, '%Y-%m') <> '{{ var("as_of")[:7] }}'
""",
}


@pytest.fixture(scope="session")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written (and so parsed) once; no test changes it."""
    return write_project(tmp_path_factory.mktemp("dbt") / "project")


@pytest.fixture
def project(shared_project: Path) -> Path:
    return shared_project


@pytest.fixture
def own_project(tmp_path: Path) -> Path:
    """For a test that changes it."""
    return write_project(tmp_path / "project")


def write_project(folder: Path) -> Path:
    """With the materializations of the real project: a refresh replays what they say."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.lstrip(), encoding="utf-8")
    shutil.copy(DBT_PROJECT / "macros" / "materializations.sql", folder / "macros")
    return folder


@pytest.fixture
def decide(settings: Settings, journal: Journal) -> Callable[..., int]:
    """Validates interventions in the journal; returns the last seq."""

    def append(*intervention_ids: str) -> int:
        with journal.begin(actor="test", now=settings.now()) as tx:
            tx.append(
                [
                    NewEvent(
                        f"intervention:{one}",
                        "activity.intervention_validated",
                        '{"intervention_id":"%s","released_seqs":[]}' % one,  # noqa: UP031 - JSON braces
                    )
                    for one in intervention_ids
                ]
            )
            tx.commit()
        return journal.last_seq()

    return append
