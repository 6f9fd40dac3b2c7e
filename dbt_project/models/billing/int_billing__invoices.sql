-- The journal's word on each invoice. A deleted draft is gone; a credit note with `reinvoice` releases what the
-- credited invoice had claimed, so that its interventions can be billed again.
with events as (
    select * from {{ source('raw', 'events_billing') }}
),

created as (
    select
        seq as created_seq, occurred_at as created_at,
        unnest(from_json(payload, '{
            "invoice_id": "VARCHAR", "draft_id": "VARCHAR", "invoice_kind": "VARCHAR", "origin": "VARCHAR",
            "replaces": "VARCHAR", "client_id": "VARCHAR", "period": "VARCHAR", "payment_method": "VARCHAR",
            "reason": "VARCHAR", "reinvoice": "BOOLEAN", "total_incl_vat": "DECIMAL(12,2)",
            "total_excl_vat": "DECIMAL(12,2)", "total_vat": "DECIMAL(12,2)", "payer_total": "DECIMAL(12,2)",
            "client_total": "DECIMAL(12,2)"}'))
    from events
    where kind = 'billing.invoice_created'
),

later as (
    select
        payload ->> 'invoice_id' as invoice_id,
        max(seq) filter (where kind = 'billing.invoice_deleted') as deleted_seq,
        max(payload ->> 'number') filter (where kind = 'billing.invoice_validated') as invoice_number,
        max(payload ->> 'document') filter (where kind = 'billing.invoice_validated') as document,
        cast(max(payload ->> 'issued_on') filter (where kind = 'billing.invoice_validated') as date) as issued_on,
        cast(max(payload ->> 'due_on') filter (where kind = 'billing.invoice_validated') as date) as due_on,
        max(occurred_at) filter (where kind = 'billing.invoice_validated') as validated_at,
        min(occurred_at) filter (where kind = 'billing.invoice_sent') as sent_at,
        arg_max(payload ->> 'delivery', seq) filter (where kind = 'billing.invoice_sent') as delivery
    from events
    where kind <> 'billing.invoice_created'
    group by 1
),

live as (
    select created.*, later.* exclude (invoice_id, deleted_seq)
    from created
    left join later using (invoice_id)
    where later.deleted_seq is null
),

credits as (
    select origin as credited_number, bool_or(reinvoice) as is_released
    from live
    where invoice_kind = 'credit_note'
    group by origin
),

virement as (
    select payload ->> 'client_id' as client_id, max(seq) as seq
    from {{ source('raw', 'events_clients') }}
    where kind = 'clients.field_set' and (payload ->> 'field') = 'payment_method'
        and (payload ->> 'value') = 'virement'
    group by 1
)

select
    live.invoice_id, live.invoice_number, live.draft_id,
    case when live.document = 'credit_note' then 'credit_note' else live.invoice_kind end as kind,
    live.invoice_kind as created_kind,
    case when live.document = 'credit_note' and live.invoice_kind = 'adj' then 'ajustement' else live.origin end
        as origin,
    credited.invoice_id as origin_invoice_id,
    live.replaces, live.client_id, live.period, live.reason,
    -- set_virement also reaches the drafts not yet validated (spec 20)
    case when live.invoice_number is null and virement.seq > live.created_seq then 'virement'
        else live.payment_method end as payment_method,
    case when live.sent_at is not null then 'envoyee'
        when live.invoice_number is not null then 'validee'
        else 'brouillon' end as status,
    live.document, live.issued_on, live.due_on, live.created_at, live.validated_at, live.sent_at, live.delivery,
    live.total_incl_vat, live.total_excl_vat, live.total_vat, live.payer_total, live.client_total,
    credits.credited_number is not null as has_credit_note,
    coalesce(credits.is_released, false) as is_released,
    live.created_seq
from live
left join credits on credits.credited_number = live.invoice_number
left join live as credited on credited.invoice_number = live.origin
left join virement on virement.client_id = live.client_id
