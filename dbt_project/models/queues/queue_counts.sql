-- What waits for somebody, for the front page. `oldest` is the time of the oldest fact that waits.
with queues as (
    select 'interventions_a_valider' as queue, count(*) as items, null::decimal(18, 2) as amount,
        min(starts_at) as oldest
    from {{ ref('interventions') }}
    where billing_state = 'sans_validation' and starts_at <= {{ as_of() }}

    union all
    select 'ecarts_planning', count(*), null, min(cast(date as timestamp)) from {{ ref('planning_gaps') }}

    union all
    select 'rejets', count(*), null, min(loaded_at) from {{ ref('rejected_rows') }} where resolved_by is null

    union all
    select 'simulation', count(*), sum(total_incl_vat), min(cast(period || '-01' as timestamp))
    from {{ ref('draft_invoices') }}
    where period < strftime({{ today() }}, '%Y-%m')

    union all
    select 'brouillons', count(*), sum(total_incl_vat), min(created_at)
    from {{ ref('invoices') }}
    where status = 'brouillon'

    union all
    select 'a_envoyer', count(*), sum(total_incl_vat), min(validated_at)
    from {{ ref('invoices') }}
    where status = 'validee'

    union all
    select 'envois_en_echec', count(*), null, min(asked_at) from {{ ref('sendings') }} where state = 'echec'

    union all
    select 'home_plus_clients', count(distinct client_id), null, null from {{ ref('home_plus_clients_to_check') }}

    union all
    select 'home_plus_a_demander', count(*), sum(amount), null
    from {{ ref('home_plus_invoices') }}
    where eligible and request_status = 'a_envoyer'

    union all
    select 'home_plus_erreurs', count(*), sum(amount), min(since) from {{ ref('home_plus_requests_in_error') }}

    union all
    select 'anomalies', count(*), null, min(first_seen) from {{ ref('anomalies') }}
),

labels as (
    select * from (values
        ('interventions_a_valider', 10, 'Activité', 'Interventions à valider'),
        ('ecarts_planning', 20, 'Activité', 'Écarts de planning'),
        ('rejets', 30, 'Activité', 'Imports'),
        ('simulation', 40, 'Facturation', 'Simulation'),
        ('brouillons', 50, 'Facturation', 'Brouillons et contrôles'),
        ('a_envoyer', 60, 'Facturation', 'Toutes les factures'),
        ('envois_en_echec', 70, 'Administration', 'Envois et tâches'),
        ('home_plus_clients', 80, 'Home+', 'Clients à vérifier'),
        ('home_plus_a_demander', 90, 'Home+', 'Clients Home+ toutes factures'),
        ('home_plus_erreurs', 100, 'Home+', 'Erreurs HOME+'),
        ('anomalies', 110, 'Administration', 'Anomalies')
    ) as listed (queue, rank, section, screen)
)

select
    queues.queue, labels.rank, labels.section, labels.screen,
    case queues.queue
        when 'rejets' then 'Lignes rejetées à corriger'
        when 'simulation' then 'Mois passés à facturer'
        when 'a_envoyer' then 'Factures validées à envoyer'
        when 'envois_en_echec' then 'Envois en échec'
        when 'home_plus_a_demander' then 'Demandes de paiement à faire'
        else labels.screen end as label,
    cast(queues.items as integer) as items, cast(queues.amount as decimal(18, 2)) as amount, queues.oldest
from queues
join labels using (queue)
