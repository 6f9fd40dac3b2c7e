-- Every join to a reference table counts on one row a key, and every fold on transitions between states that
-- exist: a doubled key would double amounts, an unknown state would lose a request without a word.
with keys as (
    select 'lifecycle_states' as seed, lifecycle || '|' || state as key from {{ ref('lifecycle_states') }}
    union all
    select 'lifecycle_states (external_code)', lifecycle || '|' || external_code from {{ ref('lifecycle_states') }}
    where external_code is not null
    union all
    select 'lifecycle_transitions', concat_ws('|', lifecycle, from_state, to_state) from {{ ref('lifecycle_transitions') }}
    union all select 'home_plus_errors', code from {{ ref('home_plus_errors') }}
    union all select 'fee_products', code from {{ ref('fee_products') }}
    union all select 'holidays', concat_ws('|', country, coalesce(region, ''), date) from {{ ref('holidays') }}
    union all select 'control_codes', code from {{ ref('control_codes') }}
),

ends as (
    select lifecycle, unnest([from_state, to_state]) as state from {{ ref('lifecycle_transitions') }}
)

select seed || ': ' || coalesce(key, 'null') || ' occurs ' || count(*) || ' times' as problem
from keys
group by seed, key
having count(*) > 1 or key is null
union all
select 'unknown state ' || lifecycle || '|' || state
from ends
anti join {{ ref('lifecycle_states') }} using (lifecycle, state)
union all
select 'unknown value ' || code || ': ' || coalesce(fixable_by, 'null')
from {{ ref('home_plus_errors') }}
where coalesce(fixable_by not in ('client', 'agency', 'payer', 'retry'), true)
union all
select 'unknown value ' || code || ': ' || coalesce(severity, 'null')
from {{ ref('control_codes') }}
where coalesce(severity not in ('bloquant', 'alerte', 'home_plus'), true)
union all
select 'no reason for ' || code
from {{ ref('control_codes') }}
anti join {{ ref('home_plus_errors') }} using (code)
where severity = 'home_plus'
