-- name: people
-- The current rows of the people named and of everybody in the households they are in or that are named: what an
-- ordinary movement needs, however long the histories are. Whole histories where the past matters: of everybody who
-- ever was in a household of somebody's whose movement is cancelled, and of whoever's current row is a cancellation.
with named as (
  select municipality, addressee_number
  from unnest(:municipalities::text[], :addressee_numbers::text[]) as given(municipality, addressee_number)
), their_households as (
  select named.municipality, latest.household_number
  from named
  cross join lateral (
    select h.household_number from resident_history h
    where h.municipality = named.municipality and h.addressee_number = named.addressee_number
    order by h.history_number desc limit 1) as latest
  union
  select municipality, household_number
  from unnest(:household_municipalities::text[], :household_numbers::text[]) as given(municipality, household_number)
), members as (
  select h.municipality, member.addressee_number
  from their_households
  join household h using (municipality, household_number)
  cross join lateral jsonb_array_elements_text(h.members) as member(addressee_number)
), former as (
  select earlier.municipality, other.addressee_number
  from unnest(:cancelling_municipalities::text[], :cancelling_numbers::text[]) as given(municipality, addressee_number)
  join resident_history earlier using (municipality, addressee_number)
  join resident_history other
    on other.municipality = earlier.municipality and other.household_number = earlier.household_number
), latest as (
  select last.*
  from (select * from named union select * from members) as ordinary
  cross join lateral (
    select h.* from resident_history h
    where h.municipality = ordinary.municipality and h.addressee_number = ordinary.addressee_number
    order by h.history_number desc limit 1) as last
), whole as (
  select municipality, addressee_number from former
  union
  select municipality, addressee_number from latest where cancels is not null
)
select * from latest
where not exists (
  select from whole
  where whole.municipality = latest.municipality and whole.addressee_number = latest.addressee_number)
union all
select h.* from whole join resident_history h using (municipality, addressee_number)
order by municipality, addressee_number, history_number;

-- name: households
select h.municipality, h.household_number, h.head, h.members
from unnest(:municipalities::text[], :household_numbers::text[]) as given(municipality, household_number)
join household h using (municipality, household_number);

-- name: last_numbers
select given.municipality,
  coalesce((
    select h.addressee_number from resident_history h where h.municipality = given.municipality
    order by h.addressee_number desc limit 1), '0') as addressee_number,
  coalesce((
    select h.household_number from household h where h.municipality = given.municipality
    order by h.household_number desc limit 1), '0') as household_number
from unnest(:municipalities::text[]) as given(municipality);

-- name: resident^
select * from resident_history
where municipality = :municipality and addressee_number = :addressee_number
order by history_number desc limit 1;

-- name: history
select * from resident_history
where municipality = :municipality and addressee_number = :addressee_number
order by history_number;

-- name: addresses
select commitment, part from sealed_part
where municipality = :municipality and commitment = any(:commitments::text[]) and part is not null;

-- name: household^
select household_number, head, members from household
where municipality = :municipality and household_number = :household_number;

-- name: protections
select p.municipality, p.addressee_number, p.state, p.applied_on, p.starts_on, p.ends_on, p.ended_on, p.together_with
from unnest(:municipalities::text[], :addressee_numbers::text[]) as given(municipality, addressee_number)
join protection p using (municipality, addressee_number);

-- name: gaiji
select g.municipality, g.system, g.code_point, g.character, g.mj
from unnest(:municipalities::text[], :systems::text[], :code_points::text[]) as given(municipality, system, code_point)
join gaiji g using (municipality, system, code_point);

-- name: work_items
select w.municipality, w.item, w.kind, w.keys, w.state, w.assignee, w.decision, w.opened_at, w.changed_at
from unnest(:municipalities::text[], :items::text[]) as given(municipality, item)
join work_item w using (municipality, item);
