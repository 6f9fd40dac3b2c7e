with failing as (
    select
        controls.subject_id as invoice_id,
        bool_or(codes.severity = 'home_plus') as is_refused,
        string_agg(controls.message, '; ' order by codes.severity desc, controls.code) as reasons,
        string_agg(controls.code, ',' order by codes.severity desc, controls.code) as codes
    from {{ ref('int_home_plus__controls') }} as controls
    join {{ ref('control_codes') }} as codes using (code)
    where controls.subject_type = 'invoice'
    group by controls.subject_id
)

select
    invoices.invoice_number, invoices.invoice_id, invoices.client_id, clients.client_name, invoices.kind,
    invoices.period, invoices.payment_method, invoices.status, coalesce(invoices.delivery, clients.invoice_delivery)
        as delivery,
    invoices.issued_on, invoices.sent_at, invoices.client_total as amount,
    not coalesce(failing.is_refused, false) as eligible,
    failing.reasons, failing.codes,
    coalesce(requests.status, states.state) as request_status,
    coalesce(requests.status_label, states.label_fr) as request_label,
    coalesce(requests.colour, states.colour) as request_colour
from {{ ref('int_billing__invoices') }} as invoices
join {{ ref('stg_clients') }} as clients using (client_id)
join {{ ref('lifecycle_states') }} as states on states.lifecycle = 'home_plus' and states.state = 'a_envoyer'
left join {{ ref('home_plus_requests') }} as requests using (invoice_number)
left join failing using (invoice_id)
where invoices.status <> 'brouillon' and clients.home_plus_id is not null
