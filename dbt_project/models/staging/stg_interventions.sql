-- `version` counts the changes of what is billed (who, what, when, cancelled or not): it is part of the claim on each
-- segment, so an intervention changed after it was invoiced can be billed again, and a new comment cannot.
with landed as (
    select interventions.*, batches.journal_seq
    from {{ source('raw', 'interventions') }} as interventions
    join {{ source('raw', 'load_batches') }} as batches on batches.batch_id = interventions._batch
),

several as (select _key from landed group by _key having count(*) > 1),

history as (
    select
        *,
        lag(status) over in_order is distinct from status as status_changed,
        (client_id, service_code, starts_at, ends_at, status = 'annulee', coverage_excluded)
            is distinct from lag((client_id, service_code, starts_at, ends_at, status = 'annulee', coverage_excluded))
            over in_order as billing_changed
    from landed
    where _key in (select _key from several)
    window in_order as (partition by _key order by _batch, _row)
),

last_of_several as (
    select
        * exclude (status_changed, billing_changed),
        cast(count(*) filter (where billing_changed) over whole as integer) as version,
        max(journal_seq) filter (where status_changed) over whole as status_seq
    from history
    window whole as (partition by _key)
    qualify row_number() over (partition by _key order by _batch desc, _row desc) = 1
),

current_rows as (
    select *, 1 as version, journal_seq as status_seq
    from landed
    where _key not in (select _key from several)
    union all by name
    select * from last_of_several
),

validated as (
    select payload ->> 'intervention_id' as intervention_id, max(seq) as seq
    from {{ source('raw', 'events_activity') }}
    where kind = 'activity.intervention_validated'
    group by 1
)

select
    current_rows.intervention_id,
    version,
    planning_id, client_id, worker_id, service_code,
    {{ instant('starts_at') }}, {{ instant('ends_at') }},
    {{ local_time('cast(starts_at as timestamp)') }} as local_starts_at,
    {{ local_time('cast(ends_at as timestamp)') }} as local_ends_at,
    case when status = 'realisee' and validated.seq > status_seq then 'validee' else status end as status,
    comment,
    {{ instant('clocked_starts_at') }}, {{ instant('clocked_ends_at') }}, adjustment_reason,
    coalesce(coverage_excluded = 'true', false) as coverage_excluded,
    _batch as batch_id
from current_rows
left join validated on validated.intervention_id = current_rows.intervention_id
