with timeline as (
    select
        *,
        max(position) filter (where outcome = 'ok') over (partition by invoice_number) as last_success,
        max(position) filter (where kind = 'requested') over (partition by invoice_number) as last_request
    from {{ ref('int_home_plus__timeline') }}
),

requests as (
    select
        invoice_number,
        -- a question before sending again is a try of its own only when it fails
        cast(count(*) filter (where kind = 'request' or (kind = 'search' and outcome <> 'ok')) as integer) as tries,
        count(*) filter (where kind = 'requested') as asked,
        count(distinct coalesce(job_id, sync_id)) filter (where kind in ('request', 'search')) as answered,
        min("at") filter (where kind = 'requested') as requested_at,
        max("at") filter (where kind = 'requested') as last_requested_at,
        max("at") filter (where kind in ('request', 'search')) as last_answered_at,
        bool_or(kind = 'stopped' and position > coalesce(last_request, 0)) as is_stopped,
        arg_max(amount, position) filter (where amount is not null) as amount,
        arg_max(request_id, position) filter (where request_id is not null) as request_id,
        arg_max({'outcome': outcome, 'at': "at", 'error_code': error_code, 'message': message, 'codes': codes}, position)
            filter (where outcome is not null) as last_sync,
        min("at") filter (where outcome <> 'ok' and position > coalesce(last_success, 0)) as failing_since,
        arg_max({'code': status_code, 'label': status_label, 'is_unknown': is_unknown_status}, position)
            filter (where status_code is not null and error_code is null) as last_status,
        arg_max({'code': rejection_code, 'comment': rejection_comment}, position)
            filter (where rejection_code is not null or rejection_comment is not null) as rejection
    from timeline
    group by invoice_number
),

-- a request waits in the queue as long as its job has not answered
local_states as (
    select
        *,
        asked > answered and last_requested_at >= coalesce(last_answered_at, last_requested_at) and not is_stopped
            as is_queued
    from requests
),

current_states as (
    select invoice_number, current_state, since
    from {{ ref('int_home_plus__fold') }}
    qualify row_number() over (partition by invoice_number order by step desc) = 1
),

placed as (
    select
        local_states.*,
        nullif(current_states.current_state, 'a_envoyer') as payer_state,
        coalesce(payer_state, case when is_queued then 'en_file'
            when last_sync.outcome <> 'ok' then 'en_erreur'
            when asked > 0 then 'en_file'
            else 'a_envoyer' end) as status,
        coalesce(current_states.since, case when is_queued then last_requested_at else failing_since end,
            last_requested_at, last_sync."at") as status_at
    from local_states
    left join current_states using (invoice_number)
),

receipts as (
    select invoice_number, transfer_amount, transfer_date
    from {{ ref('int_home_plus__receipts') }}
    qualify row_number() over (partition by invoice_number order by receipt_no desc) = 1
)

select
    placed.invoice_number, invoices.client_id, clients.client_name, invoices.period,
    coalesce(placed.amount, invoices.client_total) as amount,
    placed.status,
    -- an unknown code is shown as the payer says it; the state stays the last one we know (spec 30)
    case when last_status.is_unknown then coalesce(last_status.label, 'Statut ' || last_status.code)
        else states.label_fr end as status_label,
    case when last_status.is_unknown then last_status.code else states.external_code end as external_code,
    states.colour, placed.request_id, placed.status_at,
    case when placed.status = 'en_attente_validation' then placed.status_at + interval 48 hours end
        as validation_deadline,
    case when placed.status = 'en_attente_validation' and placed.status_at + interval 72 hours < {{ as_of() }}
        then 'Délai de 48 heures dépassé : relancer la synchronisation' end as alert,
    receipts.transfer_amount, receipts.transfer_date, placed.tries,
    case when placed.failing_since is not null then last_sync.error_code end as last_error_code,
    case when placed.failing_since is not null then last_sync.message end as last_error_message,
    case when placed.failing_since is not null then array_to_string(last_sync.codes, ',') end as last_error_codes,
    placed.failing_since, placed.requested_at, last_sync."at" as last_sync_at, last_sync.outcome as last_sync_outcome,
    placed.rejection.code as rejection_code, placed.rejection.comment as rejection_comment
from placed
join {{ ref('int_billing__invoices') }} as invoices using (invoice_number)
left join {{ ref('stg_clients') }} as clients using (client_id)
left join {{ ref('lifecycle_states') }} as states
    on states.lifecycle = 'home_plus' and states.state = placed.status
left join receipts using (invoice_number)
