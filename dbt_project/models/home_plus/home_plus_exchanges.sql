select
    seq as exchange_seq, "at", operation, outcome, http_status, request, response,
    cast(json_array_length(items) as integer) as item_count
from {{ source('raw', 'responses') }}
where gateway = 'home_plus'
