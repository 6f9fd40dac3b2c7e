-- The bodies of what may be asked for now: invoices that every control lets through and that Home+ does not have.
-- The text is built here so that an amount keeps its two decimals; field names are those of the public contract.
with askable as (
    select
        invoices.invoice_id, invoices.invoice_number, invoices.issued_on, invoices.client_total as amount,
        clients.home_plus_id, clients.birth_date,
        case when agencies.nova_number is not null
            then 'SAP' || regexp_replace(upper(agencies.nova_number), '^SAP|[^0-9A-Z]', '', 'g')
            when agencies.siret is not null then 'SIR' || regexp_replace(agencies.siret, '[^0-9]', '', 'g')
            end as provider
    from {{ ref('int_billing__invoices') }} as invoices
    join {{ ref('stg_clients') }} as clients using (client_id)
    left join {{ ref('stg_agencies') }} as agencies
        on agencies.agency_id = clients.agency_id or (clients.agency_id is null and agencies.is_default)
    left join {{ ref('home_plus_requests') }} as requests using (invoice_number)
    where invoices.status = 'envoyee' and clients.home_plus_id is not null
        and coalesce(requests.status, 'a_envoyer') in ('a_envoyer', 'en_file', 'en_erreur')
        and not exists (
            select 1
            from {{ ref('int_home_plus__controls') }} as controls
            join {{ ref('control_codes') }} as codes using (code)
            where controls.subject_type = 'invoice' and controls.subject_id = invoices.invoice_id
                and codes.severity = 'home_plus')
),

lines as (
    select
        askable.invoice_id, grouped.*,
        '{' || concat_ws(',',
            '"codeActivite":' || to_json(grouped.activity),
            '"codeNature":' || to_json(grouped.nature),
            '"quantite":' || grouped.quantity,
            '"unite":"' || grouped.unit || '"',
            '"mntUnitaireTTC":' || grouped.unit_price,
            '"mntPrestationTTC":' || grouped.amount,
            '"mntPrestationHT":' || grouped.excl_vat,
            '"mntPrestationTVA":' || grouped.vat,
            '"dateDebutEmploi":' || {{ json_day('grouped.first_date') }},
            '"dateFinEmploi":' || {{ json_day('grouped.last_date') }},
            '"complement1":' || to_json(left(grouped.label, 100)),
            '"complement2":' || to_json(askable.provider)) || '}' as body
    from askable
    join {{ ref('int_home_plus__grouped_lines') }} as grouped
        on grouped.subject_type = 'invoice' and grouped.subject_id = askable.invoice_id
),

totals as (
    select
        invoice_id, min(first_date) as first_date, max(last_date) as last_date,
        cast(sum(amount) as decimal(12, 2)) as amount, cast(sum(excl_vat) as decimal(12, 2)) as excl_vat,
        string_agg(body, ',' order by group_no) as bodies
    from lines
    group by invoice_id
)

select
    askable.invoice_number, askable.invoice_id, askable.amount,
    '{' || concat_ws(',',
        '"idTiersFacturation":' || to_json({{ sql_text(var('home_plus_third_party_id')) }}),
        '"idClient":' || to_json(askable.home_plus_id),
        '"dateNaissanceClient":' || {{ json_day('askable.birth_date') }},
        '"numFactureTiers":' || to_json(askable.invoice_number),
        '"dateFacture":' || {{ json_day('askable.issued_on') }},
        '"dateDebutEmploi":' || {{ json_day('totals.first_date') }},
        '"dateFinEmploi":' || {{ json_day('totals.last_date') }},
        '"mntFactureTTC":' || totals.amount,
        '"mntFactureHT":' || totals.excl_vat,
        '"inputPrestations":[' || totals.bodies || ']') || '}' as request
from askable
join totals using (invoice_id)
