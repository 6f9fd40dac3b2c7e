-- Every rule that keeps a draft or an invoice of a Home+ client from a payment request, all of them and not only the
-- first (spec 30, Eligibility). Grain: one row per draft or invoice and failing rule.
with subjects as (
    select 'draft' as subject_type, draft_id as subject_id, client_id, period, kind, payment_method, null as status,
        total_incl_vat, payer_total, client_total,
        kind = 'adj' and total_incl_vat < 0 as is_credit_note, false as has_credit_note
    from {{ ref('int_billing__draft_headers') }}
    union all
    select 'invoice', invoice_id, client_id, period, kind, payment_method, status, total_incl_vat, payer_total,
        client_total, kind = 'credit_note' or (kind = 'adj' and total_incl_vat < 0), has_credit_note
    from {{ ref('int_billing__invoices') }}
),

-- lists of what a message names, the first few
of_lines as (
    select
        lines.subject_type, lines.subject_id,
        count(*) as line_count, min(lines.date) as first_date, max(lines.date) as last_date,
        count(distinct date_trunc('month', lines.date)) as months,
        string_agg(lines.line_no, ', ' order by lines.line_no) filter (where lines.amount < 0) as negative_lines,
        string_agg(lines.line_no, ', ' order by lines.line_no) filter (where lines.service_kind = 'discount')
            as discount_lines,
        count(*) filter (where lines.is_adjustment) as adjustment_lines,
        string_agg(distinct coalesce(lines.label, lines.service_code), ', ')
            filter (where lines.nature is null or lines.nature = '270') as without_nature,
        string_agg(distinct strftime(lines.date, '%d/%m/%Y'), ', ') filter (where lines.date
            {{ '<' if var('home_plus_activation_day') == 'include' else '<=' }} clients.home_plus_activated_on)
            as too_early,
        string_agg(distinct coalesce(lines.label, lines.service_code), ', ')
            filter (where lines.service_kind = 'fee' and not lines.is_reference_fee) as unknown_fees,
        list(distinct lines.nature) filter (where lines.service_kind = 'fee' and lines.is_reference_fee) as fee_natures,
        list(distinct lines.nature) filter (where lines.service_kind = 'service') as service_natures,
        bool_or(lines.payer_share <> 0) as has_payer_share
    from {{ ref('int_home_plus__lines') }} as lines
    join {{ ref('stg_clients') }} as clients using (client_id)
    group by lines.subject_type, lines.subject_id
),

as_sent as (
    select
        subject_type, subject_id, sum(amount) as amount,
        bool_or(round(quantity * unit_price, 2) <> amount or quantity * unit_price <> amount
            or excl_vat + vat <> amount) as is_wrong
    from {{ ref('int_home_plus__grouped_lines') }}
    group by subject_type, subject_id
),

-- negative adjustments that stand apart and are not yet wholly set off
to_set_off as (
    select invoices.client_id, invoices.period, string_agg(invoices.invoice_number, ', ') as numbers
    from {{ ref('int_billing__invoices') }} as invoices
    left join (
        select source_id, sum(amount) as amount
        from {{ ref('int_settlement__explicit_allocations') }}
        where source = 'credit_note'
        group by source_id
    ) as used on used.source_id = invoices.invoice_number
    where invoices.origin = 'ajustement' and invoices.invoice_number is not null
        and invoices.client_total + coalesce(used.amount, 0) < 0
    group by invoices.client_id, invoices.period
),

checked as (
    select
        subjects.subject_type, subjects.subject_id,
        {% set activation = "strftime(clients.home_plus_activated_on, '%d/%m/%Y')" %}
        unnest([
            {'code': 'HP_SANS_IDENTIFIANT', 'message': case when clients.home_plus_id is null
                then 'Le client n’a pas d’identifiant Home+.' end},
            {'code': 'HP_COMPTE_INACTIF', 'message': case
                when clients.home_plus_status in ('EN_COURS', 'BLOQUE', 'MANDAT_ECHU') then 'Le compte Home+ du client '
                    || case clients.home_plus_status when 'EN_COURS' then 'est en cours d’activation.'
                        when 'BLOQUE' then 'est bloqué.' else 'a un mandat de prélèvement expiré.' end
                when clients.home_plus_activated_on is null then 'La date d’activation du compte Home+ est inconnue.'
                end},
            {'code': 'HP_MOYEN_PAIEMENT', 'message': case when subjects.payment_method is distinct from 'virement'
                then 'Le mode de règlement est « ' || coalesce(subjects.payment_method, 'inconnu')
                    || ' » et non « virement ».' end},
            {'code': 'HP_NAISSANCE', 'message': case when clients.birth_date is null
                then 'La date de naissance du client est manquante.' end},
            {'code': 'HP_AVANT_ACTIVATION', 'message': 'Activation le ' || {{ activation }} || ' ; dates refusées : '
                || of_lines.too_early || '.'},
            {'code': 'HP_LIGNE_NEGATIVE', 'message': 'Montant négatif, ligne(s) ' || of_lines.negative_lines || '.'},
            {'code': 'HP_REMISE', 'message': 'Remise, ligne(s) ' || of_lines.discount_lines || '.'},
            {'code': 'HP_AVOIR', 'message': case when subjects.is_credit_note then 'C’est un avoir.'
                when subjects.has_credit_note then 'Un avoir a été fait sur cette facture.' end},
            {'code': 'HP_AJUSTEMENT', 'message': case when subjects.kind <> 'adj' and of_lines.adjustment_lines > 0
                then of_lines.adjustment_lines || ' ligne(s) d’ajustement sur la facture.' end},
            {'code': 'HP_AJUSTEMENT_A_VENTILER', 'message': case when subjects.kind = 'main' then
                'Ajustement négatif à ventiler : ' || to_set_off.numbers || '.' end},
            {'code': 'HP_MOIS_UNIQUE', 'message': case
                when of_lines.months > 1 then 'Les dates vont du ' || strftime(of_lines.first_date, '%d/%m/%Y')
                    || ' au ' || strftime(of_lines.last_date, '%d/%m/%Y') || ' : plusieurs mois.'
                when of_lines.last_date > {{ today() }} then 'La date du '
                    || strftime(of_lines.last_date, '%d/%m/%Y') || ' est à venir.' end},
            {'code': 'HP_FRAIS', 'message': case
                when of_lines.unknown_fees is not null then 'Frais hors liste : ' || of_lines.unknown_fees || '.'
                when not list_has_all(coalesce(of_lines.service_natures, []), coalesce(of_lines.fee_natures, []))
                    then 'Aucune prestation de la facture n’a la nature du frais.' end},
            {'code': 'HP_NATURE', 'message': 'Code nature manquant ou non admis : ' || of_lines.without_nature || '.'},
            {% if var('home_plus_with_payer') == 'refuse' -%}
            {'code': 'HP_FINANCE', 'message': case when of_lines.has_payer_share or subjects.payer_total <> 0
                then 'Un tiers-payeur prend en charge une part de la facture.' end},
            {% endif -%}
            {'code': 'HP_STATUT', 'message': case when subjects.status <> 'envoyee'
                then 'La facture n’est pas encore envoyée.' end},
            {'code': 'HP_TOTAUX', 'message': case
                when of_lines.line_count is null then 'La facture n’a aucune ligne.'
                when as_sent.amount <> subjects.client_total or as_sent.is_wrong
                    then 'Les lignes de la demande ne redonnent pas le total de la facture.' end}
        ], recursive := true)
    from subjects
    join {{ ref('stg_clients') }} as clients using (client_id)
    left join of_lines using (subject_type, subject_id)
    left join as_sent using (subject_type, subject_id)
    left join to_set_off on to_set_off.client_id = subjects.client_id and to_set_off.period = subjects.period
    where clients.home_plus_id is not null or clients.home_plus_activated_on is not null
        or clients.home_plus_status is not null
)

select subject_type, subject_id, code, message
from checked
where message is not null
union all
-- a client who pays by transfer and has no Home+ account at all: the one rule that says it
select subjects.subject_type, subjects.subject_id, 'HP_SANS_IDENTIFIANT', 'Le client n’a pas d’identifiant Home+.'
from subjects
join {{ ref('stg_clients') }} as clients using (client_id)
where subjects.payment_method = 'virement' and clients.home_plus_id is null
    and clients.home_plus_activated_on is null and clients.home_plus_status is null
