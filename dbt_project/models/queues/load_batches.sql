select
    batch_id, source, file_name, sha256, loaded_at, status, profile,
    rows_total, rows_new, rows_unchanged, rows_rejected, message
from {{ source('raw', 'load_batches') }}
