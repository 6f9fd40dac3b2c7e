select service_code, label, kind, unit, unit_price, vat_rate, home_plus_nature, home_plus_activity, revenue_account
from {{ ref('stg_services') }}
