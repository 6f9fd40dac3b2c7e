-- One word on each payment: recorded in the console first, else the file's, and the receipts that Home+ announces.
with recorded as (
    select unnest(from_json(payload, '{"payment_id": "VARCHAR", "received_on": "DATE", "amount": "DECIMAL(12,2)",
        "emitter": "VARCHAR", "client_id": "VARCHAR", "payer_id": "VARCHAR", "method": "VARCHAR",
        "reference": "VARCHAR", "label": "VARCHAR"}'))
    from {{ source('raw', 'events_settlement') }}
    where kind = 'settlement.payment_recorded'
),

all_payments as (
    select *, 'console' as source, 1 as precedence,
        case when received_on > {{ today() }} then 'annonce' else 'recu' end as status
    from recorded
    union all by name
    select
        payment_id, received_on, amount, emitter, client_id, payer_id, method, reference, label,
        'fichier' as source, 2 as precedence,
        case when received_on > {{ today() }} then 'annonce' else 'recu' end as status
    from {{ ref('stg_payments') }}
    union all by name
    select
        payment_id, received_on, amount, 'home_plus' as emitter, client_id, 'virement' as method,
        invoice_number as reference, 'Virement Home+ ' || invoice_number as label, 'home_plus' as source,
        0 as precedence, status
    from {{ ref('int_home_plus__receipts') }}
),

payments as (
    select * from all_payments
    qualify row_number() over (partition by payment_id order by precedence, amount) = 1
),

allocated as (
    select source_id as payment_id, sum(amount) as amount
    from {{ ref('allocations') }}
    where source = 'payment'
    group by source_id
)

select
    payments.payment_id, payments.received_on, payments.amount, payments.emitter, payments.client_id,
    clients.client_name, payments.payer_id, payments.method, payments.reference, payments.label, payments.source,
    payments.status, cast(coalesce(allocated.amount, 0) as decimal(12, 2)) as allocated,
    cast(payments.amount - coalesce(allocated.amount, 0) as decimal(12, 2)) as unallocated
from payments
left join allocated using (payment_id)
left join {{ ref('stg_clients') }} as clients on clients.client_id = payments.client_id
