{# JSON written as text, so that an amount keeps its two decimals: a cast of DECIMAL to JSON passes through DOUBLE. #}
{% macro json_day(column) -%} '"' || strftime({{ column }}, '%Y-%m-%dT00:00:00Z') || '"' {%- endmacro %}

{# a setting as a SQL text #}
{% macro sql_text(value) -%} '{{ (value | string).replace("'", "''") }}' {%- endmacro %}
