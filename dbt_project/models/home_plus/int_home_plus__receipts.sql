-- Each stay at "Payée" is money announced or received (spec 30): a debit that comes back and is paid again is a new
-- receipt. The transfer's amount and date are those last given for that stay. Grain: one row per receipt.
with stays as (
    select
        invoice_number, stay, current_state, since, position,
        lead(position) over (partition by invoice_number order by position) as next_position
    from {{ ref('int_home_plus__fold') }}
    where moves
),

paid as (
    select *, row_number() over (partition by invoice_number order by stay) as receipt_no
    from stays
    where current_state = 'payee'
),

said as (
    select timeline.invoice_number, paid.receipt_no, timeline.transfer_amount, timeline.transfer_date, timeline."at",
        timeline.position
    from {{ ref('int_home_plus__timeline') }} as timeline
    join paid
        on paid.invoice_number = timeline.invoice_number
        and (paid.next_position is null or timeline.position < paid.next_position)
    where timeline.state = 'payee'
    qualify row_number() over (
        partition by timeline.invoice_number, timeline.position order by paid.receipt_no) = 1
),

transfers as (
    select
        invoice_number, receipt_no,
        arg_max(transfer_amount, ("at", position)) filter (where transfer_amount is not null) as transfer_amount,
        arg_max(transfer_date, ("at", position)) filter (where transfer_date is not null) as transfer_date
    from said
    group by invoice_number, receipt_no
),

asked as (
    select invoice_number, arg_max(amount, position) as amount
    from {{ ref('int_home_plus__timeline') }}
    where kind = 'requested'
    group by invoice_number
)

select
    'HP-' || paid.invoice_number || '-' || paid.receipt_no as payment_id,
    paid.invoice_number, invoices.client_id, paid.receipt_no, paid.since,
    transfers.transfer_amount, transfers.transfer_date,
    coalesce(transfers.transfer_amount, asked.amount, invoices.client_total) as amount,
    coalesce(transfers.transfer_date, cast({{ local_time('paid.since') }} as date)) as received_on,
    case when received_on > {{ today() }} then 'annonce' else 'recu' end as status
from paid
join {{ ref('int_billing__invoices') }} as invoices using (invoice_number)
left join transfers using (invoice_number, receipt_no)
left join asked using (invoice_number)
