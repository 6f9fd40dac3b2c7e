-- What Home+ said that we cannot follow: kept as it came, never applied, shown here until someone settles it.
-- Grain: one row per anomaly.
with settled as (
    select invoice_number, max(position) as position
    from {{ ref('int_home_plus__timeline') }}
    where kind = 'accepted'
    group by invoice_number
),

illegal as (
    select
        'HP_STATUT_ILLEGAL' as code, fold.invoice_number as entity_id,
        'Home+ annonce « ' || said.label_fr || ' » alors que la demande est « ' || known.label_fr
            || ' » : état inchangé.' as message,
        min(fold."at") as first_seen
    from {{ ref('int_home_plus__fold') }} as fold
    join {{ ref('lifecycle_states') }} as said on said.lifecycle = 'home_plus' and said.state = fold.state
    join {{ ref('lifecycle_states') }} as known
        on known.lifecycle = 'home_plus' and known.state = fold.current_state
    left join settled using (invoice_number)
    where fold.verdict = 'illegal' and fold.position > coalesce(settled.position, 0)
    group by all
),

unknown_statuses as (
    select 'HP_STATUT_INCONNU' as code, invoice_number as entity_id, 'Home+ annonce un statut inconnu : '
        || status_code || coalesce(' « ' || status_label || ' »', '') || '.' as message, min("at") as first_seen
    from {{ ref('int_home_plus__timeline') }}
    where is_unknown_status
    group by all
),

unknown_errors as (
    select 'HP_ERREUR_INCONNUE' as code, timeline.invoice_number as entity_id, 'Code d’erreur absent de la liste : '
        || timeline.error_code || coalesce(' « ' || any_value(timeline.message order by timeline.position) || ' »', '')
        || '.' as message, min(timeline."at") as first_seen
    from {{ ref('int_home_plus__timeline') }} as timeline
    where timeline.error_code not in (select code from {{ ref('home_plus_errors') }})
    group by timeline.invoice_number, timeline.error_code
    union all
    select 'HP_REJET_INCONNU', invoice_number, 'Motif de rejet absent de la liste : ' || rejection_code || '.', min("at")
    from {{ ref('int_home_plus__timeline') }}
    where rejection_code not in (select code from {{ ref('home_plus_errors') }})
    group by invoice_number, rejection_code
),

unknown_invoices as (
    select 'HP_FACTURE_INCONNUE' as code, invoice_number as entity_id,
        'Home+ parle de la facture ' || invoice_number || ' que Guichet ne connaît pas.' as message,
        min("at") as first_seen
    from {{ ref('int_home_plus__timeline') }}
    where invoice_number not in (
        select invoice_number from {{ ref('int_billing__invoices') }} where invoice_number is not null)
    group by invoice_number
)

select
    code || ':' || entity_id || ':' || row_number() over (partition by code, entity_id order by first_seen, message)
        as anomaly_id,
    code, 'home_plus' as source, 'invoice' as entity_type, entity_id, message, first_seen
from (
    from illegal
    union all from unknown_statuses
    union all from unknown_errors
    union all from unknown_invoices
)
