-- name: party^
-- And how far its municipality has left the service that asks, if it is leaving.
select party, kind, public_key, roles, purposes, revoked, changed_at, (
  select l.state from leaving l
  where l.municipality = party.municipality and l.state not in ('requested', 'cancelled')
    and (l.services @> to_jsonb(:service::text) or l.altogether and :service <> 'membership')
  order by l.leave desc limit 1
) as leaving
from party where municipality = :municipality and party = :party;

-- name: subscribed$
select coalesce(
  (select active from subscription where municipality = :municipality and service = :service), false) as active;

-- name: heads
select municipality, stream, incarnation, position, hash
from stream_head
where municipality = any(:municipalities::text[]) and (:stream::text = '' or stream = :stream)
order by municipality, stream;

-- name: readers
select municipality, stream, incarnation, position, hash, diverged
from reader_position
where municipality = any(:municipalities::text[]) order by municipality, stream;

-- name: parked_counts
select municipality, read_stream as stream, count(*) as count
from parked_event
where municipality = any(:municipalities::text[]) and state = 'parked'
group by municipality, read_stream order by municipality, read_stream;

-- name: checkpoints
select incarnation, position, hash, time, signature
from checkpoint
where municipality = :municipality and stream = :stream and position > :after
order by incarnation, position limit :limit;

-- name: sealed_part^
select stream, position, name, salt, part, erased_at
from sealed_part where municipality = :municipality and commitment = :commitment;

-- name: receipt^
select e.incarnation, e.position, e.hash, e.time, e.body
from inbox i
join stream_event e on e.municipality = i.municipality and e.position = i.receipt_position
where i.municipality = :municipality and i.source = :source and i.id = :id and e.stream = :stream;

-- name: record_access!
insert into access_record (municipality, party, purpose, action, addressee_numbers)
values (:municipality, :party, :purpose, :action, :addressee_numbers);

-- name: record_refusal!
-- Nothing about whoever is no member, or is being erased: there is nobody who could see it.
insert into access_record (municipality, party, purpose, action, addressee_numbers, refused)
select :municipality, :party, :purpose, :action, :addressee_numbers, :refused
where exists (select from tenant where municipality = :municipality) and not kumiai_is_going(:municipality);

-- name: accesses
select id, at, party, purpose, action, addressee_numbers, refused from access_record
where municipality = :municipality and id > :after
  and (:addressee_number::text = '' or addressee_numbers @> array[:addressee_number::text])
order by id limit :limit;
