-- What is validated and not on any invoice yet: segments, each with the contract price of its day.
with claimed as (
    select distinct source_id, date, source_version
    from {{ ref('invoice_lines') }}
    where source = 'intervention' and not is_released
),

unclaimed as (
    select segments.* exclude (status)
    from {{ ref('int_billing__segments') }} as segments
    anti join claimed
        on claimed.source_id = segments.intervention_id and claimed.date = segments.date
        and claimed.source_version = segments.version
    where segments.status = 'validee'
),

contracts as (
    select *, count(*) over (partition by client_id, service_code) > 1 as has_several
    from {{ ref('stg_contracts') }}
),

clients_with_several as (select distinct client_id, service_code from contracts where has_several),

priced_by_one as (
    select unclaimed.*, contracts.* exclude (client_id, service_code, has_several), 1 as contract_count
    from unclaimed
    anti join clients_with_several using (client_id, service_code)
    left join contracts
        on contracts.client_id = unclaimed.client_id and contracts.service_code = unclaimed.service_code
        and unclaimed.date between contracts.valid_from and contracts.valid_to
),

priced_by_latest as (
    select
        unclaimed.*, contracts.* exclude (client_id, service_code, has_several),
        count(contracts.contract_id) over (partition by unclaimed.segment_id) as contract_count
    from unclaimed
    semi join clients_with_several using (client_id, service_code)
    left join contracts
        on contracts.client_id = unclaimed.client_id and contracts.service_code = unclaimed.service_code
        and unclaimed.date between contracts.valid_from and contracts.valid_to
    qualify row_number() over (
        partition by unclaimed.segment_id order by contracts.valid_from desc, contracts.contract_id desc) = 1
),

priced as (
    select * from priced_by_one
    union all by name
    select * from priced_by_latest
)

select
    priced.* exclude (unit_price, saturday_price, sunday_holiday_price, valid_from, valid_to, batch_id),
    case when services.service_code is null then null -- an unknown service has no VAT, so no price either
        when day_type = 'sunday_holiday' then coalesce(sunday_holiday_price, priced.unit_price)
        when day_type = 'saturday' then coalesce(saturday_price, priced.unit_price)
        else priced.unit_price end as contract_rate, -- null: no contract, so no price
    services.vat_rate
from priced
left join {{ ref('stg_services') }} as services using (service_code)
