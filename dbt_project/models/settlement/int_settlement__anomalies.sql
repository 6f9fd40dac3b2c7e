-- Money that does not fit together. Nothing is changed for it: someone has to look. Grain: one row per anomaly.
with recorded as (
    select payload ->> 'payment_id' as payment_id, min(occurred_at) as recorded_at
    from {{ source('raw', 'events_settlement') }}
    where kind = 'settlement.payment_recorded'
    group by 1
)

-- the same money twice: once as Home+ announces it, once in a file or by hand
select 'HP_VIREMENT_EN_DOUBLE' as code, 'settlement' as source, 'payment' as entity_type,
    payments.payment_id as entity_id,
    'Le règlement ' || payments.payment_id || ' (Home+) nomme la facture ' || payments.reference
        || ', dont le virement est déjà compté.' as message,
    min(receipts.since) as first_seen
from {{ ref('payments') }} as payments
join {{ ref('int_home_plus__receipts') }} as receipts on receipts.invoice_number = payments.reference
where payments.emitter = 'home_plus' and payments.source <> 'home_plus'
group by payments.payment_id, payments.reference

union all
select 'REGLEMENT_EN_DOUBLE', 'settlement', 'payment', recorded.payment_id,
    'Le règlement ' || recorded.payment_id || ' est saisi dans Guichet et chargé d’un fichier : la saisie compte seule.',
    recorded.recorded_at
from recorded
join {{ ref('stg_payments') }} as files using (payment_id)

union all
select 'VENTILATION_EXCESSIVE', 'settlement', 'payment', payment_id,
    'Le règlement ' || payment_id || ' est ventilé pour plus que son montant.', cast(received_on as timestamp)
from {{ ref('payments') }}
where unallocated < 0

union all
select 'VENTILATION_SANS_REGLEMENT', 'settlement', 'payment', source_id,
    'Le règlement ' || source_id || ', ventilé sur la facture ' || invoice_number || ', est inconnu ou annulé.',
    allocated_at
from {{ ref('int_settlement__explicit_allocations') }} as allocations
where source = 'payment'
    and not exists (select 1 from {{ ref('payments') }} as known where known.payment_id = allocations.source_id)
