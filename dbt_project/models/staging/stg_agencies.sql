with latest as ({{ latest_versions('agencies') }})

select
    agency_id, name, siret, nova_number, vat_number, address, postal_code, city,
    coalesce(country, 'FR') as country,
    holiday_region,
    row_number() over (order by agency_id) = 1 as is_default
from latest
