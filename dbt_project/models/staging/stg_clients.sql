{% set overridable = ['payment_method', 'birth_date', 'email', 'phone', 'address', 'postal_code', 'city',
    'invoice_delivery', 'home_plus_id', 'home_plus_activated_on', 'home_plus_status'] %}

-- A value set by an action holds until a file brings a different value of that same field (spec 10): so the last
-- change of each field by a file is compared with the last decision about it.
with latest as ({{ latest_versions('clients') }}),

decisions as (
    select
        payload ->> 'client_id' as client_id,
        payload ->> 'field' as field,
        payload ->> 'value' as value,
        seq
    from {{ source('raw', 'events_clients') }}
    where kind = 'clients.field_set'
    qualify row_number() over (partition by client_id, field order by seq desc) = 1
),

file_values as (
    unpivot (
        select
            clients.client_id, clients._batch, clients._row, batches.journal_seq,
            {% for field in overridable %} coalesce({{ field }}, '') as {{ field }}{{ ',' if not loop.last }}
            {% endfor %}
        from {{ source('raw', 'clients') }} as clients
        join {{ source('raw', 'load_batches') }} as batches on batches.batch_id = clients._batch
        where clients.client_id in (select client_id from decisions)
    )
    on {{ overridable | join(', ') }} into name field value value
),

changes as (
    select
        client_id, field, journal_seq,
        lag(value) over (partition by client_id, field order by _batch, _row) as previous, value
    from file_values
),

last_changes as (
    select client_id, field, max(journal_seq) as journal_seq
    from changes
    where previous is null or previous <> value
    group by client_id, field
),

in_force as (
    select decisions.*
    from decisions
    left join last_changes using (client_id, field)
    where decisions.seq > coalesce(last_changes.journal_seq, -1)
),

overrides as (
    select
        client_id,
        {% for field in overridable %}
        max(value) filter (where field = '{{ field }}') as {{ field }},
        bool_or(field = '{{ field }}') as {{ field }}_set,
        {% endfor %}
        string_agg(field, ',' order by field) as overridden_fields
    from in_force
    group by client_id
)

select
    latest.client_id,
    civility, last_name, first_name, birth_name, birth_place_code,
    concat_ws(' ', case civility when 'M' then 'M.' else civility end, first_name, last_name) as client_name,
    strip_accents(lower(client_name)) as client_search, -- folded once: folding at each search took half a second
    {% for field in ['payment_method', 'email', 'phone', 'address', 'postal_code', 'city', 'invoice_delivery',
        'home_plus_id', 'home_plus_status'] %}
    case when overrides.{{ field }}_set then overrides.{{ field }} else latest.{{ field }} end as {{ field }},
    {% endfor %}
    {% for field in ['birth_date', 'home_plus_activated_on'] %}
    cast(case when overrides.{{ field }}_set then overrides.{{ field }} else latest.{{ field }} end as date)
        as {{ field }},
    {% endfor %}
    coalesce(latest.country, 'FR') as country,
    iban, bic, mandate_reference, {{ day('mandate_signed_on') }},
    coalesce(latest.agency_id, agencies.agency_id) as agency_id,
    overrides.overridden_fields,
    latest._batch as batch_id
from latest
left join overrides on overrides.client_id = latest.client_id
left join {{ ref('stg_agencies') }} as agencies on agencies.is_default
