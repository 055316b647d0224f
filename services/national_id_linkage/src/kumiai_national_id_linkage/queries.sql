-- name: links
select l.municipality, l.line_of_business, l.addressee_number, l.integrated_addressee_number
from addressee_link l
join unnest(:municipalities::text[], :addressee_numbers::text[]) as given(municipality, addressee_number)
  using (municipality, addressee_number)
where l.line_of_business = 'resident-registry';

-- name: last_numbers
select given.municipality, last.integrated_addressee_number
from unnest(:municipalities::text[]) as given(municipality)
cross join lateral (
  select l.integrated_addressee_number from addressee_link l
  where l.municipality = given.municipality
  order by l.municipality desc, l.integrated_addressee_number desc limit 1) as last;

-- name: carried_people
select distinct c.* from carried_number c
join unnest(:municipalities::text[], :systems::text[], :numbers::text[]) as given(municipality, system, old_number)
  using (municipality, system, old_number)
where c.kind = 'person';

-- name: business_numbers
select distinct b.* from business_number b
join unnest(:municipalities::text[], :lines::text[], :numbers::text[]) as given(municipality, business, number)
  using (municipality, business, number);

-- name: business_numbers_of
-- Also those of the numbers that were merged into this one.
select b.business, b.number
from business_number b left join merged_number m using (municipality, integrated_addressee_number)
where b.municipality = :municipality
  and coalesce(m.merged_into, b.integrated_addressee_number) = :integrated_addressee_number
order by b.business, b.number;

-- name: addressee^
select l.line_of_business, l.addressee_number,
  coalesce(m.merged_into, l.integrated_addressee_number) as integrated_addressee_number
from addressee_link l left join merged_number m using (municipality, integrated_addressee_number)
where l.municipality = :municipality and l.line_of_business = 'resident-registry'
  and l.addressee_number = :addressee_number;

-- name: merges
-- What became of these numbers, and of those that were merged into what they became.
with own as (select * from unnest(:municipalities::text[], :numbers::text[]) as given(municipality, number)),
  now as (
    select municipality, number from own
    union
    select o.municipality, m.merged_into from own o
    join merged_number m on m.municipality = o.municipality and m.integrated_addressee_number = o.number
    where m.merged_into is not null)
select m.municipality, m.integrated_addressee_number, m.merged_into, m.changed_at
from now n join merged_number m on m.municipality = n.municipality and m.integrated_addressee_number = n.number
union
select m.municipality, m.integrated_addressee_number, m.merged_into, m.changed_at
from now n join merged_number m on m.municipality = n.municipality and m.merged_into = n.number;

-- name: tax_facts
select a.fiscal_year, a.version, a.total_income, a.total, a.cancelled
from assessment a
where a.municipality = :municipality and a.addressee_number = :addressee_number
order by a.fiscal_year, a.version;

-- name: exchange_records_of
select r.* from exchange_record r
join unnest(:a::text[], :b::text[], :c::text[], :d::text[]) as given(municipality, side, inquirer, request_number)
  using (municipality, side, inquirer, request_number);

-- name: latest_facts
select latest.* from unnest(:a::text[], :b::text[], :c::text[], :d::text[])
  as given(municipality, fact_kind, addressee_number, scope)
cross join lateral (
  select f.* from fact_version f
  where f.municipality = given.municipality and f.fact_kind = given.fact_kind
    and f.addressee_number = given.addressee_number and f.scope = given.scope
  order by f.version desc limit 1) as latest;

-- name: acquisitions_of_people
select c.* from code_acquisition c
join unnest(:a::text[], :b::text[]) as given(municipality, addressee_number) using (municipality, addressee_number);

-- name: acquisitions_by_number
select c.* from code_acquisition c
join unnest(:a::text[], :b::text[]) as given(municipality, acquisition_number) using (municipality, acquisition_number);

-- name: protections_of
select p.* from protection p
join unnest(:a::text[], :b::text[]) as given(municipality, addressee_number) using (municipality, addressee_number);

-- name: grants_of
select g.* from procedure_grant g
join unnest(:a::text[], :b::text[], :c::text[]) as given(municipality, procedure, fact_kind)
  using (municipality, procedure, fact_kind);

-- name: exceptions_of
select * from disaster_exception where municipality = any(:municipalities::text[]) and until is not null;

-- name: fact_versions
select f.* from fact_version f
join unnest(:municipalities::text[], :kinds::text[], :people::text[], :scopes::text[], :versions::bigint[])
  as given(municipality, fact_kind, addressee_number, scope, version)
  using (municipality, fact_kind, addressee_number, scope, version);

-- name: network_behind
select h.municipality, coalesce(n.position, 0) as sent, h.position as head
from stream_head h left join network_position n on n.municipality = h.municipality
where h.municipality = any(:municipalities::text[]) and h.stream = :stream and h.position > coalesce(n.position, 0)
  and not (h.closed and kumiai_is_going(h.municipality))
order by h.municipality;

-- name: events_to_send
select e.municipality, e.type, e.body
from unnest(:municipalities::text[], :afters::bigint[], :untils::bigint[]) as given(municipality, after, until)
join stream_event e on e.municipality = given.municipality and e.stream = :stream
  and e.position > given.after and e.position <= given.until
where e.type = any(:types::text[])
order by e.municipality, e.position;

-- name: save_network_positions!
insert into network_position as n (municipality, position)
select * from unnest(:municipalities::text[], :positions::bigint[])
on conflict (municipality) do update set position = greatest(n.position, excluded.position);

-- name: inquiries_waiting
-- This and the next three: what the network should have answered, page by page from the oldest.
select * from exchange_record
where municipality = :municipality and side = 'inquirer' and outcome = 'requested'
  and requested_at > :after and requested_at < :before
  and (requested_at, request_number) > (:last_time::text, :last_number::text)
order by requested_at, request_number limit :limit;

-- name: codes_waiting
select * from code_acquisition
where municipality = :municipality and state = 'requested' and requested_at > :after and requested_at < :before
  and addressee_number > :last_person
order by addressee_number limit :limit;

-- name: recalls_unacknowledged
select * from recall_notification
where municipality = :municipality and acknowledged_at is null and notified_at > :after and notified_at < :before
  and (recall, inquirer, part) > (:last_recall::text, :last_inquirer::text, :last_part::bigint)
order by recall, inquirer, part limit :limit;

-- name: summaries_unacknowledged
select * from record_summary
where municipality = :municipality and acknowledged_at is null and until > :after and until < :before
  and (provider, since) > (:last_provider::text, :last_since::text)
order by provider, since limit :limit;

-- name: summaries_of
-- The last summary of each provider, and the one that begins at the time of a decision.
select s.* from unnest(:a::text[], :b::text[], :c::text[]) as given(municipality, provider, since)
cross join lateral (
  (select * from record_summary r where r.municipality = given.municipality and r.provider = given.provider
   order by r.until desc limit 1)
  union
  (select * from record_summary r where r.municipality = given.municipality and r.provider = given.provider
   and r.since = given.since)) as s;

-- name: expired_records
select * from exchange_record
where municipality = :municipality and keep_until < :today and outcome <> 'expired'
order by keep_until, side, inquirer, request_number limit :limit;

-- name: erase_answers!
update sealed_part set salt = null, part = null, erased_at = now()
where municipality = :municipality and commitment = any(:commitments::text[]) and erased_at is null;

-- name: exchange_records
select * from exchange_record
where municipality = :municipality and outcome <> 'expired'
  and (:side::text = '' or side = :side)
  and (:outcome::text = '' or outcome = :outcome)
  and (:addressee_number::text = '' or addressee_number = :addressee_number)
  and (side, inquirer, request_number) > (:after_side::text, :after_inquirer::text, :after_number::text)
order by side, inquirer, request_number limit :limit;

-- name: answer_part^
select part from sealed_part where municipality = :municipality and commitment = :commitment;

-- name: code_acquisitions
select * from code_acquisition
where municipality = :municipality and addressee_number > :after order by addressee_number limit :limit;

-- name: notifications_of
select n.* from recall_notification n
join unnest(:a::text[], :b::text[], :c::text[]) as given(municipality, recall, inquirer)
  using (municipality, recall, inquirer);

-- name: received_recalls_of
select r.* from received_recall r
join unnest(:a::text[], :b::text[], :c::text[]) as given(municipality, provider, recall)
  using (municipality, provider, recall);

-- name: provided_in
select r.* from exchange_record r
join unnest(:a::text[], :b::text[], :c::text[], :d::text[]) as given(municipality, inquirer, since, until)
  using (municipality, inquirer)
where r.side = 'provider' and r.decided_at >= given.since and r.decided_at < given.until;

-- name: differences_with
select d.* from record_difference d
join unnest(:a::text[], :b::text[], :c::text[], :d::text[]) as given(municipality, inquirer, since, until)
  using (municipality, inquirer)
where d.state = 'open';

-- name: told
select r.inquirer, r.request_number, r.addressee_number, r.scope, r.version, r.items, r.decided_at
from unnest(:people::text[], :scopes::text[], :versions::bigint[]) as wrong(addressee_number, scope, until_version)
join exchange_record r on r.municipality = :municipality and r.addressee_number = wrong.addressee_number
  and r.fact_kind = :fact_kind and r.scope = wrong.scope
where r.side = 'provider' and r.outcome = 'answered' and r.version <= wrong.until_version and r.items ?| :items::text[]
order by r.inquirer, r.request_number;

-- name: recall^
select * from recall where municipality = :municipality and recall = :recall;

-- name: recall_targets
select addressee_number, scope, until_version from recall_target where municipality = :municipality and recall = :recall;

-- name: notifications
select * from recall_notification where municipality = :municipality and recall = :recall order by inquirer, part;

-- name: recalls
select * from recall where municipality = :municipality order by opened_at desc limit :limit;

-- name: received_recalls
select * from received_recall where municipality = :municipality order by received_at desc limit :limit;

-- name: digests_in
select request_number, exchange_digest from exchange_record
where municipality = :municipality and side = 'inquirer' and provider = :provider and exchange_digest <> ''
  and decided_at >= :since and decided_at < :until
order by request_number;

-- name: unsummarised
select r.provider, coalesce(s.until, min(r.decided_at)) as since
from exchange_record r
left join lateral (
  select max(until) as until from record_summary s where s.municipality = r.municipality and s.provider = r.provider
) s on true
where r.municipality = :municipality and r.side = 'inquirer' and r.exchange_digest <> '' and r.decided_at < :until
  and (s.until is null or r.decided_at >= s.until)
group by r.provider, s.until order by r.provider;

-- name: decided_at_of_nth$
select decided_at from exchange_record
where municipality = :municipality and side = 'inquirer' and provider = :provider and exchange_digest <> ''
  and decided_at >= :since and decided_at < :until
order by decided_at offset :nth limit 1;

-- name: open_differences
select municipality, count(*) as count from record_difference
where municipality = any(:municipalities::text[]) and state = 'open' group by municipality;

-- name: differences
select * from record_difference where municipality = :municipality and state = 'open'
order by inquirer, request_number limit :limit;

-- name: exceptions
select * from disaster_exception where municipality = :municipality order by asked_at desc limit :limit;

-- name: exception^
select * from disaster_exception where municipality = :municipality and exception = :exception;

-- name: answers_to
select r.*, p.part from exchange_record r
left join sealed_part p on p.municipality = r.municipality and p.commitment = r.answer
where r.municipality = :municipality and r.side = 'inquirer' and r.inquirer = :inquirer
  and r.request_number = any(:numbers::text[]);

-- name: open_members
select s.municipality
from subscription s join intake_opened o on o.municipality = s.municipality and o.subscribed_at = s.changed_at
where s.municipality = any(:municipalities::text[]) and s.service = :service and s.active
  and not exists (select from stream_head h where h.municipality = s.municipality and h.closed)
order by s.municipality;
