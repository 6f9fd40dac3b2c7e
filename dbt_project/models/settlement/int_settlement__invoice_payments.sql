-- What has settled each invoice, per part. A credit note set off against an invoice is used up by as much: its own
-- negative total is settled by a negative amount. Grain: one row per invoice number that an allocation touches.
with edges as (
    select invoice_number, part, amount from {{ ref('allocations') }}
    union all
    select source_id, part, -amount from {{ ref('allocations') }} where source = 'credit_note'
)

select
    invoice_number,
    cast(coalesce(sum(amount) filter (where part = 'client'), 0) as decimal(12, 2)) as client_paid,
    cast(coalesce(sum(amount) filter (where part = 'payer'), 0) as decimal(12, 2)) as payer_paid
from edges
group by invoice_number
