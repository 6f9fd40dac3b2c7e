-- Lines invoiced for an intervention or item that has changed or been cancelled since, and not yet credited. A change
-- that is not validated yet waits: the old line is reversed with the new one, or alone when it was cancelled.
select lines.*
from {{ ref('invoice_lines') }} as lines
left join {{ ref('stg_interventions') }} as interventions
    on interventions.intervention_id = case when lines.source = 'intervention' then lines.source_id end
left join {{ ref('stg_billable_items') }} as items
    on items.item_id = case when lines.source = 'item' then lines.source_id end
where not lines.credited and not lines.is_released
    and (
        (lines.source = 'intervention' and interventions.version <> lines.source_version
            and interventions.status in ('validee', 'annulee'))
        or (lines.source = 'item' and items.version <> lines.source_version)
    )
