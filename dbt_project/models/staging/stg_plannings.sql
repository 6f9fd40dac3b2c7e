with latest as ({{ latest_versions('plannings') }})

select
    planning_id, client_id, worker_id, service_code, {{ instant('starts_at') }}, {{ instant('ends_at') }},
    {{ local_time('cast(starts_at as timestamp)') }} as local_starts_at,
    _batch as batch_id
from latest
where coalesce(status, 'actif') <> 'annule'
