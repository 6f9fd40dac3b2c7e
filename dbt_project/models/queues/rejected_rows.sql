{% set sources = ['agencies', 'clients', 'services', 'contracts', 'plannings', 'interventions', 'billable_items', 'payers',
    'payer_defaults', 'care_plans', 'home_plus_responses', 'payments'] %}

-- A rejected row is resolved by a later accepted row of the same key, or by one that names it in the column `_rejet`
-- of the file of rejects that was corrected and loaded again.
with rejected as (
    select *, batch_id || ':' || row_no as reject_id from {{ source('raw', 'rejected_rows') }}
),

accepted as (
    {% for name in sources %}
    select '{{ name }}' as source, _key as key, _batch as batch_id, _extra ->> '_rejet' as names_reject
    from {{ source('raw', name) }}
    where _key in (select key from rejected where source = '{{ name }}') or (_extra ->> '_rejet') is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

resolutions as (
    select rejected.reject_id, min(accepted.batch_id) as resolved_by
    from rejected
    join accepted
        on accepted.source = rejected.source and accepted.batch_id > rejected.batch_id
        and (accepted.key = rejected.key or accepted.names_reject = rejected.reject_id)
    group by rejected.reject_id
)

select
    rejected.reject_id, rejected.batch_id, rejected.source, rejected.file_name, rejected.row_no, rejected.key,
    rejected.raw, rejected.errors,
    array_to_string(from_json(rejected.errors, '[{"column": "VARCHAR", "message": "VARCHAR"}]')
        .list_transform(lambda e: coalesce(e."column" || ' : ', '') || e.message), ' ; ')
        as reasons,
    batches.loaded_at, resolutions.resolved_by
from rejected
left join resolutions using (reject_id)
left join {{ source('raw', 'load_batches') }} as batches using (batch_id)
