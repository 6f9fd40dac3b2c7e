-- Who loses: whoever trusts the total. Totals are sums of rounded lines, compared to the cent.
with drafts as (
    select
        draft_id as subject, sum(amount) as incl, sum(excl_vat) as excl, sum(vat) as vat, sum(payer_share) as payer,
        sum(client_share) as client, count(*) as line_count
    from {{ ref('draft_invoice_lines') }}
    group by draft_id
),

frozen as (
    select
        invoice_id as subject, sum(amount) as incl, sum(excl_vat) as excl, sum(vat) as vat, sum(payer_share) as payer,
        sum(client_share) as client
    from {{ ref('invoice_lines') }}
    group by invoice_id
)

select draft_id as subject
from {{ ref('draft_invoices') }} as headers
left join drafts on drafts.subject = headers.draft_id
where (total_incl_vat, total_excl_vat, total_vat, payer_total, client_total, headers.line_count)
    is distinct from (coalesce(incl, 0), coalesce(excl, 0), coalesce(vat, 0), coalesce(payer, 0), coalesce(client, 0),
        coalesce(drafts.line_count, 0))
union all
select invoice_id
from {{ ref('invoices') }} as headers
left join frozen on frozen.subject = headers.invoice_id
where (total_incl_vat, total_excl_vat, total_vat, payer_total, client_total) is distinct from (incl, excl, vat, payer, client)
