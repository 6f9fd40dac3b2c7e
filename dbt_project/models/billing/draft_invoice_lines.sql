{% set descriptive = "date, service_code, label, worker_id, day_type, unit, rate, vat_rate, covered, care_plan_id, pool,
    plan_rate, coverage_rate, payer_id, home_plus_nature, home_plus_activity, service_kind, starts_at, ends_at" %}

with from_interventions as (
    select
        client_id, month, 'intervention' as source, intervention_id as source_id, version as source_version,
        part_order, parts.minutes, 'hour' as unit,
        'service' as service_kind, amount, payer_share, client_share, informative_payer_share,
        null::varchar as reversed_invoice_id, null::integer as reversed_line_no,
        date, service_code, services.label, worker_id, day_type, rate, parts.vat_rate, covered, care_plan_id, pool,
        plan_rate, coverage_rate, payer_id, services.home_plus_nature, services.home_plus_activity, starts_at, ends_at,
        {{ excl_vat('amount', 'parts.vat_rate') }} as excl_vat,
        -- hours with four decimals, for people; money is computed from the minutes
        cast({{ div_round('(minutes * 10000)', 60) }} as decimal(16, 0)) * 0.0001 as quantity
    from {{ ref('int_billing__parts') }} as parts
    left join {{ ref('stg_services') }} as services using (service_code)
),

from_items as (
    select
        client_id, month, 'item' as source, item_id as source_id, version as source_version, 0 as part_order,
        0 as minutes, unit, service_kind, amount, cast(0 as decimal(12, 2)) as payer_share, amount as client_share,
        cast(0 as decimal(12, 2)) as informative_payer_share, date, service_code, label,
        unit_price as rate, vat_rate, false as covered, home_plus_nature, home_plus_activity, quantity,
        {{ excl_vat('amount', 'vat_rate') }} as excl_vat
    from {{ ref('int_billing__items_to_bill') }}
    where amount is not null
),

from_reversals as (
    select
        client_id, month, 'reversal' as source, source_id, source_version, 0 as part_order,
        -minutes as minutes, -quantity as quantity, -amount as amount, -excl_vat as excl_vat,
        -payer_share as payer_share, -client_share as client_share,
        -informative_payer_share as informative_payer_share,
        invoice_id as reversed_invoice_id, line_no as reversed_line_no, {{ descriptive }}
    from {{ ref('int_billing__reversals_due') }}
),

lines as (
    select * from from_interventions
    union all by name
    select * from from_items
    union all by name
    select * from from_reversals
)

select
    placement.draft_id, lines.client_id, placement.period,
    cast(row_number() over (
        partition by placement.draft_id
        order by placement.is_adjustment, lines.date, lines.starts_at nulls last, lines.source, lines.source_id,
            lines.source_version, lines.part_order, lines.reversed_invoice_id, lines.reversed_line_no) as integer)
        as line_no,
    source, source_id, source_version, date, service_code, label, worker_id, day_type, minutes,
    cast(quantity as decimal(12, 4)) as quantity, unit, rate, amount, excl_vat,
    cast(amount - excl_vat as decimal(12, 2)) as vat, vat_rate, covered, care_plan_id, pool, plan_rate, coverage_rate,
    payer_id, payer_share, client_share, informative_payer_share,
    placement.is_adjustment or lines.source = 'reversal' as is_adjustment,
    reversed_invoice_id, reversed_line_no, home_plus_nature, home_plus_activity, service_kind, starts_at, ends_at
from lines
join {{ ref('int_billing__placement') }} as placement
    on placement.client_id = lines.client_id and placement.month = lines.month
