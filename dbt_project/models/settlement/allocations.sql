-- A Home+ receipt settles its own invoice without anyone's action (spec 30), as far as what explicit allocations and
-- earlier receipts leave due; an announced transfer settles nothing before its date.
with recorded as (
    select payload ->> 'payment_id' as payment_id
    from {{ source('raw', 'events_settlement') }}
    where kind = 'settlement.payment_recorded'
),

-- a payment that its file has cancelled settles nothing any more
standing as (
    select *
    from {{ ref('int_settlement__explicit_allocations') }}
    where source <> 'payment' or source_id in (
        select payment_id from recorded
        union all select payment_id from {{ ref('stg_payments') }}
        union all select payment_id from {{ ref('int_home_plus__receipts') }}
    )
),

-- and one that its file has lowered settles no more than it is now, the first allocations first
lowered as (
    select
        standing.* exclude (amount),
        case when files.amount is null then standing.amount
            else least(standing.amount, files.amount - coalesce(sum(standing.amount) over (
                partition by standing.source, standing.source_id order by standing.seq, standing.allocation_id
                rows between unbounded preceding and 1 preceding), 0)) end as amount
    from standing
    left join (
        select payment_id, amount from {{ ref('stg_payments') }} anti join recorded using (payment_id)
    ) as files on files.payment_id = case when standing.source = 'payment' then standing.source_id end
),

explicit as (
    select * from lowered where amount > 0
),

on_invoices as (
    select invoice_number, sum(amount) as amount
    from explicit
    where part = 'client'
    group by invoice_number
),

from_payments as (
    select source_id as payment_id, sum(amount) as amount
    from explicit
    where source = 'payment'
    group by source_id
),

refused as (
    select distinct payload ->> 'allocation_id' as allocation_id
    from {{ source('raw', 'events_settlement') }}
    where kind = 'settlement.unallocated'
),

receipts as (
    select
        receipts.payment_id || ':' || receipts.invoice_number as allocation_id, receipts.payment_id,
        receipts.invoice_number, receipts.since,
        greatest(receipts.amount - coalesce(from_payments.amount, 0), 0) as available,
        greatest(invoices.client_total - coalesce(on_invoices.amount, 0), 0) as due,
        coalesce(sum(available) over (partition by receipts.invoice_number order by receipts.receipt_no
            rows between unbounded preceding and 1 preceding), 0) as used_before
    from {{ ref('int_home_plus__receipts') }} as receipts
    join {{ ref('int_billing__invoices') }} as invoices using (invoice_number)
    left join on_invoices using (invoice_number)
    left join from_payments using (payment_id)
    where receipts.status = 'recu'
        and receipts.payment_id || ':' || receipts.invoice_number not in (select allocation_id from refused)
),

derived as (
    select *, least(available, greatest(due - used_before, 0)) as amount
    from receipts
)

select
    allocation_id, source, source_id, invoice_number, part, payer_id, bordereau_id,
    cast(amount as decimal(12, 2)) as amount, allocated_at, false as is_automatic
from explicit
union all by name
select
    allocation_id, 'payment' as source, payment_id as source_id, invoice_number, 'client' as part,
    null as payer_id, null as bordereau_id, cast(amount as decimal(12, 2)) as amount, since as allocated_at,
    true as is_automatic
from derived
where amount > 0
