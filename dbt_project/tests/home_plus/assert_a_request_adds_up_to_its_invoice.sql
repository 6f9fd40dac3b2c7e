-- Who loses: the client, debited by Home+ for something else than the invoice says. Read back from the text that is
-- sent, not from what it was made of.
with bodies as (
    select
        invoice_id, amount, cast(request ->> 'mntFactureTTC' as decimal(12, 2)) as total,
        cast(request ->> 'mntFactureHT' as decimal(12, 2)) as excl_vat,
        unnest(from_json(request -> 'inputPrestations', '[{"quantite": "DECIMAL(12,2)", "mntUnitaireTTC": "DECIMAL(12,2)",
            "mntPrestationTTC": "DECIMAL(12,2)", "mntPrestationHT": "DECIMAL(12,2)",
            "mntPrestationTVA": "DECIMAL(12,2)"}]')) as line
    from {{ ref('home_plus_request_bodies') }}
)

select bodies.invoice_id
from bodies
join {{ ref('int_billing__invoices') }} as invoices using (invoice_id)
group by bodies.invoice_id, bodies.amount, bodies.total, bodies.excl_vat, invoices.client_total
having bodies.amount <> invoices.client_total or bodies.total <> invoices.client_total
    or sum(line."mntPrestationTTC") <> bodies.total or sum(line."mntPrestationHT") <> bodies.excl_vat
    or bool_or(line."quantite" * line."mntUnitaireTTC" <> line."mntPrestationTTC")
    or bool_or(line."mntPrestationHT" + line."mntPrestationTVA" <> line."mntPrestationTTC")
