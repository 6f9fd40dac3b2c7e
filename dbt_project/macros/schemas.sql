{# The name of a model says its room: stg_ -> staging, int_ -> intermediate, anything else is a dataset (marts). #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name -%} {{ custom_schema_name | trim }}
    {%- elif node.name.startswith('stg_') -%} staging
    {%- elif node.name.startswith('int_') -%} intermediate
    {%- elif node.resource_type == 'model' -%} marts
    {%- else -%} {{ target.schema }}
    {%- endif -%}
{%- endmacro %}
