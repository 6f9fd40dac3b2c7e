{#- The dataset is `home_plus_errors`; the seed of that name is the catalogue, and dbt wants names to differ. -#}
{{ config(alias='home_plus_errors') }}

-- What asks for somebody: a last synchronisation that failed, or a request the payer or the client turned down. A
-- credit note settles both, except where the payer may hold the request all the same (an error to be retried).
with waiting as (
    select
        requests.*, 'synchronisation' as origin, requests.last_error_code as error_code,
        requests.last_error_message as payer_message, requests.failing_since as since,
        invoices.has_credit_note and requests.status = 'en_erreur' as may_be_settled
    from {{ ref('home_plus_requests') }} as requests
    join {{ ref('int_billing__invoices') }} as invoices using (invoice_number)
    where requests.failing_since is not null

    union all by name
    select
        requests.*, 'rejet' as origin, coalesce(requests.rejection_code, upper(requests.status)) as error_code,
        requests.rejection_comment as payer_message, requests.status_at as since, false as may_be_settled
    from {{ ref('home_plus_requests') }} as requests
    join {{ ref('int_billing__invoices') }} as invoices using (invoice_number)
    where requests.failing_since is null and not invoices.has_credit_note
        and requests.status in ('refusee', 'supprimee', 'annulee', 'annulee_particulier')
),

-- a request stopped by several controls says all of them
all_reasons as (
    select invoice_number, string_agg(coalesce(catalogue.reason_fr, listed.code), ' ; ' order by listed.code) as reasons
    from (select invoice_number, unnest(string_split(last_error_codes, ',')) as code from waiting) as listed
    left join {{ ref('home_plus_errors') }} as catalogue using (code)
    group by invoice_number
)

select
    waiting.invoice_number, waiting.client_id, waiting.client_name, waiting.period,
    waiting.amount, waiting.error_code, waiting.origin, coalesce(catalogue.phase, 'inconnue') as phase,
    coalesce(catalogue.reason_fr, waiting.payer_message, 'Erreur inconnue : ' || waiting.error_code) as reason,
    coalesce(catalogue.remedy_fr, 'Lire la réponse de l’Urssaf et corriger ce qu’elle nomme') as remedy,
    coalesce(catalogue.fixable_by, 'agency') as fixable_by,
    coalesce(catalogue.action, 'home_plus.retry') as action,
    waiting.since, waiting.tries,
    coalesce(waiting.payer_message, all_reasons.reasons) as message,
    coalesce(waiting.last_error_codes, waiting.error_code) as codes,
    waiting.status, waiting.status_label, waiting.colour
from waiting
left join {{ ref('home_plus_errors') }} as catalogue on catalogue.code = waiting.error_code
left join all_reasons using (invoice_number)
where not (waiting.may_be_settled and coalesce(catalogue.fixable_by, 'retry') <> 'retry')
