-- The lines as they are sent (spec 30): grouped so that quantity × unit price is the line to the cent. Lines that
-- hours of two decimals and their rate give exactly go together as HEURE; the others go together as HEURE when their
-- sum is exact, else as one FORFAIT. Grain: one row per line of a request.
with grouped as (
    select
        subject_type, subject_id, nature, activity, vat_rate, rate, is_exact,
        sum(minutes) as minutes, bool_and(unit = 'hour' and payer_share = 0) as is_in_hours,
        cast(sum(client_share) as decimal(12, 2)) as amount,
        cast(sum(asked_excl_vat) as decimal(12, 2)) as excl_vat,
        cast(sum(asked_vat) as decimal(12, 2)) as vat,
        min(date) as first_date, max(date) as last_date,
        array_to_string(list_sort(list_distinct(list(coalesce(label, service_code)))), ', ') as label
    from {{ ref('int_home_plus__lines') }}
    group by subject_type, subject_id, nature, activity, vat_rate, rate, is_exact, unit, payer_share = 0
),

measured as (
    select
        *,
        is_in_hours and minutes > 0 and minutes % 3 = 0
            and minutes * {{ cents('rate') }} = 60 * {{ cents('amount') }} as is_hourly
    from grouped
)

select
    subject_type, subject_id,
    row_number() over (
        partition by subject_type, subject_id
        order by first_date, nature, activity, vat_rate, rate, is_exact, is_in_hours, amount, label) as group_no,
    nature, activity, case when is_hourly then 'HEURE' else 'FORFAIT' end as unit,
    case when is_hourly then {{ from_cents('minutes * 5 // 3') }} else 1.00 end as quantity,
    case when is_hourly then cast(rate as decimal(12, 2)) else amount end as unit_price,
    amount, excl_vat, vat, first_date, last_date, label
from measured
