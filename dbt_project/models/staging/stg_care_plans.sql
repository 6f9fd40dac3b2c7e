-- Values stay text here: `defaut` (the payer's default) is resolved in int_billing__care_plans.
with landed as (
    select plans.*, batches.journal_seq
    from {{ source('raw', 'care_plans') }} as plans
    join {{ source('raw', 'load_batches') }} as batches on batches.batch_id = plans._batch
),

versions as (
    select *, min(journal_seq) filter (where status = 'valide') over (partition by _key) as validated_seq
    from landed
    qualify row_number() over (partition by _key order by _batch desc, _row desc) = 1
)

select
    care_plan_id, payer_id, client_id, service_code, {{ day('valid_from') }},
    coalesce(cast(valid_to as date), date '9999-12-31') as valid_to,
    coalesce(try_cast(rank as integer), 1) as rank,
    base_rate, saturday_rate, sunday_holiday_rate, coverage_rate, monthly_hours_cap, surcharge,
    sunday_holiday_coverage_rate, sunday_holiday_hours_cap, billing_mode,
    file_number, status, validated_seq, _batch as batch_id
from versions
