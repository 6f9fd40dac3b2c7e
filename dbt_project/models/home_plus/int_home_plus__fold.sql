-- What each statement about a request did to its state (spec 30): legal is what the lifecycle reaches by a path that
-- does not pass through "En attente d'échanges"; what is older than the current state is history; anything else
-- leaves the state as it is until someone settles it. Grain: one row per invoice number and step that matters.
with recursive edges as (
    select from_state, to_state from {{ ref('lifecycle_transitions') }} where lifecycle = 'home_plus'
),

reachable as (
    select from_state, to_state from edges
    union
    select reachable.from_state, edges.to_state
    from reachable
    join edges on edges.from_state = reachable.to_state
    where reachable.to_state <> 'en_attente_echanges'
),

said as (
    select
        invoice_number, sync_id, position, "at", state, kind = 'accepted' as is_decision,
        coalesce("at" < max("at") over (partition by invoice_number order by position
            rows between unbounded preceding and 1 preceding), false) as may_be_late
    from {{ ref('int_home_plus__timeline') }}
    where state is not null
),

compared as (
    select
        *,
        lag(state) over (partition by invoice_number order by position) as state_before,
        lag(may_be_late) over (partition by invoice_number order by position) as before_may_be_late
    from said
),

-- Polls repeat themselves for weeks: the same state again changes nothing, unless the statement before it was
-- perhaps too late to count.
steps as (
    select *, row_number() over (partition by invoice_number order by position) as step
    from compared
    where is_decision or state_before is null or state_before <> state or before_may_be_late
),

folded as (
    select
        invoice_number, cast(0 as bigint) as step, 'a_envoyer' as current_state, null::timestamp as since, 0 as stay,
        null::varchar as waiting_state, null::timestamp as waiting_since, null::varchar as previous_state,
        null::varchar as verdict, null::varchar as sync_id, null::bigint as position, null::timestamp as "at",
        null::varchar as state
    from steps
    where step = 1

    union all
    select
        invoice_number, step,
        case when moves then state else current_state end,
        -- an accepted state has lasted since it was first announced
        case when moves then case when waiting_state = state then waiting_since else at_step end else since end,
        case when moves then stay + 1 else stay end,
        case when new_verdict = 'illegal' then state when new_verdict in ('accepte', 'applique') then null
            else waiting_state end,
        case when new_verdict = 'illegal' and waiting_state is distinct from state then at_step
            when new_verdict in ('accepte', 'applique') then null else waiting_since end,
        current_state, new_verdict, sync_id, position, at_step, state
    from (
        select
            steps.invoice_number, steps.step, steps.sync_id, steps.position, steps."at" as at_step, steps.state,
            folded.current_state, folded.since, folded.stay, folded.waiting_state, folded.waiting_since,
            -- not named `verdict`: folded has a column of that name, which would win
            case when steps.is_decision then 'accepte'
                when steps."at" < folded.since then 'historique'
                when steps.state = folded.current_state then 'inchange'
                when reachable.to_state is not null then 'applique'
                else 'illegal' end as new_verdict,
            new_verdict in ('accepte', 'applique') and steps.state <> folded.current_state as moves
        from folded
        join steps on steps.invoice_number = folded.invoice_number and steps.step = folded.step + 1
        left join reachable
            on reachable.from_state = folded.current_state and reachable.to_state = steps.state
    )
)

select
    invoice_number, step, sync_id, position, "at", state, verdict, previous_state, current_state, since, stay,
    current_state <> previous_state as moves
from folded
where step > 0
