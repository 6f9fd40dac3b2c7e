-- Uncovered minutes, and the plan that had something to say about them: its cap is reached, it has just ended, or it
-- was validated after the invoice (which then says so, sent or not: credit and bill again).
with lines as (
    select 'draft' as subject_type, draft_id as subject_id, line_no, client_id, service_code, date, minutes,
        false as is_sent, null::bigint as created_seq
    from {{ ref('draft_invoice_lines') }}
    where source = 'intervention' and not covered
    union all
    select 'invoice', lines.invoice_id, line_no, lines.client_id, service_code, date, minutes,
        invoices.status = 'envoyee', lines.created_seq
    from {{ ref('invoice_lines') }} as lines
    join {{ ref('int_billing__invoices') }} as invoices using (invoice_id)
    where lines.source = 'intervention' and not lines.covered and not lines.credited and not lines.is_released
),

concerned as (
    select
        lines.*, plans.care_plan_id, plans.payer_name, plans.valid_to,
        lines.date <= plans.valid_to as is_valid,
        plans.validated_seq >= lines.created_seq as is_later,
        bool_or(lines.date <= plans.valid_to) over (partition by subject_type, subject_id, line_no) as has_valid
    from lines
    join {{ ref('int_billing__care_plans') }} as plans
        on plans.client_id = lines.client_id and plans.service_code = lines.service_code and plans.counts
        and plans.valid_from <= lines.date and plans.valid_to >= lines.date - 31
),

noted as (
    select
        *,
        case when not is_valid then 'PLAN_AIDE_EXPIRE'
            when coalesce(is_later, false) then 'PLAN_RETROACTIF'
            else 'PLAFOND_ATTEINT' end as code
    from concerned
    where is_valid or not has_valid
)

select
    subject_type, subject_id, client_id, code, care_plan_id as subject,
    case code
        when 'PLAN_AIDE_EXPIRE' then 'Le plan ' || care_plan_id || ' (' || coalesce(any_value(payer_name), 'organisme inconnu')
            || ') a pris fin le ' || strftime(any_value(valid_to), '%d/%m/%Y') || ' ; ' || sum(minutes) || ' min non couvertes.'
        when 'PLAN_RETROACTIF' then 'Le plan ' || care_plan_id || ' a été validé après la facturation de ces dates : '
            || sum(minutes) || ' min facturées au client.'
        else 'Plan ' || care_plan_id || ' (' || coalesce(any_value(payer_name), 'organisme inconnu') || ') : '
            || sum(minutes) || ' min au-delà de ce qu’il finance.' end as message
from noted
where not is_sent or code = 'PLAN_RETROACTIF'
group by subject_type, subject_id, client_id, code, care_plan_id
