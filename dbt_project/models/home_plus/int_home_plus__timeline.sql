-- Everything we learnt or decided about a Home+ request, in the order in which we learnt it (spec 30). Three clocks
-- number it: answers by their own `seq`, events by theirs, files by both at the moment they came in. A file or an
-- event stands after the last answer about its invoice that was there before it; between those, journal order.
with exchanges as (
    select
        seq, job_id, "at", operation, outcome, http_status,
        from_json(items, '[{"subject": "VARCHAR", "outcome": "VARCHAR", "status_code": "VARCHAR",
            "status_label": "VARCHAR", "request_id": "VARCHAR", "error_code": "VARCHAR", "message": "VARCHAR",
            "transfer_amount": "DECIMAL(12,2)", "transfer_date": "DATE", "rejection_code": "VARCHAR",
            "rejection_comment": "VARCHAR"}]') as items
    from {{ source('raw', 'responses') }}
    where gateway = 'home_plus'
),

answers as (
    select exchanges.* exclude (items, outcome), outcome as exchange_outcome, generate_subscripts(items, 1) as item_no,
        unnest(items, recursive := true)
    from exchanges
),

-- the last answer about each invoice at each moment
answered as (
    select subject as invoice_number, "at", max(max(seq)) over (partition by subject order by "at") as seq
    from answers
    group by subject, "at"
),

-- the answers of the first, second… job that sent a request for each invoice
sendings as (
    select subject as invoice_number, min(seq) as first_seq, min("at") as first_at,
        row_number() over (partition by subject order by first_seq) as sending_no
    from answers
    where operation in ('request', 'search')
    group by subject, coalesce(job_id, 'R' || seq)
),

decisions as (
    select
        seq, occurred_at as "at", actor, replace(kind, 'home_plus.', '') as decision,
        unnest(from_json(payload, '{"invoice_number": "VARCHAR", "amount": "DECIMAL(12,2)", "state": "VARCHAR",
            "reason": "VARCHAR", "codes": ["VARCHAR"]}'))
    from {{ source('raw', 'events_home_plus') }}
    where kind in ('home_plus.requested', 'home_plus.request_stopped', 'home_plus.status_accepted')
),

-- At one and the same moment (a replayed day) the clock does not say what came first: a request, and what was
-- decided before it, stand before its own answers.
decided as (
    select decisions.*,
        coalesce(least(answered.seq, sendings.first_seq - 1), answered.seq, 0) as after_answer
    from (
        select *, count(*) filter (where decision = 'requested') over (partition by invoice_number order by seq)
            + cast(decision <> 'requested' as integer) as sending_no
        from decisions
    ) as decisions
    asof left join answered
        on answered.invoice_number = decisions.invoice_number and decisions."at" >= answered."at"
    left join sendings
        on sendings.invoice_number = decisions.invoice_number and sendings.sending_no = decisions.sending_no
        and sendings.first_at >= decisions."at"
),

all_kinds as (
    select
        'R' || seq || '-' || item_no as sync_id, subject as invoice_number, operation as kind,
        seq as after_answer, -1 as after_event, item_no as part, 0 as line,
        "at", null as actor, seq as exchange_seq, job_id, http_status, coalesce(outcome, exchange_outcome) as outcome,
        status_code, status_label, request_id, message, error_code, rejection_code, rejection_comment,
        transfer_amount, transfer_date, null::decimal(12, 2) as amount, null::varchar as state, null::varchar[] as codes
    from answers
    where subject is not null

    union all by name
    select
        'F' || files.batch || '-' || files.row as sync_id, files.invoice_number, 'file' as kind,
        coalesce(answers.seq, 0) as after_answer, batches.journal_seq as after_event, files.batch as part, files.row as line,
        files.status_at as "at", case when files.error_code is null then 'ok' else 'error' end as outcome,
        files.status_code, files.status_label, files.request_id, files.message, files.error_code,
        files.rejection_code, files.rejection_comment, files.transfer_amount, files.transfer_date
    from {{ ref('stg_home_plus_responses') }} as files
    join {{ source('raw', 'load_batches') }} as batches on batches.batch_id = files.batch
    asof left join answers on answers.subject = files.invoice_number and files.arrival_seq >= answers.seq

    union all by name
    select
        'E' || seq as sync_id, invoice_number,
        case decision when 'request_stopped' then 'stopped' when 'status_accepted' then 'accepted'
            else decision end as kind,
        after_answer, seq as after_event, 0 as part, 0 as line, "at", actor, case when decision = 'request_stopped' then 'error' end as outcome,
        reason as message, codes[1] as error_code, amount, state, codes
    from decided
),

-- a state without a public code is known by its label (spec 30)
states as (
    select state, external_code, regexp_replace(strip_accents(lower(label_fr)), '[^a-z]', '', 'g') as label_key
    from {{ ref('lifecycle_states') }}
    where lifecycle = 'home_plus' and rank >= 10
),

named as (
    select
        all_kinds.*,
        case when kind = 'file' or outcome = 'ok' then coalesce(by_code.state, by_label.state,
                -- the payer gives an identifier only to what it has taken in
                case when kind = 'request' and status_code is null and request_id is not null then 'integree' end)
            else accepted.state end as said_state
    from all_kinds
    left join states as accepted on accepted.state = all_kinds.state
    left join states as by_code on by_code.external_code = trim(all_kinds.status_code)
    left join states as by_label
        on by_label.external_code is null and by_code.state is null
        and by_label.label_key in (
            regexp_replace(strip_accents(lower(all_kinds.status_label)), '[^a-z]', '', 'g'),
            regexp_replace(strip_accents(lower(all_kinds.status_code)), '[^a-z]', '', 'g'))
)

select
    sync_id, invoice_number, kind,
    row_number() over (
        partition by invoice_number order by after_answer, after_event, part, line, sync_id) as position,
    "at", actor, exchange_seq, job_id, http_status, outcome,
    said_state as state, status_code, status_label,
    said_state is null and status_code is not null and error_code is null as is_unknown_status,
    request_id,
    case when outcome = 'ok' then null
        when error_code is not null then error_code
        when http_status >= 400 then 'HTTP_' || http_status
        when outcome = 'unknown' then 'TIMEOUT'
        when outcome = 'error' then 'ERREUR_INCONNUE' end as error_code,
    message, codes, rejection_code, rejection_comment, transfer_amount, transfer_date, amount
from named
