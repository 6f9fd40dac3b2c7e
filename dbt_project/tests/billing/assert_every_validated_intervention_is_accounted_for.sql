-- Who loses: the agency, which worked and never bills (or bills twice). Each validated intervention, for each of its
-- segments, is on exactly one of: a draft, an invoice, a control that says why not.
with segments as (
    select intervention_id, date, version from {{ ref('int_billing__segments') }} where status = 'validee'
),

places as (
    select distinct source_id, date, source_version, draft_id as place
    from {{ ref('draft_invoice_lines') }}
    where source = 'intervention'
    union all
    select source_id, date, source_version, invoice_id
    from {{ ref('invoice_lines') }}
    where source = 'intervention' and not is_released
    group by source_id, date, source_version, invoice_id
    union all
    select bill.intervention_id, bill.date, bill.version, 'control'
    from {{ ref('int_billing__to_bill') }} as bill
    where bill.intervention_id in (select subject from {{ ref('invoice_controls') }} where code = 'TARIF_MANQUANT')
        and bill.contract_rate is null
)

select segments.intervention_id, segments.date, count(places.place) as places
from segments
left join places
    on places.source_id = segments.intervention_id and places.date = segments.date
    and places.source_version = segments.version
group by segments.intervention_id, segments.date, segments.version
having count(places.place) <> 1
