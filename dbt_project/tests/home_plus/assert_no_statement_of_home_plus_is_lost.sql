-- Who loses: an agency that never hears of a refusal. Every item of every answer and every row of a file is a
-- synchronisation, once.
with told as (
    select sum(len(items ->> '$[*].subject')) as amount
    from {{ source('raw', 'responses') }}
    where gateway = 'home_plus'
    union all
    select count(*) from {{ ref('stg_home_plus_responses') }}
    union all
    select count(*) from {{ source('raw', 'events_home_plus') }} where kind = 'home_plus.request_stopped'
),

kept as (select count(*) as amount from {{ ref('home_plus_syncs') }})

select sum(told.amount) as told, any_value(kept.amount) as kept
from told, kept
having coalesce(sum(told.amount), 0) <> any_value(kept.amount)
