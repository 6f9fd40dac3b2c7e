with invoiced as (
    select client_id, sum(total_incl_vat) as total_invoiced, sum(client_total) as client_total
    from {{ ref('int_billing__invoices') }}
    where status <> 'brouillon'
    group by client_id
),

paid as (
    select
        client_id,
        sum(amount) filter (where status = 'recu') as paid,
        sum(amount) filter (where status = 'recu' and emitter = 'home_plus') as paid_by_home_plus,
        sum(amount) filter (where status = 'annonce') as announced,
        sum(unallocated) filter (where status = 'recu') as unallocated
    from {{ ref('payments') }}
    where client_id is not null and emitter in ('client', 'home_plus')
    group by client_id
)

select
    coalesce(invoiced.client_id, paid.client_id) as client_id, clients.client_name,
    {% for column in ['total_invoiced', 'client_total', 'paid', 'paid_by_home_plus', 'announced', 'unallocated'] -%}
    cast(coalesce({{ column }}, 0) as decimal(18, 2)) as {{ column }},
    {% endfor -%}
    cast(coalesce(client_total, 0) - coalesce(paid.paid, 0) as decimal(18, 2)) as net_to_pay
from invoiced
full join paid on paid.client_id = invoiced.client_id
left join {{ ref('stg_clients') }} as clients on clients.client_id = coalesce(invoiced.client_id, paid.client_id)
