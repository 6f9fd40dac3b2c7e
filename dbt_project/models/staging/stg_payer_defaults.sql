-- Every version is kept: a plan keeps the defaults it was first billed with.
select
    defaults.payer_id, defaults.service_code,
    {{ money('base_rate') }}, {{ money('saturday_rate') }}, {{ money('sunday_holiday_rate') }},
    {{ rate('coverage_rate') }}, cast(monthly_hours_cap as decimal(12, 2)) as monthly_hours_cap,
    surcharge = 'true' as surcharge, {{ rate('sunday_holiday_coverage_rate') }},
    cast(sunday_holiday_hours_cap as decimal(12, 2)) as sunday_holiday_hours_cap, billing_mode,
    batches.journal_seq,
    row_number() over (partition by defaults._key order by defaults._batch, defaults._row) as version
from {{ source('raw', 'payer_defaults') }} as defaults
join {{ source('raw', 'load_batches') }} as batches on batches.batch_id = defaults._batch
