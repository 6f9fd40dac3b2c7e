{# Positions of the frozen lines: console/journal/events.py, LINE_COLUMNS. #}
{% set columns = [
    ('line_no', 'integer'), ('source', 'varchar'), ('source_id', 'varchar'), ('source_version', 'integer'),
    ('date', 'date'), ('service_code', 'varchar'), ('label', 'varchar'), ('worker_id', 'varchar'),
    ('day_type', 'varchar'), ('minutes', 'integer'), ('quantity', 'decimal(12,4)'), ('unit', 'varchar'),
    ('rate', 'decimal(12,2)'), ('amount', 'decimal(12,2)'), ('excl_vat', 'decimal(12,2)'), ('vat', 'decimal(12,2)'),
    ('vat_rate', 'decimal(12,4)'), ('covered', 'boolean'), ('care_plan_id', 'varchar'), ('pool', 'varchar'),
    ('plan_rate', 'decimal(12,2)'), ('coverage_rate', 'decimal(12,4)'), ('payer_id', 'varchar'),
    ('payer_share', 'decimal(12,2)'), ('client_share', 'decimal(12,2)'),
    ('informative_payer_share', 'decimal(12,2)'), ('is_adjustment', 'boolean'), ('reversed_invoice_id', 'varchar'),
    ('reversed_line_no', 'integer'), ('home_plus_nature', 'varchar'), ('home_plus_activity', 'varchar'),
    ('service_kind', 'varchar'), ('starts_at', 'timestamp'), ('ends_at', 'timestamp'),
] %}

-- The lines as they were frozen when the invoice was created: nothing here is computed again. They are read as lists
-- of text in one pass (ten times quicker than one JSON look-up a column).
with raw_lines as (
    select seq as created_seq, unnest(from_json(payload, '{"lines": [["VARCHAR"]]}').lines) as line
    from {{ source('raw', 'events_billing') }}
    where kind = 'billing.invoice_created'
),

lines as (
    select
        invoices.invoice_id, invoices.invoice_number, invoices.draft_id, invoices.kind, invoices.client_id,
        invoices.period, invoices.is_released, created_seq,
        {% for name, type in columns %}
        cast(line[{{ loop.index }}] as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from raw_lines
    join {{ ref('int_billing__invoices') }} as invoices using (created_seq)
),

-- A reversal stands unless the invoice that carries it was itself taken back to be billed again.
reversals as (
    select distinct reversed_invoice_id as invoice_id, reversed_line_no as line_no
    from lines
    where source = 'reversal' and not is_released
)

select
    lines.*,
    reversals.line_no is not null as credited,
    strftime(lines.date, '%Y-%m') as month
from lines
left join reversals using (invoice_id, line_no)
