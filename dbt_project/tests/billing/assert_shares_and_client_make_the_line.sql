-- Who loses: the client or the agency, by the cent that neither owes.
select 'draft' as kind, draft_id as subject, line_no from {{ ref('draft_invoice_lines') }}
where payer_share + client_share <> amount or excl_vat + vat <> amount
union all
select 'invoice', invoice_id, line_no from {{ ref('invoice_lines') }}
where payer_share + client_share <> amount or excl_vat + vat <> amount
