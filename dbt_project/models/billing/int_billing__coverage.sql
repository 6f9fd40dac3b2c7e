-- Who covers which minutes (spec 20, Care plan). Plans of a client and service are served in order (rank, start, id);
-- what one leaves uncovered is offered to the next. Within a plan and month, minutes already invoiced have drawn
-- first, then segments in order; a pool that runs out splits a segment at the minute.
with recursive offers as (
    select
        segments.segment_id, segments.intervention_id, segments.client_id, segments.service_code, segments.month,
        segments.starts_at, segments.date, segments.minutes, segments.day_type,
        plans.care_plan_id, plans.surcharge, plans.sunday_cap_minutes, plans.main_cap_minutes,
        segments.day_type = 'sunday_holiday' and plans.surcharge as at_sunday_rules,
        dense_rank() over (
            partition by segments.client_id, segments.service_code, segments.month
            order by plans.rank, plans.valid_from, plans.care_plan_id) as turn
    from {{ ref('int_billing__to_bill') }} as segments
    join {{ ref('int_billing__care_plans') }} as plans
        on plans.client_id = segments.client_id and plans.service_code = segments.service_code
        and segments.date between plans.valid_from and plans.valid_to and plans.counts
    where segments.contract_rate is not null and not segments.coverage_excluded
),

invoiced as (
    select care_plan_id, month, pool, minutes from {{ ref('invoice_lines') }} where pool is not null
    union all
    select care_plan_id, month, pool, -minutes from {{ ref('int_billing__reversals_due') }} where pool is not null
),

drawn as (
    select
        care_plan_id, month,
        greatest(coalesce(sum(minutes) filter (where pool = 'main'), 0), 0) as main_minutes,
        greatest(coalesce(sum(minutes) filter (where pool = 'sunday'), 0), 0) as sunday_minutes
    from invoiced
    group by care_plan_id, month
),

pools as (
    select
        offers.*,
        greatest(sunday_cap_minutes - coalesce(drawn.sunday_minutes, 0), 0) as sunday_left,
        case when main_cap_minutes is not null
            then greatest(main_cap_minutes - coalesce(drawn.main_minutes, 0), 0) end as main_left -- null: no cap
    from offers
    left join drawn using (care_plan_id, month)
),

last_turns as (select segment_id, max(turn) as last_turn, min(minutes) as minutes from pools group by segment_id),

turns as (
    select
        segment_id, 0 as turn, last_turn, minutes as remaining, null::varchar as care_plan_id,
        0 as sunday_minutes, 0 as main_minutes
    from last_turns

    union all

    select
        segment_id, turn, last_turn,
        cast(remaining - sunday_minutes - main_minutes as integer), care_plan_id,
        cast(sunday_minutes as integer), cast(main_minutes as integer)
    from (
        select
            *,
            -- an absent cap is handled before least(): least(x, NULL) is x
            case when main_left is null then main_asked
                else greatest(least(main_asked, main_left - coalesce(sum(main_asked) over earlier, 0)), 0)
                end as main_minutes
        from (
            select
                *,
                case when not coalesce(at_sunday_rules, false) then remaining * (care_plan_id is not null)::int
                    when sunday_cap_minutes is null then remaining
                    when sunday_cap_minutes = 0 then 0
                    else remaining - sunday_minutes end as main_asked
            from (
                select
                    *,
                    case when sunday_asked = 0 then 0
                        else greatest(least(sunday_asked, sunday_left - coalesce(sum(sunday_asked) over earlier, 0)), 0)
                        end as sunday_minutes
                from (
                    select
                        turns.segment_id, turns.turn + 1 as turn, turns.last_turn, turns.remaining,
                        pools.* exclude (segment_id, turn),
                        case when pools.at_sunday_rules and pools.sunday_cap_minutes > 0 then turns.remaining else 0
                            end as sunday_asked
                    from turns
                    left join pools on pools.segment_id = turns.segment_id and pools.turn = turns.turn + 1
                    where turns.turn < turns.last_turn
                ) as asked
                window earlier as (
                    partition by care_plan_id, month order by starts_at, intervention_id, segment_id
                    rows between unbounded preceding and 1 preceding)
            ) as with_sunday
        ) as with_main
        window earlier as (
            partition by care_plan_id, month order by starts_at, intervention_id, segment_id
            rows between unbounded preceding and 1 preceding)
    ) as served
)

select segment_id, turn, last_turn, care_plan_id, remaining, sunday_minutes, main_minutes
from turns
where turn > 0
