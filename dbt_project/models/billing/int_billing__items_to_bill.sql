-- Fees, discounts and pieces not on any invoice yet. A discount lowers the bill whatever sign the file gave it.
with claimed as (
    select distinct source_id, source_version
    from {{ ref('invoice_lines') }}
    where source = 'item' and not is_released
),

items as (
    select
        items.* exclude (label, unit_price), strftime(items.date, '%Y-%m') as month,
        coalesce(items.label, services.label) as label, coalesce(items.unit_price, services.unit_price) as unit_price,
        services.kind as service_kind, services.unit, services.vat_rate, services.home_plus_nature,
        services.home_plus_activity
    from {{ ref('stg_billable_items') }} as items
    left join {{ ref('stg_services') }} as services using (service_code)
    anti join claimed on claimed.source_id = items.item_id and claimed.source_version = items.version
    where not items.is_cancelled
),

priced as (
    select
        *,
        {{ from_cents(div_round("(cast(quantity * 10000 as bigint) * " ~ cents('unit_price') ~ ")", 10000)) }} as amount
    from items
)

select
    * exclude (amount),
    case when service_kind is null then null -- unknown service: no VAT, so no price
        when service_kind = 'discount' then cast(-abs(amount) as decimal(12, 2)) else amount end as amount
from priced
