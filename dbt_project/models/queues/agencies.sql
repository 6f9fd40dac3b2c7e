select agency_id, name, siret, nova_number, vat_number, address, postal_code, city, country, holiday_region, is_default
from {{ ref('stg_agencies') }}
