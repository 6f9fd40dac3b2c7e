with latest as ({{ latest_versions('payers') }})

select
    payer_id, name, kind, siret, billing_type, coalesce(direct_to_client = 'true', false) as direct_to_client,
    email, address, postal_code, city, accounting_account,
    coalesce(cast(payment_terms_days as integer), 30) as payment_terms_days
from latest
