-- Who loses: the payer, billed for more than the service cost. A reversal has both signs turned.
select draft_id as subject, line_no from {{ ref('draft_invoice_lines') }}
where abs(payer_share) > abs(amount) or (source = 'intervention' and (payer_share < 0 or client_share < 0))
union all
select invoice_id, line_no from {{ ref('invoice_lines') }}
where abs(payer_share) > abs(amount) or (source = 'intervention' and (payer_share < 0 or client_share < 0))
