-- The same pricing as Guichet's models, as one script somebody would write by hand for exactly these data: the
-- yardstick of `make bench`. Parquet in (getvariable('data')), two tables out: lines and drafts. Spec 20.
-- It may assume what generate.py promises: one plan a client and service, no adjustment, no item, nothing invoiced.
-- Money is integer cents and rates integer hundredths of a cent of a euro, so that every rounding is exact:
-- round half away from zero of a/b, both positive, is (2a + b) // 2b.

CREATE OR REPLACE MACRO parquet(name) AS getvariable('data') || '/' || name || '.parquet';
CREATE OR REPLACE MACRO cents(amount) AS (amount * 100)::BIGINT;
CREATE OR REPLACE MACRO half_up(a, b) AS (2 * a + b) // (2 * b);
CREATE OR REPLACE MACRO euros(amount) AS (amount * 0.01)::DECIMAL(12, 2);

CREATE OR REPLACE TABLE lines AS
WITH visits AS (
  SELECT intervention_id, client_id, worker_id, service_code,
         (starts_at AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Paris') AS local_start,
         (ends_at AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Paris') AS local_end, starts_at, ends_at
  FROM read_parquet(parquet('interventions')) WHERE status = 'validee'),

segments AS (  -- cut at local midnights; at most 24 hours, so two days at the most
  SELECT intervention_id, client_id, worker_id, service_code, local_start::DATE AS date, starts_at,
         datediff('minute', starts_at,
                  least(ends_at, (local_start::DATE + 1)::TIMESTAMP AT TIME ZONE 'Europe/Paris' AT TIME ZONE 'UTC'))
           AS minutes
  FROM visits
  UNION ALL
  SELECT intervention_id, client_id, worker_id, service_code, local_end::DATE,
         local_end::DATE::TIMESTAMP AT TIME ZONE 'Europe/Paris' AT TIME ZONE 'UTC',
         datediff('minute', local_end::DATE::TIMESTAMP AT TIME ZONE 'Europe/Paris' AT TIME ZONE 'UTC', ends_at)
  FROM visits WHERE local_end::DATE > local_start::DATE AND local_end > local_end::DATE::TIMESTAMP),

holidays AS (
  SELECT DISTINCT date FROM read_csv(getvariable('holidays'), header = true)
  WHERE country = 'FR' AND (region IS NULL OR region = 'alsace-moselle')),

days AS (
  SELECT segments.*, date_trunc('month', segments.date)::DATE AS month,
         isodow(segments.date) = 7 OR holidays.date IS NOT NULL AS sunday, isodow(segments.date) = 6 AS saturday
  FROM segments LEFT JOIN holidays USING (date)),

plans AS (  -- an end for every plan: a LEFT JOIN with an OR in its condition is a nested loop
  SELECT * REPLACE (coalesce(valid_to, DATE '9999-12-31') AS valid_to)
  FROM read_parquet(parquet('care_plans')) WHERE status = 'valide'),

priced AS (  -- contract and plan of the day; surcharged: a Sunday or holiday that the plan treats apart
  SELECT days.*, plan.care_plan_id, plan.payer_id, plan.billing_mode,
         cents(coalesce(CASE WHEN sunday THEN c.sunday_holiday_price WHEN saturday THEN c.saturday_price END,
                        c.unit_price)) AS contract_rate,
         cents(plan.base_rate) AS base_rate, cents(coalesce(plan.saturday_rate, plan.base_rate)) AS saturday_rate,
         cents(coalesce(plan.sunday_holiday_rate, plan.base_rate)) AS sunday_rate,
         (plan.coverage_rate * 10000)::BIGINT AS coverage,
         (coalesce(plan.sunday_holiday_coverage_rate, plan.coverage_rate) * 10000)::BIGINT AS sunday_coverage,
         (plan.monthly_hours_cap * 60)::BIGINT AS main_cap,
         (plan.sunday_holiday_hours_cap * 60)::BIGINT AS sunday_cap,
         sunday AND coalesce(plan.surcharge, false) AS surcharged
  FROM days
  JOIN read_parquet(parquet('contracts')) AS c
    ON c.client_id = days.client_id AND c.service_code = days.service_code
   AND days.date >= c.valid_from AND days.date <= coalesce(c.valid_to, DATE '9999-12-31')
  LEFT JOIN plans AS plan
    ON plan.client_id = days.client_id AND plan.service_code = days.service_code
   AND days.date >= plan.valid_from AND days.date <= plan.valid_to),

sunday_pool AS (
  SELECT *, CASE WHEN surcharged AND sunday_cap > 0 THEN greatest(0, least(minutes, sunday_cap - coalesce(
              sum(minutes) FILTER (surcharged AND sunday_cap > 0) OVER earlier, 0))) ELSE 0 END AS from_sunday
  FROM priced WHERE care_plan_id IS NOT NULL
  WINDOW earlier AS (PARTITION BY care_plan_id, month ORDER BY starts_at, intervention_id
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),

asked AS (
  SELECT *, CASE WHEN surcharged AND sunday_cap = 0 THEN 0
                 ELSE minutes - from_sunday END AS main_asked
  FROM sunday_pool),

pools AS (
  SELECT *, CASE WHEN main_cap IS NULL THEN main_asked ELSE greatest(0, least(main_asked, main_cap - coalesce(
              sum(main_asked) OVER earlier, 0))) END AS from_main
  FROM asked
  WINDOW earlier AS (PARTITION BY care_plan_id, month ORDER BY starts_at, intervention_id
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),

parts AS (
  SELECT *, from_sunday AS part, 'sunday' AS pool, sunday_rate AS plan_rate, sunday_coverage AS plan_coverage
  FROM pools WHERE from_sunday > 0
  UNION ALL
  SELECT *, from_main, 'main',
         CASE WHEN surcharged AND sunday_cap IS NULL THEN sunday_rate WHEN saturday AND NOT sunday
              THEN saturday_rate ELSE base_rate END,
         CASE WHEN surcharged AND sunday_cap IS NULL THEN sunday_coverage ELSE coverage END
  FROM pools WHERE from_main > 0
  UNION ALL
  SELECT *, minutes - from_sunday - from_main, NULL, NULL, NULL
  FROM pools WHERE minutes > from_sunday + from_main
  UNION ALL BY NAME
  SELECT *, minutes AS part FROM priced WHERE care_plan_id IS NULL),

amounts AS (
  SELECT *, CASE WHEN pool IS NOT NULL AND billing_mode = 'tarif_pec' THEN plan_rate ELSE contract_rate END AS rate,
         half_up(part * CASE WHEN pool IS NOT NULL AND billing_mode = 'tarif_pec' THEN plan_rate
                             ELSE contract_rate END, 60) AS amount,
         CASE WHEN pool IS NULL THEN 0 ELSE half_up(part * plan_rate * plan_coverage, 600000) END AS allowed
  FROM parts)

SELECT 'D-' || a.client_id || '-' || strftime(a.month, '%Y%m') || '-main' AS draft_id, a.client_id, a.intervention_id,
       a.date, a.service_code, a.worker_id, part AS minutes, pool, CASE WHEN pool IS NOT NULL THEN care_plan_id END
         AS care_plan_id, euros(rate) AS rate, euros(amount) AS amount,
       euros(half_up(amount * 10000, 10000 + (s.vat_rate * 10000)::BIGINT)) AS excl_vat, s.vat_rate,
       euros(least(amount, allowed)) AS payer_share, euros(amount - least(amount, allowed)) AS client_share
FROM amounts AS a JOIN read_parquet(parquet('services')) AS s USING (service_code);

CREATE OR REPLACE TABLE drafts AS
SELECT draft_id, client_id, sum(amount)::DECIMAL(18, 2) AS total_incl_vat,
       sum(excl_vat)::DECIMAL(18, 2) AS total_excl_vat, sum(amount - excl_vat)::DECIMAL(18, 2) AS total_vat,
       sum(payer_share)::DECIMAL(18, 2) AS payer_total, sum(client_share)::DECIMAL(18, 2) AS client_total,
       count(*) AS line_count
FROM lines GROUP BY ALL;
