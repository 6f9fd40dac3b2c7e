with latest as ({{ latest_versions('plannings') }})

select planning_id, client_id, worker_id, service_code, {{ instant('starts_at') }}, {{ instant('ends_at') }}
from latest
where coalesce(status, 'actif') <> 'annule'
