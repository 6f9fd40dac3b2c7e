{{ config(materialized='view') }} select * from {{ ref('draft_invoice_lines') }}
