-- Planned against done (spec 20): what was planned and not done, done and not planned, longer or shorter than planned,
-- and people who were in two places at once. Times in French local time in the messages.
with plannings as (
    select *, local_starts_at as local_start, cast(local_starts_at as date) as date,
        cast(datediff('minute', starts_at, ends_at) as integer) as minutes
    from {{ ref('stg_plannings') }}
),

interventions as (
    select *, local_starts_at as local_start, cast(local_starts_at as date) as date,
        cast(datediff('minute', starts_at, ends_at) as integer) as minutes
    from {{ ref('stg_interventions') }}
),

-- By the planning's own id; else the overlapping plan of the same client and worker that overlaps most.
by_id as (
    select interventions.intervention_id, plannings.planning_id
    from interventions
    join plannings using (planning_id)
),

by_time as (
    select interventions.intervention_id, plannings.planning_id
    from interventions
    join plannings
        on plannings.client_id = interventions.client_id and plannings.worker_id = interventions.worker_id
        and plannings.date = interventions.date
        and plannings.starts_at < interventions.ends_at and interventions.starts_at < plannings.ends_at
    where interventions.planning_id is null
    qualify row_number() over (
        partition by interventions.intervention_id
        order by least(plannings.ends_at, interventions.ends_at) - greatest(plannings.starts_at, interventions.starts_at)
            desc, plannings.planning_id) = 1
),

matched as (
    select * from by_id
    union all
    select * from by_time
),

missing as (
    select
        'MANQUANTE:' || plannings.planning_id as gap_id, null as intervention_id, plannings.planning_id,
        plannings.client_id, plannings.worker_id, plannings.service_code, plannings.date, 'MANQUANTE' as code,
        plannings.minutes as planned_minutes, 0 as done_minutes,
        'Prévue à ' || strftime(plannings.local_start, '%H:%M') || ', aucune intervention reçue.' as message
    from plannings
    anti join matched using (planning_id)
    where plannings.ends_at < {{ as_of() }}
),

planned_months as (select distinct date_trunc('month', date) as month from plannings),

unplanned as (
    select
        'NON_PLANIFIEE:' || interventions.intervention_id as gap_id, interventions.intervention_id,
        null as planning_id, interventions.client_id, interventions.worker_id, interventions.service_code,
        interventions.date, 'NON_PLANIFIEE' as code, 0 as planned_minutes, interventions.minutes as done_minutes,
        'Réalisée à ' || strftime(interventions.local_start, '%H:%M') || ' sans planning.' as message
    from interventions
    semi join planned_months on planned_months.month = date_trunc('month', interventions.date)
    anti join matched using (intervention_id)
    where interventions.status <> 'annulee'
),

durations as (
    select
        'ECART_DUREE:' || interventions.intervention_id as gap_id, interventions.intervention_id,
        plannings.planning_id, interventions.client_id, interventions.worker_id, interventions.service_code,
        interventions.date, 'ECART_DUREE' as code, plannings.minutes as planned_minutes,
        interventions.minutes as done_minutes,
        'Prévue ' || plannings.minutes || ' min, réalisée ' || interventions.minutes || ' min.' as message
    from matched
    join plannings using (planning_id)
    join interventions on interventions.intervention_id = matched.intervention_id
    where abs(plannings.minutes - interventions.minutes) > {{ var('planning_gap_minutes') }}
        and interventions.status <> 'annulee'
),

{% set people = [
    ('worker_id', 'intervenants', 'CHEVAUCHEMENT_INTERVENANT', "Le même intervenant est déjà sur l’intervention "),
    ('client_id', 'clients', 'CHEVAUCHEMENT_CLIENT', "Le même client a déjà l’intervention ")] %}
{% for who, name, code, label in people %}
running_{{ name }} as (
    select
        intervention_id, planning_id, client_id, worker_id, service_code, date, minutes, starts_at,
        max(ends_at) over (
            partition by {{ who }} order by starts_at, intervention_id
            rows between unbounded preceding and 1 preceding) as running_until
    from interventions
    where status <> 'annulee'
),

overlapping_{{ name }} as (
    select
        later.intervention_id, later.planning_id, later.client_id, later.worker_id, later.service_code, later.date,
        later.minutes, min(earlier.intervention_id) as running_id
    from running_{{ name }} as later
    join interventions as earlier
        on earlier.{{ who }} = later.{{ who }} and earlier.ends_at = later.running_until
    where later.running_until > later.starts_at and earlier.status <> 'annulee'
        and earlier.intervention_id <> later.intervention_id
        and (earlier.starts_at, earlier.intervention_id) < (later.starts_at, later.intervention_id)
        {{ 'and earlier.worker_id <> later.worker_id' if who == 'client_id' }}
    group by all
),

{% endfor %}
in_two_places as (
    {% for who, name, code, label in people %}
    select
        '{{ code }}:' || intervention_id as gap_id, intervention_id, planning_id, client_id, worker_id, service_code,
        date, '{{ code }}' as code, null::integer as planned_minutes, minutes as done_minutes,
        '{{ label }}' || running_id || ' à cette heure.' as message
    from overlapping_{{ name }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

gaps as (
    select * from missing
    union all select * from unplanned
    union all select * from durations
    union all select * from in_two_places
)

select gaps.*, clients.client_name, strftime(gaps.date, '%Y-%m') as period
from gaps
left join {{ ref('stg_clients') }} as clients using (client_id)
