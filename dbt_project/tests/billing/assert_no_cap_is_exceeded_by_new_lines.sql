-- Who loses: the agency, whose payer refuses the hours over the cap. Minutes already invoiced keep what they were
-- invoiced with (a cap may have been lowered since), so a month counts only when a draft draws from it.
with drawn as (
    select care_plan_id, strftime(date, '%Y-%m') as month, pool, minutes, true as is_new
    from {{ ref('draft_invoice_lines') }}
    where pool is not null
    union all
    select care_plan_id, month, pool, minutes, false from {{ ref('invoice_lines') }} where pool is not null
),

pools as (
    select care_plan_id, month, pool, sum(minutes) as minutes, sum(minutes) filter (where not is_new) as before
    from drawn
    group by care_plan_id, month, pool
    having bool_or(is_new)
)

select pools.*
from pools
join {{ ref('int_billing__care_plans') }} as plans using (care_plan_id)
where (pool = 'main' and main_cap_minutes is not null and minutes > greatest(main_cap_minutes, coalesce(before, 0)))
    or (pool = 'sunday' and minutes > greatest(sunday_cap_minutes, coalesce(before, 0)))
