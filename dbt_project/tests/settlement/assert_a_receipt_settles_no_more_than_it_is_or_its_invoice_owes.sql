-- Who loses: the agency, whose other invoices would look paid by money that never came. Explicit allocations are
-- checked when they are decided; these are the ones that nobody looks at.
select allocations.allocation_id
from {{ ref('allocations') }} as allocations
join {{ ref('int_home_plus__receipts') }} as receipts on receipts.payment_id = allocations.source_id
join {{ ref('int_billing__invoices') }} as invoices on invoices.invoice_number = allocations.invoice_number
join {{ ref('int_settlement__invoice_payments') }} as paid on paid.invoice_number = allocations.invoice_number
where allocations.is_automatic
    and (allocations.amount > receipts.amount or receipts.status <> 'recu' or paid.client_paid > invoices.client_total)
