{#
  The one rounding of the house (spec 00, Money): half away from zero, at the line, in integers only.
  `DECIMAL / DECIMAL` would give DOUBLE in DuckDB, so nothing here divides a DECIMAL.
#}

{# n / d rounded half away from zero; n and d whole numbers, d > 0 #}
{% macro div_round(n, d) -%}
    (sign({{ n }}) * ((2 * abs({{ n }}) + {{ d }}) // (2 * {{ d }})))
{%- endmacro %}

{# an amount of two decimals as whole cents #}
{% macro cents(amount) -%} cast({{ amount }} * 100 as bigint) {%- endmacro %}

{# a rate (fraction of four decimals) as whole ten-thousandths #}
{% macro bp(rate) -%} cast({{ rate }} * 10000 as bigint) {%- endmacro %}

{% macro from_cents(n) -%} cast(cast({{ n }} as decimal(14, 0)) * 0.01 as decimal(12, 2)) {%- endmacro %}

{# minutes × hourly rate / 60 #}
{% macro price_of_minutes(minutes, rate) -%}
    {{ from_cents(div_round("(" ~ minutes ~ " * " ~ cents(rate) ~ ")", 60)) }}
{%- endmacro %}

{# minutes × hourly plan rate × coverage / 60, rounded once #}
{% macro share_of_minutes(minutes, rate, coverage) -%}
    {{ from_cents(div_round("(" ~ minutes ~ " * " ~ cents(rate) ~ " * " ~ bp(coverage) ~ ")", 600000)) }}
{%- endmacro %}

{# the amount without tax of an amount that includes it #}
{% macro excl_vat(amount, vat_rate) -%}
    {{ from_cents(div_round("(" ~ cents(amount) ~ " * 10000)", "(10000 + " ~ bp(vat_rate) ~ ")")) }}
{%- endmacro %}
