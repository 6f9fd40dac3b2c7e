-- `arrival_seq`: how many payer responses the journal had when the file came in, so that a file and the polls
-- can be put in the order in which we learnt of them.
select
    responses.invoice_number, responses.status_code, {{ instant('status_at') }}, responses.request_id,
    responses.status_label, responses.error_code, responses.message, responses.rejection_code,
    responses.rejection_comment, {{ money('transfer_amount') }}, {{ day('transfer_date') }},
    batches.response_seq as arrival_seq, responses._batch as batch, responses._row as row,
    batches.file_name, batches.loaded_at
from {{ source('raw', 'home_plus_responses') }} as responses
join {{ source('raw', 'load_batches') }} as batches on batches.batch_id = responses._batch
