{# table, key column, what the row is called, references it makes (column, table it names, what is missing) #}
{% set checks = [
    ('stg_clients', 'client_id', 'Le client', [('agency_id', 'stg_agencies', 'agence inconnue')]),
    ('stg_contracts', 'contract_id', 'Le contrat', [('client_id', 'stg_clients', 'client inconnu'),
        ('service_code', 'stg_services', 'prestation inconnue')]),
    ('stg_plannings', 'planning_id', 'Le planning', [('client_id', 'stg_clients', 'client inconnu'),
        ('service_code', 'stg_services', 'prestation inconnue')]),
    ('stg_interventions', 'intervention_id', 'L’intervention', [('client_id', 'stg_clients', 'client inconnu'),
        ('service_code', 'stg_services', 'prestation inconnue'), ('planning_id', 'stg_plannings', 'planning inconnu')]),
    ('stg_billable_items', 'item_id', 'L’article', [('client_id', 'stg_clients', 'client inconnu'),
        ('service_code', 'stg_services', 'prestation inconnue')]),
    ('stg_care_plans', 'care_plan_id', 'Le plan d’aide', [('client_id', 'stg_clients', 'client inconnu'),
        ('payer_id', 'stg_payers', 'tiers-payeur inconnu'), ('service_code', 'stg_services', 'prestation inconnue')]),
    ('stg_payments', 'payment_id', 'Le règlement', [('client_id', 'stg_clients', 'client inconnu'),
        ('payer_id', 'stg_payers', 'tiers-payeur inconnu')]),
] %}

-- What does not hold together in what we were told. Nothing is refused for it: a row here says what to look at.
with orphans as (
    {% for table, key, subject, references in checks %}
    {% set outer = loop %}
    {% for column, target, words in references %}
    select
        'REFERENCE_INCONNUE' as code, '{{ table | replace("stg_", "") }}' as source, '{{ key | replace("_id", "") }}'
            as entity_type, {{ key }} as entity_id, batch_id,
        '{{ subject }} ' || {{ key }} || ' renvoie à ' || {{ column }} || ' : {{ words }}.' as message
    from {{ ref(table) }} as referring
    where {{ column }} is not null
        and not exists (select 1 from {{ ref(target) }} as target where target.{{ column }} = referring.{{ column }})
    {{ 'union all' if not (loop.last and outer.last) }}
    {% endfor %}
    {% endfor %}
),

plans as (
    select
        'PLAN_SANS_TARIF' as code, 'care_plans' as source, 'care_plan' as entity_type, care_plan_id as entity_id,
        batch_id, 'Le plan ' || care_plan_id || ' n’a ni tarif ni valeur par défaut chez son tiers-payeur.' as message
    from {{ ref('int_billing__care_plans') }}
    where status = 'valide' and not counts
    union all
    select distinct
        'PLANS_CHEVAUCHANTS', 'care_plans', 'care_plan', later.care_plan_id, later.batch_id,
        'Les plans ' || earlier.care_plan_id || ' et ' || later.care_plan_id
            || ' (même organisme, client, prestation et rang) se chevauchent.'
    from {{ ref('int_billing__care_plans') }} as earlier
    join {{ ref('int_billing__care_plans') }} as later
        on later.payer_id = earlier.payer_id and later.client_id = earlier.client_id
        and later.service_code = earlier.service_code and later.rank = earlier.rank
        and (later.valid_from, later.care_plan_id) > (earlier.valid_from, earlier.care_plan_id)
        and later.valid_from <= earlier.valid_to
    where earlier.counts and later.counts
),

of_files as (
    select * from orphans
    union all
    select * from plans
),

found as (
    select of_files.* exclude (batch_id), batches.loaded_at as first_seen
    from of_files
    left join {{ source('raw', 'load_batches') }} as batches using (batch_id)
    union all by name
    select code, source, entity_type, entity_id, message, first_seen
    from {{ ref('int_home_plus__anomalies') }}
    union all by name
    select code, source, entity_type, entity_id, message, first_seen
    from {{ ref('int_settlement__anomalies') }}
)

select
    code || ':' || source || ':' || entity_id || ':' || row_number() over (
        partition by code, source, entity_id order by first_seen, message) as anomaly_id,
    code, source, entity_type, entity_id, message, first_seen
from found
