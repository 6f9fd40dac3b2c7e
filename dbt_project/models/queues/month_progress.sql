-- How far each month is, from planned to paid: one row per month and stage.
with planned as (
    select strftime(local_starts_at, '%Y-%m') as period, count(*) as items
    from {{ ref('stg_plannings') }}
    group by 1
),

visits as (
    select period, count(*) as done, count(*) filter (where status = 'validee') as validated
    from {{ ref('interventions') }}
    where status <> 'annulee'
    group by period
),

-- what a month's bills are counted against: those made and those still to make
drafts as (
    select period, count(*) as left_to_bill from {{ ref('draft_invoices') }} group by period
),

bills as (
    select
        period, count(*) as created, sum(total_incl_vat) as created_amount,
        count(*) filter (where status = 'envoyee') as sent,
        sum(total_incl_vat) filter (where status = 'envoyee') as sent_amount,
        count(*) filter (where home_plus_status is not null and home_plus_status <> 'a_envoyer') as requested,
        sum(total_incl_vat) filter (where home_plus_status is not null and home_plus_status <> 'a_envoyer')
            as requested_amount,
        count(*) filter (where client_payment_state = 'regle' and status <> 'brouillon') as paid,
        sum(client_paid + payer_paid) as paid_amount
    from {{ ref('invoices') }}
    where kind in ('main', 'adj', 'repair')
    group by period
),

stages as (
    select period, 1 as rank, 'Planifiées' as stage, items, items as base, null::decimal(18, 2) as amount from planned
    union all
    select period, 2, 'Réalisées', done, greatest(done, coalesce(planned.items, 0)), null
    from visits
    left join planned using (period)
    union all select period, 3, 'Validées', validated, done, null from visits
    union all
    select period, 4, 'Facturées', created, created + coalesce(left_to_bill, 0), created_amount
    from bills
    left join drafts using (period)
    union all select period, 5, 'Envoyées', sent, created, sent_amount from bills
    union all select period, 6, 'Demandées à Home+', requested, created, requested_amount from bills
    union all select period, 7, 'Réglées', paid, created, paid_amount from bills
)

select
    period || ':' || rank as progress_id, period, rank, stage, cast(items as integer) as items,
    cast(base as integer) as base, -- what the bar is full at
    cast(coalesce(amount, 0) as decimal(18, 2)) as amount
from stages
