with documents as (
    select payload ->> 'entity_id' as invoice_id, arg_max(payload ->> 'sha256', seq) as document_sha256
    from {{ source('raw', 'events_documents') }}
    where kind = 'documents.stored' and (payload ->> 'entity') = 'invoice'
    group by 1
),

amounts as (
    select
        invoices.*,
        cast(coalesce(paid.client_paid, 0) as decimal(12, 2)) as client_paid,
        cast(coalesce(paid.payer_paid, 0) as decimal(12, 2)) as payer_paid,
        cast(invoices.client_total - coalesce(paid.client_paid, 0) as decimal(12, 2)) as client_due,
        cast(invoices.payer_total - coalesce(paid.payer_paid, 0) as decimal(12, 2)) as payer_due
    from {{ ref('int_billing__invoices') }} as invoices
    left join {{ ref('int_settlement__invoice_payments') }} as paid using (invoice_number)
)

select
    amounts.invoice_id, amounts.invoice_number, amounts.kind, amounts.origin, amounts.origin_invoice_id,
    amounts.replaces, amounts.reason, amounts.draft_id, amounts.client_id, clients.client_name, clients.client_search, amounts.payment_method,
    amounts.period, amounts.status, amounts.issued_on, amounts.due_on, amounts.created_at, amounts.validated_at,
    amounts.sent_at, coalesce(amounts.delivery, clients.invoice_delivery) as delivery, clients.email,
    clients.home_plus_id is not null as is_home_plus_client,
    amounts.total_incl_vat, amounts.total_excl_vat, amounts.total_vat, amounts.payer_total, amounts.client_total,
    amounts.client_paid, amounts.payer_paid, amounts.client_due, amounts.payer_due,
    {{ payment_state('client_total', 'client_paid') }} as client_payment_state,
    {{ payment_state('payer_total', 'payer_paid') }} as payer_payment_state,
    requests.status as home_plus_status,
    amounts.has_credit_note,
    documents.document_sha256
from amounts
left join {{ ref('stg_clients') }} as clients using (client_id)
left join {{ ref('home_plus_requests') }} as requests using (invoice_number)
left join documents using (invoice_id)
