with latest as ({{ latest_versions('services') }})

select
    service_code, label, kind, unit, {{ money('unit_price') }}, {{ rate('vat_rate') }},
    home_plus_nature, home_plus_activity, revenue_account
from latest
