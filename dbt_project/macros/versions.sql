{# The rows of a raw source in force: the latest version of each business key, by batch then row (spec 10). #}
{% macro latest_versions(source_name) -%}
    select * from {{ source('raw', source_name) }}
    qualify row_number() over (partition by _key order by _batch desc, _row desc) = 1
{%- endmacro %}

{% macro money(column) -%} cast({{ column }} as decimal(12, 2)) as {{ column }} {%- endmacro %}
{% macro rate(column) -%} cast({{ column }} as decimal(12, 4)) as {{ column }} {%- endmacro %}
{% macro day(column) -%} cast({{ column }} as date) as {{ column }} {%- endmacro %}
{% macro instant(column) -%} cast({{ column }} as timestamp) as {{ column }} {%- endmacro %}
