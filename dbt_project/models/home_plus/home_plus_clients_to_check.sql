with problems as (
    select client_id, 'HP_MOYEN_PAIEMENT' as code, 'Réglé par ' || payment_method || ' alors que le compte Home+ est '
        || 'activé depuis le ' || strftime(home_plus_activated_on, '%d/%m/%Y') || ' : double débit.' as reason
    from {{ ref('stg_clients') }}
    where home_plus_id is not null and payment_method <> 'virement'
        and home_plus_activated_on < date_trunc('month', {{ today() }})
    union all
    select client_id, 'HP_NAISSANCE', 'La date de naissance est manquante.'
    from {{ ref('stg_clients') }}
    where home_plus_id is not null and birth_date is null
    union all
    select client_id, 'HP_COMPTE_INACTIF',
        case home_plus_status when 'EN_COURS' then 'Le compte Home+ est en cours d’activation.'
            when 'BLOQUE' then 'Le compte Home+ est bloqué.'
            when 'MANDAT_ECHU' then 'Le mandat de prélèvement est expiré.'
            else 'La date d’activation du compte Home+ est inconnue.' end
    from {{ ref('stg_clients') }}
    where home_plus_id is not null
        and (coalesce(home_plus_status, 'OK') <> 'OK' or home_plus_activated_on is null)
)

select
    problems.client_id || ':' || problems.code as check_id, problems.client_id, clients.client_name, problems.code,
    problems.reason, codes.remedy_fr as remedy, clients.home_plus_id, clients.home_plus_status,
    clients.home_plus_activated_on as activated_on, clients.payment_method
from problems
join {{ ref('stg_clients') }} as clients using (client_id)
join {{ ref('control_codes') }} as codes using (code)
