{# A view: what it computes costs less than writing a row per intervention. #}
{{ config(materialized='view') }}
-- An intervention is cut at local midnights; minutes are elapsed minutes (a night across a clock change counts the
-- hours really worked), days are local dates.
with interventions as (
    select *, local_starts_at as local_start, local_ends_at as local_end
    from {{ ref('stg_interventions') }}
    where status <> 'annulee'
),

within_a_day as (
    select *, cast(local_start as date) as date
    from interventions
    where cast(local_start as date) = cast(local_end - interval 1 second as date)
),

across_midnight as (
    select *, cast(unnest(generate_series(
        cast(cast(local_start as date) as timestamp), local_end - interval 1 second, interval 1 day)) as date) as date
    from interventions
    where cast(local_start as date) <> cast(local_end - interval 1 second as date)
),

cut as (
    select * exclude (starts_at, ends_at, local_start, local_end, local_starts_at, local_ends_at), starts_at, ends_at from within_a_day
    union all by name
    select
        * exclude (starts_at, ends_at, local_start, local_end, local_starts_at, local_ends_at),
        greatest(starts_at, {{ utc_of_midnight('date') }}) as starts_at,
        least(ends_at, {{ utc_of_midnight('date + 1') }}) as ends_at
    from across_midnight
),

holidays as (
    select distinct agencies.agency_id, holidays.date
    from {{ ref('stg_agencies') }} as agencies
    join {{ ref('holidays') }} as holidays
        on holidays.country = agencies.country
        and (holidays.region is null or holidays.region = agencies.holiday_region)
)

select
    cut.intervention_id, cut.version, cut.date, cut.client_id, cut.service_code, cut.worker_id,
    cut.intervention_id || ':' || cut.date || ':' || cut.version as segment_id,
    cut.status, cut.coverage_excluded, cut.starts_at, cut.ends_at,
    cast(datediff('minute', cut.starts_at, cut.ends_at) as integer) as minutes,
    strftime(cut.date, '%Y-%m') as month,
    case when isodow(cut.date) = 7 or holidays.date is not null then 'sunday_holiday'
        when isodow(cut.date) = 6 then 'saturday'
        else 'weekday' end as day_type
from cut
left join {{ ref('stg_clients') }} as clients using (client_id)
left join holidays on holidays.agency_id = clients.agency_id and holidays.date = cut.date
