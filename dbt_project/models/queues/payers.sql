select
    payer_id, name, kind, siret, billing_type, direct_to_client, email, address, postal_code, city,
    accounting_account, payment_terms_days
from {{ ref('stg_payers') }}
