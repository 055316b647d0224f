-- name: carried_people
select c.* from carried_number c
join unnest(:municipalities::text[], :systems::text[], :numbers::text[]) as given(municipality, system, old_number)
  using (municipality, system, old_number)
where c.kind = 'person';

-- name: reported
select distinct r.municipality, r.addressee_number from income_report r
join unnest(:municipalities::text[], :names::text[]) as given(municipality, addressee_number)
  using (municipality, addressee_number);

-- name: histories
select h.* from resident_history h
join unnest(:municipalities::text[], :names::text[]) as given(municipality, addressee_number)
  using (municipality, addressee_number)
order by h.municipality, h.addressee_number, h.history_number;

-- name: non_residents
select t.* from non_resident_taxpayer t
join unnest(:municipalities::text[], :names::text[]) as given(municipality, addressee_number)
  using (municipality, addressee_number);

-- name: reports
select r.* from income_report r
join unnest(:municipalities::text[], :names::text[]) as given(municipality, addressee_number)
  using (municipality, addressee_number)
order by r.municipality, r.addressee_number, r.fiscal_year, r.employer, r.revision;

-- name: assessments
select a.* from assessment a
join unnest(:municipalities::text[], :names::text[]) as given(municipality, addressee_number)
  using (municipality, addressee_number)
order by a.municipality, a.addressee_number, a.fiscal_year, a.version;

-- name: work_items
select w.* from tax_work_item w
join unnest(:municipalities::text[], :names::text[]) as given(municipality, work_item) using (municipality, work_item);

-- name: unmatched_reports
select u.* from unmatched_report u
join unnest(:municipalities::text[], :names::text[]) as given(municipality, work_item) using (municipality, work_item);

-- name: runs
select * from tax_run where municipality = any(:municipalities::text[]);

-- name: run^
select * from tax_run where municipality = :municipality and fiscal_year = :fiscal_year;

-- name: versions
select * from assessment
where municipality = :municipality and fiscal_year = :fiscal_year and addressee_number = :addressee_number
order by version;

-- name: open_work_items
select * from tax_work_item
where municipality = :municipality and state = 'open' and work_item > :after
  and (:fiscal_year::bigint is null or fiscal_year = :fiscal_year)
order by work_item limit :limit;

-- name: begin_pass!
insert into run_progress
  (municipality, fiscal_year, dry, step, cursor, done, payers, assessed, exempt, refused, amount, last_year_amount,
   outliers, rule_version, started_at, updated_at)
values (:municipality, :fiscal_year, :dry, :step, '', 0, 0, 0, 0, 0, 0, 0, 0, :rule_version, now(), now())
on conflict (municipality, fiscal_year, dry) do update set
  step = excluded.step, cursor = '', done = 0, payers = 0, assessed = 0, exempt = 0, refused = 0, amount = 0,
  last_year_amount = 0, outliers = 0, rule_version = excluded.rule_version, started_at = now(), updated_at = now();

-- name: clear_roll!
delete from roll_entry where municipality = :municipality and fiscal_year = :fiscal_year and dry = :dry;

-- name: clear_some_of_the_roll$
with gone as (
  delete from roll_entry where municipality = :municipality::text and fiscal_year = :fiscal_year::bigint
    and dry = :dry::boolean and addressee_number <= (  -- a range of the key: "in" is planned as a join of all with all
      select max(first.addressee_number) from (
        select addressee_number from roll_entry
        where municipality = :municipality::text and fiscal_year = :fiscal_year::bigint and dry = :dry::boolean
        order by addressee_number limit :limit) first)
  returning 1
)
select count(*) from gone;

-- name: clear_outliers!
delete from run_outlier where municipality = :municipality and fiscal_year = :fiscal_year and dry = :dry;

-- name: waiting_passes
select municipality, fiscal_year, dry, step from run_progress
where municipality = any(:municipalities::text[]) and step in ('roll', 'trial', 'issue', 'corrections', 'clearing')
order by updated_at;

-- name: locked_progress^
-- Without waiting: whoever holds it is doing the work.
select *, extract(epoch from now() - started_at)::float8 as seconds from run_progress
where municipality = :municipality and fiscal_year = :fiscal_year and dry = :dry
for update skip locked;

-- name: progress
select *, extract(epoch from updated_at - started_at)::float8 as seconds from run_progress
where municipality = :municipality and fiscal_year = :fiscal_year order by dry;

-- name: move_pass!
update run_progress set
  step = :step, cursor = :cursor, done = :done, payers = :payers, assessed = :assessed, exempt = :exempt,
  refused = :refused, amount = :amount, last_year_amount = :last_year_amount, outliers = :outliers,
  started_at = case when step = :step then started_at else now() end, updated_at = now()
where municipality = :municipality and fiscal_year = :fiscal_year and dry = :dry;

-- name: freeze_chunk^
-- Copies the next people who have a report that stands, with what counts for them: whether they are taxed here and their date of
-- birth, the last revision of each reporter, their version and total of the year, and their tax of the year before. Reporters
-- are in the order of their code points, as everywhere: of several returns the last one counts.
with chunk as (
  select distinct addressee_number from income_report
  where municipality = :municipality::text and fiscal_year = :fiscal_year::bigint and addressee_number > :after
  order by addressee_number limit :limit
), copied as (
  insert into roll_entry
    (municipality, fiscal_year, dry, addressee_number, birth_date, reports, version, total, last_year_total)
  select :municipality::text, :fiscal_year::bigint, :dry::boolean, chunk.addressee_number,
    coalesce(entry.birth_date, case when standing.status = 'resident' then current.birth_date end),
    reports.found, coalesce(latest.version, 0), coalesce(latest.total, 0), before.total
  from chunk
  cross join lateral (
    select jsonb_agg(
        to_jsonb(r) - 'municipality' - 'fiscal_year' - 'addressee_number' order by r.employer collate "C") as found,
      bool_or(not r.withdrawn) as standing
    from (
      select distinct on (employer) * from income_report
      where municipality = :municipality::text and fiscal_year = :fiscal_year::bigint
        and addressee_number = chunk.addressee_number
      order by employer, revision desc
    ) r
  ) reports
  left join lateral (
    select birth_date from non_resident_taxpayer
    where municipality = :municipality::text and addressee_number = chunk.addressee_number
      and from_year <= :fiscal_year::bigint and coalesce(until_year, :fiscal_year::bigint) >= :fiscal_year::bigint
  ) entry on true
  left join lateral (
    select h.status from resident_history h
    where h.municipality = :municipality::text and h.addressee_number = chunk.addressee_number
      and h.effective_date <= make_date((:fiscal_year::bigint)::integer, 1, 1) and h.cancels is null
      and not exists (
        select from resident_history c
        where c.municipality = h.municipality and c.addressee_number = h.addressee_number
          and c.cancels = h.history_number)
    order by h.history_number desc limit 1
  ) standing on true
  left join lateral (
    select birth_date from resident_history
    where municipality = :municipality::text and addressee_number = chunk.addressee_number
    order by history_number desc limit 1
  ) current on true
  left join lateral (
    select version, total from assessment
    where municipality = :municipality::text and fiscal_year = :fiscal_year::bigint and addressee_number = chunk.addressee_number
    order by version desc limit 1
  ) latest on true
  left join lateral (
    select total from assessment
    where municipality = :municipality::text and fiscal_year = :fiscal_year::bigint - 1
      and addressee_number = chunk.addressee_number
    order by version desc limit 1
  ) before on true
  where reports.standing
  returning 1
)
select (select count(*) from copied) as copied, count(*) as seen, max(addressee_number collate "C") as last from chunk;

-- name: without_report!
-- Whoever was taxed last year and is not on the roll, since nobody reports this year.
insert into run_outlier (municipality, fiscal_year, dry, addressee_number, code, total, last_year_total)
select distinct on (a.addressee_number)
  a.municipality, :fiscal_year::bigint, :dry::boolean, a.addressee_number, 'no-report', 0, a.total
from assessment a
where a.municipality = :municipality::text and a.fiscal_year = :fiscal_year::bigint - 1
  and not exists (
    select from roll_entry r
    where r.municipality = a.municipality and r.fiscal_year = :fiscal_year::bigint and r.dry = :dry::boolean
      and r.addressee_number = a.addressee_number)
order by a.addressee_number, a.version desc
on conflict do nothing;

-- name: roll_chunk
select addressee_number, birth_date, reports, version, total, last_year_total from roll_entry
where municipality = :municipality and fiscal_year = :fiscal_year and dry = :dry and addressee_number > :after
order by addressee_number limit :limit;

-- name: note_outliers!
insert into run_outlier (municipality, fiscal_year, dry, addressee_number, code, total, last_year_total)
select :municipality::text, :fiscal_year::bigint, :dry::boolean, *
from unnest(:numbers::text[], :codes::text[], :totals::bigint[], :last_year_totals::bigint[])
on conflict do nothing;

-- name: outliers
select addressee_number, code, total, last_year_total from run_outlier
where municipality = :municipality and fiscal_year = :fiscal_year and dry = :dry and addressee_number > :after
order by addressee_number limit :limit;

-- name: count_outliers$
select count(*) from run_outlier
where municipality = :municipality and fiscal_year = :fiscal_year and dry = :dry;

-- name: corrections
select work_item, addressee_number from tax_work_item
where municipality = :municipality and fiscal_year = :fiscal_year and state = 'open'
  and code = 'changed-after-freeze' order by work_item limit :limit;

-- name: expect_payers!
update run_progress set payers = :payers
where municipality = :municipality and fiscal_year = :fiscal_year and dry = :dry;

-- name: settings
select municipality, version, service, name, value, valid_from, reason, set_by, set_at, late
from parameter where municipality = any(:municipalities::text[]) and service = 'taxation' order by municipality, version;

-- name: assessed_years
select distinct municipality, fiscal_year from assessment
where municipality = any(:municipalities::text[]) order by municipality, fiscal_year;
