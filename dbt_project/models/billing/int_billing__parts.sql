{# Read once, by the draft lines: a table would only cost its writing. #}
{{ config(materialized='view') }}
-- The priced parts of every segment to bill: covered by a plan (and from which pool), or not.
with segments as (
    select * from {{ ref('int_billing__to_bill') }} where contract_rate is not null
),

covered as (
    select segment_id, turn, care_plan_id, 'sunday' as pool, sunday_minutes as minutes
    from {{ ref('int_billing__coverage') }}
    where sunday_minutes > 0
    union all
    select segment_id, turn, care_plan_id, 'main', main_minutes
    from {{ ref('int_billing__coverage') }}
    where main_minutes > 0
),

uncovered as (
    select segments.segment_id, coalesce(coverage.remaining, segments.minutes) as minutes
    from segments
    left join {{ ref('int_billing__coverage') }} as coverage
        on coverage.segment_id = segments.segment_id and coverage.turn = coverage.last_turn
    where coalesce(coverage.remaining, segments.minutes) > 0
),

parts as (
    select segment_id, turn, care_plan_id, pool, minutes from covered
    union all
    select segment_id, 1000000, null, null, minutes from uncovered
),

tariffs as (
    select
        segments.*,
        parts.turn, parts.pool, parts.minutes as part_minutes, parts.care_plan_id is not null as covered,
        plans.care_plan_id, plans.payer_id, plans.direct_to_client, plans.billing_mode,
        case
            when segments.day_type = 'saturday' then coalesce(plans.saturday_rate, plans.base_rate)
            when segments.day_type = 'sunday_holiday' and plans.surcharge
                and (parts.pool = 'sunday' or plans.sunday_cap_minutes is null)
                then coalesce(plans.sunday_holiday_rate, plans.base_rate)
            else plans.base_rate end as plan_rate,
        case
            when segments.day_type = 'sunday_holiday' and plans.surcharge
                and (parts.pool = 'sunday' or plans.sunday_cap_minutes is null)
                then coalesce(plans.sunday_holiday_coverage_rate, plans.coverage_rate)
            else plans.coverage_rate end as coverage
    from parts
    join segments using (segment_id)
    left join {{ ref('int_billing__care_plans') }} as plans on plans.care_plan_id = parts.care_plan_id
),

rated as (
    select
        *,
        case when covered and billing_mode = 'tarif_pec' and not direct_to_client then plan_rate
            else contract_rate end as line_rate
    from tariffs
),

priced as (
    select *, {{ price_of_minutes('part_minutes', 'line_rate') }} as amount from rated
),

shared as (
    select
        *,
        -- the payer never pays over its own tariff, nor more than the line
        case when covered then least(amount, {{ share_of_minutes('part_minutes', 'plan_rate', 'coverage') }})
            else 0.00 end as financed
    from priced
)

select
    segment_id, intervention_id, version, date, month, client_id, service_code, worker_id, day_type, starts_at, ends_at,
    turn * 2 + (pool = 'main')::int as part_order,
    part_minutes as minutes, covered, care_plan_id, pool, plan_rate, coverage as coverage_rate, payer_id,
    line_rate as rate, vat_rate, amount,
    cast(case when direct_to_client then 0.00 else financed end as decimal(12, 2)) as payer_share,
    cast(amount - case when direct_to_client then 0.00 else financed end as decimal(12, 2)) as client_share,
    cast(case when direct_to_client then financed else 0.00 end as decimal(12, 2)) as informative_payer_share
from shared
