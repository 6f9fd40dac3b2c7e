with drafts as (
    select draft_id, any_value(client_id) as client_id, any_value(period) as period, max(kind) as kind,
        max(replaces) as replaces
    from {{ ref('int_billing__placement') }}
    group by draft_id
),

totals as (
    select
        draft_id,
        cast(sum(amount) as decimal(12, 2)) as total_incl_vat,
        cast(sum(excl_vat) as decimal(12, 2)) as total_excl_vat,
        cast(sum(vat) as decimal(12, 2)) as total_vat,
        cast(sum(payer_share) as decimal(12, 2)) as payer_total,
        cast(sum(client_share) as decimal(12, 2)) as client_total,
        cast(count(*) as integer) as line_count
    from {{ ref('draft_invoice_lines') }}
    group by draft_id
)

select
    drafts.draft_id, drafts.kind, drafts.client_id, drafts.period, drafts.replaces,
    coalesce(totals.total_incl_vat, 0.00) as total_incl_vat,
    coalesce(totals.total_excl_vat, 0.00) as total_excl_vat,
    coalesce(totals.total_vat, 0.00) as total_vat,
    coalesce(totals.payer_total, 0.00) as payer_total,
    coalesce(totals.client_total, 0.00) as client_total,
    coalesce(totals.line_count, 0) as line_count,
    clients.payment_method, clients.invoice_delivery as delivery, clients.client_name, clients.client_search
from drafts
left join totals using (draft_id)
left join {{ ref('stg_clients') }} as clients using (client_id)
