select
    timeline.sync_id, timeline.invoice_number, timeline."at", timeline.position,
    case timeline.kind when 'request' then 'envoi' when 'file' then 'fichier' when 'stopped' then 'local'
        else 'lecture' end as direction,
    timeline.kind as operation, timeline.outcome, timeline.http_status, timeline.error_code,
    coalesce(timeline.message, catalogue.reason_fr) as message, array_to_string(timeline.codes, ',') as codes,
    timeline.status_code, timeline.status_label, timeline.request_id, timeline.state, fold.verdict,
    timeline.rejection_code, timeline.rejection_comment, timeline.transfer_amount, timeline.transfer_date,
    timeline.outcome <> 'ok' and timeline.position < max(timeline.position) filter (where timeline.outcome = 'ok')
        over (partition by timeline.invoice_number) is true as resolved,
    timeline.exchange_seq, timeline.actor
from {{ ref('int_home_plus__timeline') }} as timeline
left join {{ ref('int_home_plus__fold') }} as fold using (sync_id)
left join {{ ref('home_plus_errors') }} as catalogue on catalogue.code = timeline.error_code
where timeline.outcome is not null
