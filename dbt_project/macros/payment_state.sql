{# a_regler | partiel | regle | trop_percu; for a credit note the signs are turned round. Nothing owed is settled. #}
{% macro payment_state(total, paid) -%}
    case
        when {{ paid }} = {{ total }} then 'regle'
        when abs({{ paid }}) > abs({{ total }}) or sign({{ paid }}) = -sign({{ total }}) then 'trop_percu'
        when {{ paid }} = 0 then 'a_regler'
        else 'partiel'
    end
{%- endmacro %}
