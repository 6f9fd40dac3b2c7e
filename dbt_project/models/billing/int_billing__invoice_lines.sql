{{ config(materialized='view') }} select * from {{ ref('invoice_lines') }}
