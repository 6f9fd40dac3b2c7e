-- What left for the clients, and what could not: one row per invoice sent.
with sent as (
    select
        payload ->> 'invoice_id' as invoice_id, payload ->> 'number' as invoice_number,
        payload ->> 'delivery' as delivery, payload ->> 'recipient' as recipient, payload ->> 'template' as template,
        occurred_at as asked_at, actor
    from {{ source('raw', 'events_billing') }}
    where kind = 'billing.invoice_sent'
    qualify row_number() over (partition by payload ->> 'invoice_id' order by seq desc) = 1
),

mail as (
    select
        item ->> 'subject' as invoice_number, arg_max(item ->> 'outcome', seq) as outcome,
        arg_max(item ->> 'message', seq) as message, max(answered_at) as answered_at, cast(count(*) as integer) as tries
    from (
        select seq, "at" as answered_at, unnest(from_json(items, '["JSON"]')) as item
        from {{ source('raw', 'responses') }}
        where gateway = 'mail'
    ) as answers
    group by 1
)

select
    sent.invoice_id, sent.invoice_number, invoices.client_id, clients.client_name, invoices.period, sent.delivery,
    sent.recipient, sent.template, sent.asked_at, sent.actor,
    case when sent.delivery = 'courrier' then 'imprime'
        when mail.outcome = 'ok' then 'envoye'
        when mail.outcome = 'error' then 'echec'
        else 'en_attente' end as state,
    mail.answered_at, mail.message, coalesce(mail.tries, 0) as tries
from sent
left join {{ ref('int_billing__invoices') }} as invoices using (invoice_id)
left join {{ ref('stg_clients') }} as clients using (client_id)
left join mail on mail.invoice_number = sent.invoice_number
