-- What a person (or the automatic matching they asked for) set against an invoice, and did not take back.
-- Grain: one row per allocation in force.
with taken_back as (
    select distinct payload ->> 'allocation_id' as allocation_id
    from {{ source('raw', 'events_settlement') }}
    where kind = 'settlement.unallocated'
),

allocated as (
    select
        seq, occurred_at as allocated_at,
        unnest(from_json(payload, '{"allocation_id": "VARCHAR", "source": "VARCHAR", "source_id": "VARCHAR",
            "invoice_number": "VARCHAR", "part": "VARCHAR", "payer_id": "VARCHAR", "bordereau_id": "VARCHAR",
            "amount": "DECIMAL(12,2)"}'))
    from {{ source('raw', 'events_settlement') }}
    where kind = 'settlement.allocated'
)

select *
from allocated
anti join taken_back using (allocation_id)
qualify row_number() over (partition by allocation_id order by seq) = 1
