-- A run's file is nobody's before it is published, so nothing needs dbt's usual precaution of building under another
-- name, renaming, and dropping the old relation (a third of the time of a refresh, measured).
{% materialization table, adapter="duckdb", supported_languages=['sql'] %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set creation = create_table_as(False, target_relation, compiled_code) -%}
  {#- The key is added once the rows are there: its index is then built in one go, by all threads. -#}
  {%- set key = modules.re.search('(?is),\\s*primary key\\s*\\(([^)]*)\\)', creation)
      if config.get('contract').enforced else none -%}
  {% call statement('main') -%}
    drop table if exists {{ target_relation }};
    {% if key %}
    {{ creation | replace(key.group(0), '', 1) }};
    alter table {{ target_relation }} add primary key ({{ key.group(1) }});
    {%- else %}
    {{ creation }}
    {%- endif %}
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
