-- name: latest
-- The current rows of these people: what an ordinary movement needs, however long the histories are.
select last.*
from unnest(:municipalities::text[], :numbers::text[]) as given(municipality, addressee_number)
cross join lateral (
  select h.* from resident_history h
  where h.municipality = given.municipality and h.addressee_number = given.addressee_number
  order by h.history_number desc limit 1) as last;

-- name: former
-- Everybody who ever was in a household in which one of these people ever was.
select distinct other.municipality, other.addressee_number
from unnest(:municipalities::text[], :numbers::text[]) as given(municipality, addressee_number)
join resident_history earlier using (municipality, addressee_number)
join resident_history other
  on other.municipality = earlier.municipality and other.household_number = earlier.household_number;

-- name: whole
-- The whole histories of these people, in order.
select h.*
from unnest(:municipalities::text[], :numbers::text[]) as given(municipality, addressee_number)
join resident_history h using (municipality, addressee_number)
order by h.municipality, h.addressee_number, h.history_number;

-- name: households
-- `limit 1` has each one looked up: as a join, hundreds of them would have a table of a hundred thousand read instead.
select found.*
from unnest(:municipalities::text[], :numbers::text[]) as given(municipality, household_number)
cross join lateral (
  select h.municipality, h.household_number, h.head, h.members from household h
  where h.municipality = given.municipality and h.household_number = given.household_number limit 1) as found;

-- name: sealed_addresses
-- Addresses by their commitments, as far as they are not erased.
select p.municipality, p.commitment, p.part
from unnest(:municipalities::text[], :numbers::text[]) as given(municipality, commitment)
join sealed_part p using (municipality, commitment)
where p.part is not null;

-- name: free_codes
-- Whether a municipality has a pool of codes, and the first of those that are free.
select given.municipality,
  exists (select from resident_code c where c.municipality = given.municipality) as has_pool,
  array(
    select c.code from resident_code c
    where c.municipality = given.municipality and c.addressee_number is null
    order by c.code limit given.needed) as free
from unnest(:municipalities::text[], :needed::bigint[]) as given(municipality, needed);

-- name: known_codes
-- Which of these codes are in the pool or somebody's. Codes are never sampled, so PostgreSQL believes that there are two
-- hundred different ones and would read whole tables: `offset 0` keeps it at looking up each.
select :municipality::text as municipality, array_agg(given.code) as known
from unnest(:codes::bytea[]) as given(code)
where exists (
  select from sealed_part p
  where p.municipality = :municipality and p.name = 'resident_code' and p.part = given.code offset 0)
having count(*) > 0;

-- name: carried_numbers
select c.* from carried_number c
join unnest(:municipalities::text[], :systems::text[], :kinds::text[], :numbers::text[])
  as given(municipality, system, kind, old_number) using (municipality, system, kind, old_number);

-- name: code_holders
-- Whose these codes are or were.
select distinct given.code, held.addressee_number
from unnest(:codes::bytea[]) as given(code)
cross join lateral (
  select p.commitment from sealed_part p
  where p.municipality = :municipality and p.name = 'resident_code' and p.part = given.code offset 0) as sealed
cross join lateral (
  select h.addressee_number from resident_history h
  where h.municipality = :municipality and h.resident_code = sealed.commitment offset 0) as held;

-- name: bearers
-- Whose these tokens of 個人番号 are or were.
select token, addressee_number from my_number_token
where municipality = :municipality and token = any(:tokens::text[]);

-- name: card_holders
-- Whose these 在留カード are or were.
select given.card, held.addressee_number
from unnest(:cards::bytea[]) as given(card)
cross join lateral (
  select p.commitment, p.position from sealed_part p
  where p.municipality = :municipality and p.name = 'residence_card' and p.part = given.card offset 0) as sealed
cross join lateral (
  select c.addressee_number from residence_card c
  where c.municipality = :municipality and c.card = sealed.commitment offset 0) as held
order by sealed.position;

-- name: born_on
-- Everybody who entered with one of these dates of birth, with the name of then and the last one. `offset 0` has each
-- date looked up: as a join, everybody who ever entered would be read.
select h.municipality, h.addressee_number, h.birth_date, h.sex, h.name, last.name as last_name
from unnest(:municipalities::text[], :birth_dates::text[]) as given(municipality, birth_date)
cross join lateral (
  select e.municipality, e.addressee_number, e.birth_date, e.sex, e.name from resident_history e
  where e.municipality = given.municipality and e.birth_date = given.birth_date and e.history_number = 1 offset 0) as h
cross join lateral (
  select l.name from resident_history l
  where l.municipality = h.municipality and l.addressee_number = h.addressee_number
  order by l.history_number desc limit 1) as last
order by h.municipality, h.addressee_number;

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
join resident_work_item w using (municipality, item);

-- name: histories_of_household
-- Whole histories of everybody who ever was in a household.
select h.* from resident_history h
where h.municipality = :municipality and h.addressee_number in (
  select addressee_number from resident_history
  where municipality = :municipality and household_number = :household_number)
order by h.addressee_number, h.history_number;

-- name: protected_among
-- Who of these people is protected; and of these households those that a protected person lives in, or has left the record from.
select p.addressee_number, null as household_number from protection p
where p.municipality = :municipality and p.state <> 'ended' and p.addressee_number = any(:addressee_numbers::text[])
union all
select null, h.household_number
from protection p join resident_history h using (municipality, addressee_number)
where p.municipality = :municipality and p.state <> 'ended' and h.household_number = any(:household_numbers::text[])
  and not exists (
    select from resident_history later
    where later.municipality = h.municipality and later.addressee_number = h.addressee_number
      and later.history_number > h.history_number);

-- name: protections_listed
select addressee_number, state, applied_on, starts_on, ends_on, ended_on, together_with from protection
where municipality = :municipality and state <> 'ended' and addressee_number > :after
order by addressee_number limit :limit;

-- name: released_among
select addressee_number from protection_release
where municipality = :municipality and reverts_at > now() and addressee_number = any(:addressee_numbers::text[]);

-- name: release!
insert into protection_release (municipality, id, addressee_number, party, reverts_at)
values (:municipality, :id, :addressee_number, :party, now() + make_interval(mins => :minutes));


-- name: request_emergency!
insert into emergency_access (municipality, id, party, reason) values (:municipality, :id, :party, :reason);

-- name: emergency^
select id, party, reason, requested_at, approved_by, approved_at, expires_at from emergency_access
where municipality = :municipality and id = :id for update;

-- name: approve_emergency!
update emergency_access
set approved_by = :approver, approved_at = now(), expires_at = now() + make_interval(mins => :minutes)
where municipality = :municipality and id = :id;

-- name: emergencies
select id, party, reason, requested_at, approved_by, approved_at, expires_at from emergency_access
where municipality = :municipality order by requested_at desc limit :limit;

-- name: emergency_holds^
select id from emergency_access
where municipality = :municipality and party = :party and expires_at > now() limit 1;

-- name: name_index_behind
-- While a municipality is being imported, it is not searched.
select h.municipality, h.position as head, coalesce(i.position, 0) as position
from stream_head h left join name_index_position i using (municipality)
where h.municipality = any(:municipalities::text[]) and h.stream = 'resident' and h.position > coalesce(i.position, 0)
  and not (h.closed and kumiai_is_going(h.municipality))
  and exists (select from member m where m.municipality = h.municipality);

-- name: begin_name_index!
insert into name_index_position (municipality, position) values (:municipality, 0) on conflict do nothing;

-- name: lock_name_index^
select position from name_index_position where municipality = :municipality for update skip locked;

-- name: events_with_people
select type, body from stream_event
where municipality = :municipality and stream = 'resident' and position > :after and position <= :until
  and type = any(:types::text[])
order by position;

-- name: save_names!
insert into name_index (municipality, key, addressee_number)
select :municipality, key, addressee_number from unnest(:keys::text[], :addressee_numbers::text[])
  as given(key, addressee_number)
on conflict do nothing;

-- name: save_name_index_position!
update name_index_position set position = :position where municipality = :municipality;

-- name: found_by_name
-- Keys in their order, each person once a key; the current row of each. One lower bound alone: beside another one the
-- index would be read from the first key on.
select found.key, latest.*
from (
  select key, addressee_number from name_index
  where municipality = :municipality and (key, addressee_number) > (:after_key, :after_number) and key < :end
  order by key, addressee_number limit :limit) as found
cross join lateral (
  select h.* from resident_history h
  where h.municipality = :municipality and h.addressee_number = found.addressee_number
  order by h.history_number desc limit 1) as latest
order by found.key, found.addressee_number;

-- name: work_items_waiting
select kind, state, count(*)::integer as items, min(opened_at) as since from resident_work_item
where municipality = :municipality and state <> 'settled'
group by 1, 2 order by 1, 2;

-- name: work_items_listed
select item, kind, keys, state, assignee, decision, opened_at, changed_at from resident_work_item
where municipality = :municipality and (:state::text = '' or state = :state) and item > :after
order by item limit :limit;

-- name: save_addresses!
insert into address_index (municipality, key, addressee_number)
select :municipality, key, addressee_number from unnest(:keys::text[], :addressee_numbers::text[])
  as given(key, addressee_number)
on conflict do nothing;

-- name: found_by_address
-- Who ever lived at an address that begins so, by 宛名番号.
select distinct addressee_number from address_index
where municipality = :municipality and key >= :key and key < :end and addressee_number > :after
order by addressee_number limit :limit;

-- name: receipts_issued
-- When the receipts at these positions were issued.
select e.position, e.time
from unnest(:positions::bigint[]) as given(position)
join stream_event e on e.position = given.position
where e.municipality = :municipality and e.stream = 'resident-registry-receipts';

-- name: gaiji_report
select g.system, g.code_point, g.character, g.mj, count(u.addressee_number)::integer as people
from gaiji g left join gaiji_use u
  on u.municipality = g.municipality and u.system = g.system and u.code_points ? g.code_point
where g.municipality = :municipality
group by 1, 2, 3, 4 order by 1, 2;

-- name: gaiji_of
select u.addressee_number, g.code_point, g.character
from gaiji_use u join gaiji g using (municipality, system)
where u.municipality = :municipality and u.addressee_number = any(:addressee_numbers::text[])
  and u.code_points ? g.code_point;

-- name: standing_until
-- The last movement that stands of everybody, as of a day: what a population is counted from.
with standing as (
  select h.* from resident_history h
  where h.municipality = :municipality and h.cancels is null and h.processed_date <= :known::date and not exists (
    select from resident_history c
    where c.municipality = h.municipality and c.addressee_number = h.addressee_number
      and c.cancels = h.history_number and c.processed_date <= :known::date)
)
select distinct on (addressee_number) addressee_number, status, household_number, birth_date, sex
from standing where effective_date <= :day::date
order by addressee_number, history_number desc;

-- name: movements_of_month
-- Movements of a month by reason, and whether people were on the live record before and after. A confirmed move out
-- stands for the planned one, whose day it may have changed; each row of a two-row movement counts.
with standing as (
  select h.*, lead(h.confirmed_on) over (partition by h.addressee_number order by h.history_number) as told_later
  from resident_history h
  where h.municipality = :municipality and h.cancels is null and h.processed_date <= :known::date and not exists (
    select from resident_history c
    where c.municipality = h.municipality and c.addressee_number = h.addressee_number
      and c.cancels = h.history_number and c.processed_date <= :known::date)
), moved as (
  select status, reason, sex, effective_date,
    lag(status, 1, 'removed') over (partition by addressee_number order by history_number) as before
  from standing where told_later is null or confirmed_on is not null
)
select before, status, reason, sex, count(*)::integer as people
from moved where effective_date > :opening::date and effective_date <= :closing::date
group by 1, 2, 3, 4 order by 1, 2, 3, 4;

-- name: changed_since
select position, body from stream_event
where municipality = :municipality and stream = :stream and position > :after and type = any(:types::text[])
order by position limit :limit;

-- name: sealed_with_event^
-- A sealed part and the event that it belongs to, which says whose it is.
select p.stream, p.position, p.name, p.salt, p.part, e.body
from sealed_part p join stream_event e using (municipality, stream, position)
where p.municipality = :municipality and p.commitment = :commitment;

-- name: own_feeds
-- Whose own system keeps the record, and which numbers it has used.
select o.municipality, coalesce(f.sequence, 0) as sequence, coalesce(f.seen, 0) as seen
from own_system o left join own_feed f using (municipality)
where o.municipality = any(:municipalities::text[]) and o.service = 'resident-registry' and o.active;

-- name: standing_feeds
-- The same of those who still subscribe: the feed of whoever has left the registry is gone.
select o.municipality, coalesce(f.sequence, 0) as sequence, coalesce(f.seen, 0) as seen
from own_system o join subscription s on (s.municipality, s.service) = (o.municipality, o.service) and s.active
left join own_feed f on f.municipality = o.municipality
where o.municipality = any(:municipalities::text[]) and o.service = 'resident-registry' and o.active;

-- name: own_feed^
-- One municipality's, with the numbers of an own system that keeps the record no more.
select coalesce(o.active, false) as own, coalesce(f.sequence, 0) as sequence, coalesce(f.seen, 0) as seen
from (select :municipality::text as municipality) given
left join own_system o on o.municipality = given.municipality and o.service = 'resident-registry'
left join own_feed f on f.municipality = given.municipality;

-- name: known_commitments
select municipality, commitment, name from unnest(:municipalities::text[], :numbers::text[]) as given(municipality, commitment)
join sealed_part using (municipality, commitment);

-- name: live_between
-- The current rows of everybody of a range of numbers who is on the live record.
select * from (
  select distinct on (addressee_number) * from resident_history
  where municipality = :municipality and addressee_number between :first and :last
  order by addressee_number, history_number desc) as latest
where status = 'resident' limit :limit;

-- name: save_own_feed!
insert into own_feed (municipality, sequence, seen) values (:municipality, :sequence, :seen)
on conflict (municipality) do update set sequence = excluded.sequence, seen = excluded.seen;

-- name: note_divergences!
insert into own_feed_divergence (municipality, key, sequence, code)
select :municipality, key, sequence, code
from unnest(:keys::text[], :sequences::bigint[], :codes::text[]) as given(key, sequence, code)
on conflict (municipality, key) do update set sequence = excluded.sequence, code = excluded.code;

-- name: mend_divergences!
delete from own_feed_divergence where municipality = :municipality and key between :first and :last;

-- name: divergences
select key as addressee_number, sequence, code from own_feed_divergence
where municipality = :municipality and key > :after order by key limit :limit;

-- name: divergence_counts
select municipality, count(*)::integer as people, min(sequence) as since from own_feed_divergence
where municipality = any(:municipalities::text[]) group by municipality;

-- name: settings
select municipality, version, service, name, value, valid_from, reason, set_by, set_at, late
from parameter where municipality = any(:municipalities::text[]) and service = 'resident-registry' order by municipality, version;

-- name: extensions_of
-- The extra attributes of these movements, as far as they are not erased.
select x.movement, x.namespace, p.part
from resident_extension x join sealed_part p on (p.municipality, p.commitment) = (x.municipality, x.extension)
where x.municipality = :municipality and x.movement = any(:movements::text[]) and p.part is not null
order by x.movement, x.namespace;

-- name: moves_by_reference
select m.*, p.part from move_between m left join sealed_part p on p.municipality = m.municipality
  and p.commitment = m.content
where m.municipality = :municipality and m.reference = any(:keys::text[]);

-- name: moves_by_person
select m.*, p.part from move_between m left join sealed_part p on p.municipality = m.municipality
  and p.commitment = m.content
where m.municipality = :municipality and m.person = any(:keys::text[]);

-- name: moves_by_resident
select m.*, p.part from move_between m left join sealed_part p on p.municipality = m.municipality
  and p.commitment = m.content
where m.municipality = :municipality and m.addressee_number = any(:keys::text[]);

-- name: moves_listed
select m.*, p.part from move_between m left join sealed_part p on p.municipality = m.municipality
  and p.commitment = m.content
where m.municipality = :municipality and m.kind = :kind and m.direction = :direction and m.state = :state
  and m.reference > :after
order by m.reference limit :limit;

-- name: overdue_move_outs
-- Whoever was to leave before a day and was told about by nobody, and is on no work list for it.
select h.addressee_number, h.history_number from resident_history h
where h.municipality = :municipality and h.planned_on < :before::date and h.confirmed_on is null
  and h.status = 'removed'
  and not exists (
    select from resident_history later where later.municipality = h.municipality
      and later.addressee_number = h.addressee_number and later.history_number > h.history_number)
  and not exists (
    select from resident_work_item w where w.municipality = h.municipality
      and w.item = 'move-out/' || h.addressee_number || '/' || h.history_number)
order by h.addressee_number limit :limit;

-- name: keeps_own_record$
-- Whether a municipality's own system keeps the record.
select exists (
  select from own_system where municipality = :municipality and service = 'resident-registry' and active);
