with issues as (
    select client_id, cast(count(*) as integer) as home_plus_issue_count
    from {{ ref('home_plus_clients_to_check') }}
    group by client_id
)

select
    clients.client_id, client_name, civility, last_name, first_name, birth_name, birth_date, birth_place_code, email,
    phone, address, postal_code, city, country, payment_method, invoice_delivery, home_plus_id, home_plus_activated_on,
    home_plus_status, iban, bic, mandate_reference, mandate_signed_on, agency_id, overridden_fields,
    coalesce(issues.home_plus_issue_count, 0) as home_plus_issue_count
from {{ ref('stg_clients') }} as clients
left join issues using (client_id)
