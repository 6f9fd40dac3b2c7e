-- Who loses: a client whose invoice or payment falls between two joins owes the wrong amount, and nobody is told.
with sides as (
    select 'client_total' as figure, sum(client_total) as amount from {{ ref('client_balances') }}
    union all
    select 'client_total', -sum(client_total) from {{ ref('int_billing__invoices') }} where status <> 'brouillon'
    union all
    select 'paid', sum(paid) from {{ ref('client_balances') }}
    union all
    select 'paid', -sum(amount) from {{ ref('payments') }}
    where status = 'recu' and client_id is not null and emitter in ('client', 'home_plus')
    union all
    select 'settled', sum(client_paid + payer_paid) from {{ ref('int_settlement__invoice_payments') }}
    union all
    select 'settled', -sum(amount) from {{ ref('allocations') }} where source = 'payment'
)

select figure, sum(amount) as gap
from sides
group by figure
having sum(amount) <> 0
