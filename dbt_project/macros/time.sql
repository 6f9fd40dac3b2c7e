{# Times are UTC without offset in landing; days and hours that people read are the agency's. #}

{% macro as_of() -%} timestamp '{{ var("as_of") }}' {%- endmacro %}

{% macro local_time(utc) -%} timezone('{{ var("timezone") }}', timezone('UTC', {{ utc }})) {%- endmacro %}

{# UTC of a local midnight (never ambiguous in the zones we serve) #}
{% macro utc_of_midnight(day) -%}
    timezone('UTC', timezone('{{ var("timezone") }}', cast({{ day }} as timestamp)))
{%- endmacro %}

{% macro today() -%} cast({{ local_time(as_of()) }} as date) {%- endmacro %}
