-- Every reason to look at a draft or an invoice before it leaves (spec 20, Controls; spec 30, Eligibility). Grain:
-- one row per subject and thing to look at.
with lines as (
    select 'draft' as subject_type, draft_id as subject_id, draft_id, null as invoice_id, client_id, period,
        source, source_id, line_no, date, service_code, label, minutes, amount, covered, is_adjustment, service_kind,
        service_kind = 'discount' as is_discount
    from {{ ref('draft_invoice_lines') }}
    union all
    select 'invoice', lines.invoice_id, lines.draft_id, lines.invoice_id, lines.client_id, lines.period,
        source, source_id, line_no, date, service_code, label, minutes, amount, covered, is_adjustment, service_kind,
        service_kind = 'discount'
    from {{ ref('invoice_lines') }} as lines
    join {{ ref('int_billing__invoices') }} as invoices using (invoice_id)
    where invoices.status <> 'envoyee' and invoices.kind in ('main', 'adj')
),

subjects as (
    select 'draft' as subject_type, draft_id as subject_id, draft_id, null as invoice_id, client_id, period, kind,
        total_incl_vat, line_count, delivery, 'simulee' as status
    from {{ ref('int_billing__draft_headers') }}
    union all
    select 'invoice', invoice_id, draft_id, invoice_id, client_id, period, kind, total_incl_vat, 1 as line_count,
        clients.invoice_delivery, status
    from {{ ref('int_billing__invoices') }}
    left join {{ ref('stg_clients') }} as clients using (client_id)
),

headers as (
    select * from subjects where status <> 'envoyee' and kind in ('main', 'adj')
),

without_price as (
    select
        placement.draft_id, unpriced.client_id, placement.period, 'TARIF_MANQUANT' as code,
        unpriced.subject, unpriced.message
    from (
        select client_id, month, intervention_id as subject, 'Intervention du ' || strftime(date, '%d/%m/%Y')
            || case when vat_rate is null then ' : prestation ' || service_code || ' inconnue du catalogue.'
                else ' : aucun contrat pour la prestation ' || service_code || ' à cette date.' end as message
        from {{ ref('int_billing__to_bill') }}
        where contract_rate is null
        union all
        select client_id, month, item_id, 'Article du ' || strftime(date, '%d/%m/%Y') || ' : aucun prix pour '
            || service_code || '.'
        from {{ ref('int_billing__items_to_bill') }}
        where amount is null
    ) as unpriced
    join {{ ref('int_billing__placement') }} as placement using (client_id, month)
),

not_validated as (
    select client_id, month as period, count(distinct intervention_id) as items
    from {{ ref('int_billing__segments') }}
    where status = 'realisee'
    group by client_id, month
),

gaps as (
    select intervention_id, min(message) as message
    from {{ ref('planning_gaps') }}
    where code = 'ECART_DUREE'
    group by intervention_id
),

found as (
    select 'draft' as subject_type, draft_id as subject_id, draft_id, null as invoice_id, client_id, period, code, subject,
        message, null::decimal(12, 2) as amount
    from without_price

    union all
    select subject_type, subject_id, draft_id, invoice_id, client_id, period, 'TOTAL_NEGATIF', null,
        'Le total de la facture est négatif.', total_incl_vat
    from headers
    where kind = 'main' and total_incl_vat < 0

    union all
    select subject_type, subject_id, draft_id, invoice_id, client_id, period, 'TOTAL_NUL', null,
        'Le total de la facture est nul.', total_incl_vat
    from headers
    where total_incl_vat = 0 and line_count > 0

    union all
    select subject_type, subject_id, draft_id, invoice_id, headers.client_id, headers.period,
        'INTERVENTION_NON_VALIDEE', null, items || ' intervention(s) du mois restent à valider.', null
    from headers
    join not_validated using (client_id, period)

    union all
    select 'draft', placement.draft_id, placement.draft_id, null, bill.client_id, placement.period,
        'CONTRATS_MULTIPLES', min(bill.intervention_id),
        'Plusieurs contrats valides pour ' || bill.service_code || ' ; le plus récent (' || max(bill.contract_id)
            || ') a été appliqué.', null
    from {{ ref('int_billing__to_bill') }} as bill
    join {{ ref('int_billing__placement') }} as placement using (client_id, month)
    where bill.contract_count > 1
    group by placement.draft_id, bill.client_id, placement.period, bill.service_code

    union all
    select subject_type, subject_id, draft_id, invoice_id, client_id, period, 'LIGNE_NEGATIVE', source_id,
        'Ligne ' || line_no || ' (' || coalesce(label, service_code) || ') : montant négatif.', amount
    from lines
    where amount < 0

    union all
    select subject_type, subject_id, draft_id, invoice_id, client_id, period, 'REMISE', source_id,
        'Ligne ' || line_no || ' : remise « ' || coalesce(label, service_code) || ' ».', amount
    from lines
    where is_discount and source = 'item'

    union all
    select subject_type, subject_id, draft_id, invoice_id, client_id, period, 'AJUSTEMENT_MOIS_ANTERIEUR', null,
        count(*) || ' ligne(s) d’ajustement du ' || strftime(min(date), '%m/%Y') || '.', cast(sum(amount) as decimal(12, 2))
    from lines
    where is_adjustment
    group by subject_type, subject_id, draft_id, invoice_id, client_id, period

    union all
    select headers.subject_type, headers.subject_id, headers.draft_id, headers.invoice_id, headers.client_id,
        headers.period, case when headers.delivery = 'mail' then 'EMAIL_MANQUANT' else 'ADRESSE_MANQUANTE' end, null,
        case when headers.delivery = 'mail' then 'Aucune adresse électronique pour ' || clients.client_name || '.'
            else 'L’adresse postale de ' || clients.client_name || ' est incomplète.' end, null
    from headers
    join {{ ref('stg_clients') }} as clients using (client_id)
    where (headers.delivery = 'mail' and clients.email is null)
        or (headers.delivery = 'courrier'
            and (clients.address is null or clients.postal_code is null or clients.city is null))

    union all
    select lines.subject_type, lines.subject_id, lines.draft_id, lines.invoice_id, lines.client_id, lines.period,
        'ECART_PLANNING', lines.source_id,
        'Intervention du ' || strftime(min(lines.date), '%d/%m/%Y') || ' : ' || min(gaps.message), null
    from lines
    join gaps on gaps.intervention_id = lines.source_id
    where lines.source = 'intervention'
    group by lines.subject_type, lines.subject_id, lines.draft_id, lines.invoice_id, lines.client_id, lines.period,
        lines.source_id

    union all
    select subject_type, subject_id, subjects.draft_id, subjects.invoice_id, subjects.client_id, subjects.period,
        other.code, other.subject, other.message, null
    from (
        select subject_type, subject_id, code, subject, message from {{ ref('int_billing__plan_controls') }}
        union all
        select subject_type, subject_id, code, null, message from {{ ref('int_home_plus__controls') }}
    ) as other
    join subjects using (subject_type, subject_id)
)

select
    subject_type || ':' || subject_id || ':' || found.code || ':' || row_number() over (
        partition by subject_type, subject_id, found.code order by subject, message, amount) as control_id,
    found.subject_type, found.draft_id, found.invoice_id, invoices.invoice_number, found.client_id, clients.client_name,
    found.period,
    found.code, codes.severity, found.message, codes.remedy_fr as remedy, found.subject, found.amount
from found
left join {{ ref('control_codes') }} as codes on codes.code = found.code
left join {{ ref('stg_clients') }} as clients on clients.client_id = found.client_id
left join {{ ref('int_billing__invoices') }} as invoices on invoices.invoice_id = found.invoice_id
