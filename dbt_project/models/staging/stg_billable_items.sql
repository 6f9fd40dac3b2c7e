with landed as (
    select
        *,
        (client_id, service_code, date, quantity, unit_price, coalesce(status, 'actif')) is distinct from
            lag((client_id, service_code, date, quantity, unit_price, coalesce(status, 'actif'))) over in_order
            as billing_changed
    from {{ source('raw', 'billable_items') }}
    window in_order as (partition by _key order by _batch, _row)
),

versions as (
    select *, cast(count(*) filter (where billing_changed) over (partition by _key) as integer) as version
    from landed
    qualify row_number() over (partition by _key order by _batch desc, _row desc) = 1
)

select
    item_id, version, client_id, service_code, {{ day('date') }}, {{ rate('quantity') }}, {{ money('unit_price') }},
    label, coalesce(status, 'actif') = 'annule' as is_cancelled, _batch as batch_id
from versions
