-- Where what is to be billed goes: the main draft of its month, or, when that month's main invoice exists, an
-- adjustment (its own draft, or the client's earliest main draft of a later month: setting `adjustments`).
with wanted as (
    select distinct client_id, month from {{ ref('int_billing__to_bill') }}
    union
    select distinct client_id, month from {{ ref('int_billing__reversals_due') }}
    union
    select distinct client_id, strftime(date, '%Y-%m') from {{ ref('int_billing__items_to_bill') }}
),

months as (
    select
        client_id, period as month,
        bool_or(kind = 'main' and not is_released) as has_main,
        count(*) filter (where created_kind = 'adj' and not is_released) as adjustments,
        arg_max(invoice_number, created_seq) filter (where is_released and kind = 'main') as released_main,
        arg_max(invoice_number, created_seq) filter (where is_released and created_kind = 'adj') as released_adj
    from {{ ref('int_billing__invoices') }}
    group by client_id, period
),

placed as (
    select
        wanted.*,
        coalesce(months.has_main, false) as is_adjustment,
        coalesce(months.adjustments, 0) + 1 as next_adjustment,
        case when coalesce(months.has_main, false) then months.released_adj else months.released_main end as replaces
    from wanted
    left join months using (client_id, month)
),

targets as (
    select
        placed.*,
        {% if var('adjustments') == 'inline' %}
        case when is_adjustment then
            min(month) filter (where not is_adjustment) over (
                partition by client_id order by month, is_adjustment desc
                rows between 1 following and unbounded following) end as inline_month
        {% else %}
        null::varchar as inline_month
        {% endif %}
    from placed
)

select
    client_id, month, is_adjustment,
    coalesce(inline_month, month) as period,
    case when is_adjustment and inline_month is null then 'adj' else 'main' end as kind,
    case when inline_month is null then replaces end as replaces,
    'D-' || client_id || '-' || replace(coalesce(inline_month, month), '-', '')
        || case when is_adjustment and inline_month is null then '-adj' || next_adjustment else '-main' end as draft_id
from targets
