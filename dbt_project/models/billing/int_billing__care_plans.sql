{# Values a plan may take from its payer's defaults (the text `defaut`). #}
{% set values = [
    ('base_rate', 'decimal(12,2)'), ('saturday_rate', 'decimal(12,2)'), ('sunday_holiday_rate', 'decimal(12,2)'),
    ('coverage_rate', 'decimal(12,4)'), ('monthly_hours_cap', 'decimal(12,2)'), ('surcharge', 'boolean'),
    ('sunday_holiday_coverage_rate', 'decimal(12,4)'), ('sunday_holiday_hours_cap', 'decimal(12,2)'),
    ('billing_mode', 'varchar'),
] %}

-- Defaults are those of the day a plan was first billed: a later change of the payer's defaults leaves it alone.
with first_billed as (
    select care_plan_id, min(created_seq) as seq
    from {{ ref('invoice_lines') }}
    where care_plan_id is not null
    group by care_plan_id
),

defaults as (
    select plans.care_plan_id, defaults.* exclude (payer_id, service_code, journal_seq, version)
    from {{ ref('stg_care_plans') }} as plans
    left join first_billed using (care_plan_id)
    join {{ ref('stg_payer_defaults') }} as defaults
        on defaults.payer_id = plans.payer_id and defaults.service_code = plans.service_code
        and (first_billed.seq is null or defaults.journal_seq < first_billed.seq)
    qualify row_number() over (partition by plans.care_plan_id order by defaults.version desc) = 1
),

resolved as (
    select
        plans.care_plan_id, plans.payer_id, plans.client_id, plans.service_code, plans.valid_from, plans.valid_to,
        plans.rank, plans.file_number, plans.status, plans.validated_seq, plans.batch_id,
        {% for name, type in values %}
        case when plans.{{ name }} = 'defaut' then defaults.{{ name }} else cast(plans.{{ name }} as {{ type }}) end
            as {{ name }},
        {% endfor %}
        payers.direct_to_client, payers.name as payer_name
    from {{ ref('stg_care_plans') }} as plans
    left join defaults using (care_plan_id)
    left join {{ ref('stg_payers') }} as payers using (payer_id)
)

select
    * exclude (surcharge, direct_to_client),
    coalesce(surcharge, false) as surcharge,
    coalesce(direct_to_client, false) as direct_to_client,
    cast(floor(monthly_hours_cap * 60) as integer) as main_cap_minutes, -- null: no cap
    cast(floor(sunday_holiday_hours_cap * 60) as integer) as sunday_cap_minutes, -- null: every Sunday and holiday
    -- a draft plan, or one whose tariff nobody gave, finances nothing
    status = 'valide' and base_rate is not null and coverage_rate is not null and billing_mode is not null as counts
from resolved
