-- Who loses: client or agency, by the minutes that coverage dropped or counted twice.
with parts as (
    select segment_id, sum(minutes) as minutes from {{ ref('int_billing__parts') }} group by segment_id
)

select bill.segment_id, bill.minutes, parts.minutes as billed
from {{ ref('int_billing__to_bill') }} as bill
left join parts using (segment_id)
where bill.contract_rate is not null and parts.minutes is distinct from bill.minutes
