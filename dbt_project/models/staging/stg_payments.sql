with latest as ({{ latest_versions('payments') }})

select
    payment_id, {{ day('received_on') }}, {{ money('amount') }}, emitter, client_id, payer_id, method, reference, label,
    _batch as batch_id
from latest
where coalesce(status, 'actif') <> 'annule'
