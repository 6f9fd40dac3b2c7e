{{ config(materialized='view') }}
-- The lines of drafts and invoices of Home+ clients, as Home+ would be asked for them: the client's part only. Who is
-- one: whoever has an identifier, or an activation date or an account state without it (an entry to complete).
-- Grain: one row per line of a draft or an invoice.
with home_plus_clients as (
    select client_id
    from {{ ref('stg_clients') }}
    where home_plus_id is not null or home_plus_activated_on is not null or home_plus_status is not null
),

lines as (
    select 'draft' as subject_type, draft_id as subject_id, client_id, line_no, date, service_code, label, minutes,
        unit, rate, amount, excl_vat, vat, vat_rate, payer_share, client_share, is_adjustment, home_plus_nature,
        home_plus_activity, service_kind
    from {{ ref('draft_invoice_lines') }}
    union all
    select 'invoice', invoice_id, client_id, line_no, date, service_code, label, minutes, unit, rate, amount, excl_vat,
        vat, vat_rate, payer_share, client_share, is_adjustment, home_plus_nature, home_plus_activity, service_kind
    from {{ ref('invoice_lines') }}
)

select
    lines.* exclude (home_plus_nature, home_plus_activity, excl_vat, vat),
    coalesce(lines.home_plus_nature, fees.nature) as nature,
    coalesce(lines.home_plus_activity, fees.activity) as activity,
    case when payer_share = 0 then excl_vat else {{ excl_vat('client_share', 'vat_rate') }} end as asked_excl_vat,
    client_share - asked_excl_vat as asked_vat,
    fees.code is not null as is_reference_fee,
    -- hours of two decimals × the rate are this line, with nothing rounded
    unit = 'hour' and payer_share = 0 and minutes > 0 and minutes % 3 = 0
        and minutes * {{ cents('rate') }} = 60 * {{ cents('amount') }} as is_exact
from lines
semi join home_plus_clients using (client_id)
left join {{ ref('fee_products') }} as fees
    on fees.code = lines.service_code and lines.service_kind = 'fee'
    {%- if var('home_plus_fee_products') %}
    and fees.code in ({% for code in var('home_plus_fee_products') %}{{ sql_text(code) }}{{ ', ' if not loop.last }}{% endfor %})
    {%- endif %}
