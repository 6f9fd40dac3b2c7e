with blocking as (
    select draft_id, cast(count(*) as integer) as blocking_controls
    from {{ ref('invoice_controls') }}
    where severity = 'bloquant' and draft_id is not null and invoice_id is null
    group by draft_id
)

select
    headers.draft_id, headers.kind, headers.client_id, headers.client_name, headers.client_search, headers.period,
    headers.total_incl_vat, headers.total_excl_vat, headers.total_vat, headers.payer_total, headers.client_total,
    headers.line_count, headers.payment_method, headers.delivery, headers.replaces,
    coalesce(blocking.blocking_controls, 0) as blocking_controls
from {{ ref('int_billing__draft_headers') }} as headers
left join blocking using (draft_id)
