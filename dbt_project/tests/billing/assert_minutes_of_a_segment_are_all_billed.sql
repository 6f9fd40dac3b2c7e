-- Who loses: client or agency, by the minutes that coverage dropped or counted twice.
with billed as (
    select source_id, date, source_version, sum(minutes) as minutes
    from {{ ref('draft_invoice_lines') }}
    where source = 'intervention'
    group by source_id, date, source_version
)

select bill.segment_id, bill.minutes, billed.minutes as billed
from {{ ref('int_billing__to_bill') }} as bill
left join billed
    on billed.source_id = bill.intervention_id and billed.date = bill.date and billed.source_version = bill.version
where bill.contract_rate is not null and billed.minutes is distinct from bill.minutes
