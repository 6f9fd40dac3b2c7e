with latest as ({{ latest_versions('contracts') }})

select
    contract_id, client_id, service_code,
    {{ money('unit_price') }}, {{ money('saturday_price') }}, {{ money('sunday_holiday_price') }},
    {{ day('valid_from') }}, coalesce(cast(valid_to as date), date '9999-12-31') as valid_to, _batch as batch_id
from latest
where coalesce(status, 'actif') <> 'annule'
