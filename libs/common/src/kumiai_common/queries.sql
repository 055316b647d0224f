-- name: begin_streams!
insert into stream_head (municipality, stream, incarnation, position, hash)
select municipality, stream, 1, 0, hash
from unnest(:municipalities::text[], :streams::text[], :origins::bytea[]) as given(municipality, stream, hash)
where not exists (select from tombstone t where t.municipality = given.municipality)
on conflict do nothing;

-- name: lock_heads
select h.municipality, h.stream, h.incarnation, h.position, h.hash, h.closed
from stream_head h
join unnest(:municipalities::text[], :streams::text[]) as given(municipality, stream)
  using (municipality, stream)
order by h.municipality, h.stream
for no key update of h;

-- name: save_heads!
update stream_head h set incarnation = given.incarnation, position = given.position, hash = given.hash
from unnest(:municipalities::text[], :streams::text[], :incarnations::integer[], :positions::bigint[], :hashes::bytea[])
  as given(municipality, stream, incarnation, position, hash)
where h.municipality = given.municipality and h.stream = given.stream;

-- name: heads
select municipality, stream, incarnation, position, hash, closed
from stream_head where municipality = any(:municipalities::text[]) order by municipality, stream;

-- name: insert_events!
insert into stream_event select * from unnest(:events::stream_event[]);

-- name: read_events
select municipality, stream, incarnation, position, hash, type, subject, time, dataschema, cause, traceparent, body
from stream_event
where municipality = :municipality and stream = :stream and position > :after and position <= :until
order by position;

-- name: read_lines
-- Events as lines of JSON, with everything that is stored of them but their stream; the body is the text that was
-- hashed. PostgreSQL writes them in less time than it would take to hand them over in parts.
select position, convert_to(concat(
  '{"incarnation":', incarnation, ',"position":', position, ',"hash":"', encode(hash, 'hex'), '","type":', to_json(type),
  ',"subject":', to_json(subject), ',"time":', to_json(time), ',"dataschema":', to_json(dataschema),
  ',"cause":', to_json(cause), ',"traceparent":', to_json(traceparent),
  ',"body":', to_json(convert_from(body, 'UTF8')), '}', chr(10)), 'UTF8') as line
from stream_event
where municipality = :municipality and stream = :stream and position > :after and position <= :until
order by position;

-- name: unpublished
-- A log that is being imported waits until the municipality is a member: nobody reads half of one.
select h.municipality, h.stream, h.position, coalesce(r.position, 0) as published
from stream_head h
left join relay_position r using (municipality, stream)
where h.municipality = any(:municipalities::text[]) and h.position > coalesce(r.position, 0)
  and (h.stream = 'membership' or exists (select from member m where m.municipality = h.municipality));

-- name: advance_relay!
insert into relay_position as r (municipality, stream, position)
select * from unnest(:municipalities::text[], :streams::text[], :positions::bigint[])
on conflict (municipality, stream) do update set position = greatest(r.position, excluded.position);

-- name: take_leases
-- Takes free and expired shards, and renews what the holder has, up to a fair share; gives back what is more than that;
-- says which it holds then, and how many workers there are, those included that hold nothing yet.
with me as (
  insert into relay_worker (holder, expires_at) values (:holder, now() + make_interval(secs => :seconds::float8))
  on conflict (holder) do update set expires_at = excluded.expires_at
), gone as (
  delete from relay_worker where holder <> :holder and expires_at < now() - interval '1 hour'
), alive as (
  select count(*) + 1 as workers from relay_worker where expires_at > now() and holder <> :holder
), mine as (
  select shard from relay_lease where holder = :holder and expires_at > now() order by shard
), wanted as (
  select given.shard
  from generate_series(0, :shards::integer - 1) as given(shard)
  left join relay_lease l using (shard)
  where l.shard is null or l.holder = :holder or l.expires_at <= now()
  order by (given.shard in (select shard from mine)) desc, given.shard
  limit (select ceil(:shards::integer::numeric / workers)::integer from alive)
), surplus as (
  update relay_lease set expires_at = now() where holder = :holder and shard not in (select shard from wanted)
)
insert into relay_lease as l (shard, holder, expires_at)
select shard, :holder, now() + make_interval(secs => :seconds::float8) from wanted
on conflict (shard) do update set holder = excluded.holder, expires_at = excluded.expires_at
where l.holder = excluded.holder or l.expires_at <= now()
returning shard, (select workers from alive) as workers;

-- name: release_leases!
with me as (delete from relay_worker where holder = :holder)
update relay_lease set expires_at = now() where holder = :holder;

-- name: reader_positions
select municipality, stream, incarnation, position, hash, next_offset, diverged
from reader_position where municipality = any(:municipalities::text[]);

-- name: save_reader_positions!
insert into reader_position as r (municipality, stream, incarnation, position, hash, next_offset)
select * from unnest(
  :municipalities::text[], :streams::text[], :incarnations::integer[], :positions::bigint[], :hashes::bytea[],
  :offsets::bigint[])
on conflict (municipality, stream) do update set
  incarnation = excluded.incarnation, position = excluded.position, hash = excluded.hash,
  next_offset = greatest(r.next_offset, excluded.next_offset);

-- name: mark_diverged!
update reader_position set diverged = :why where municipality = :municipality and stream = :stream;

-- name: reset_reader!
delete from reader_position where municipality = :municipality and stream = :stream;

-- name: add_tenants!
insert into tenant (municipality)
select given.municipality from unnest(:municipalities::text[]) as given(municipality)
where not exists (select from tombstone t where t.municipality = given.municipality and t.altogether)
on conflict do nothing;

-- name: intake_positions
select municipality, topic, next_offset from intake_position where municipality = any(:municipalities::text[]);

-- name: save_intake_positions!
insert into intake_position (municipality, topic, next_offset)
select * from unnest(:municipalities::text[], :topics::text[], :offsets::bigint[])
on conflict (municipality, topic) do update set next_offset = excluded.next_offset;

-- name: inbox
-- `limit 1` has each one looked up; as a join, hundreds of them would have a table of a hundred thousand read instead.
select found.*
from unnest(:municipalities::text[], :sources::text[], :ids::text[]) as given(municipality, source, id)
cross join lateral (
  select i.municipality, i.source, i.id, i.digest, i.receipt_position from inbox i
  where i.municipality = given.municipality and i.source = given.source and i.id = given.id limit 1) as found;

-- name: save_inbox!
insert into inbox select * from unnest(:entries::inbox[]);

-- name: receipt_bodies
select e.municipality, e.position, e.body
from stream_event e
join unnest(:municipalities::text[], :positions::bigint[]) as given(municipality, position)
  using (municipality, position)
where e.stream = :stream;

-- name: save_sealed_parts!
insert into sealed_part select * from unnest(:parts::sealed_part[]);

-- name: sealed_part^
select name, salt, part from sealed_part where municipality = :municipality and commitment = :commitment;

-- name: keep_notices!
insert into kept_notice (municipality, kept_as, source, id, code, encrypted, expires_at)
select municipality, kept_as, source, id, code, encrypted, now() + make_interval(days => :days::integer)
from unnest(
  :municipalities::text[], :kept_as::text[], :sources::text[], :ids::text[], :codes::text[], :encrypted::bytea[])
  as given(municipality, kept_as, source, id, code, encrypted)
on conflict do nothing;

-- name: kept_notices
select kept_as, source, id, code, kept_at, expires_at from kept_notice
where municipality = :municipality and expires_at > now() order by kept_at desc limit :limit;

-- name: delete_expired_notices!
delete from kept_notice where expires_at <= now();

-- name: end_accesses$
select kumiai_end_accesses(now() - make_interval(years => :years::integer), :most);

-- name: subscribers
select municipality, service from subscription
where active and municipality = any(:municipalities::text[]);

-- name: parked
select municipality, read_stream, position, keys from parked_event
where state = 'parked' and municipality = any(:municipalities::text[]) order by municipality, read_stream, position;

-- name: unsigned_heads
select h.municipality, h.stream, h.incarnation, h.position, h.hash
from stream_head h
where h.municipality = any(:municipalities::text[]) and h.position > 0 and not exists (
  select from checkpoint c where c.municipality = h.municipality and c.stream = h.stream
  and c.incarnation = h.incarnation and c.position = h.position)
  -- What is being erased, or was, gets nothing new.
  and not (h.closed and kumiai_is_going(h.municipality));

-- name: save_checkpoints!
insert into checkpoint (municipality, stream, incarnation, position, hash, time, signature)
select * from unnest(
  :municipalities::text[], :streams::text[], :incarnations::integer[], :positions::bigint[], :hashes::bytea[],
  :times::text[], :signatures::bytea[])
on conflict do nothing;

-- name: checkpoints
select municipality, stream, incarnation, position, hash, time, signature from checkpoint
where municipality = :municipality and stream = :stream and position > :after
order by incarnation, position limit :limit;

-- name: inbox_receipt^
select e.position, e.body
from inbox i join stream_event e on e.municipality = i.municipality and e.position = i.receipt_position
where i.municipality = :municipality and i.source = :source and i.id = :id and e.stream = :stream;

-- name: read_unpublished
select e.municipality, e.stream, e.incarnation, e.position, e.hash, e.type, e.subject, e.time, e.dataschema, e.cause,
  e.traceparent, e.body
from unnest(:municipalities::text[], :streams::text[], :afters::bigint[], :untils::bigint[])
  as given(municipality, stream, after, until)
join stream_event e on e.municipality = given.municipality and e.stream = given.stream
  and e.position > given.after and e.position <= given.until
order by e.municipality, e.stream, e.position;

-- name: end_of_relay
select r.municipality, r.stream, r.position from relay_position r where r.municipality = any(:municipalities::text[]);

-- name: parked_counts
select municipality, count(*)::integer as count from parked_event
where state = 'parked' and municipality = any(:municipalities::text[]) group by municipality;

-- name: forget_reader_offset!
update reader_position set next_offset = 0 where municipality = :municipality and stream = :stream;

-- name: replace_reader_position!
insert into reader_position (municipality, stream, incarnation, position, hash, next_offset)
values (:municipality, :stream, :incarnation, :position, :hash, 0)
on conflict (municipality, stream) do update set
  incarnation = excluded.incarnation, position = excluded.position, hash = excluded.hash, diverged = null;

-- name: parked_row^
select municipality, read_stream, position, keys, state, error from parked_event
where municipality = :municipality and read_stream = :stream and position = :position;

-- name: parked_rows
select read_stream, position, keys, state, error from parked_event
where municipality = :municipality and state = 'parked' order by read_stream, position;

-- name: note_checkpoint_signer!
insert into checkpoint_signer (municipality, public_key)
select unnest(:municipalities::text[]), :public_key on conflict do nothing;

-- name: checkpoint_signers
select public_key from checkpoint_signer where municipality = :municipality order by public_key;

-- name: is_member$
select exists (select from member where municipality = :municipality) as there;

-- name: add_to_inbox!
insert into inbox select * from unnest(:entries::inbox[]) on conflict do nothing;

-- name: open_parts
-- Those of these sealed parts that are there and not erased.
select commitment, part from sealed_part
where municipality = :municipality and commitment = any(:commitments::text[]) and part is not null;

-- name: add_sealed_parts!
insert into sealed_part select * from unnest(:rows::sealed_part[]) on conflict do nothing;

-- name: add_kept_notices!
insert into kept_notice select * from unnest(:rows::kept_notice[]) on conflict do nothing;

-- name: add_checkpoints!
insert into checkpoint select * from unnest(:rows::checkpoint[]) on conflict do nothing;

-- name: add_checkpoint_signers!
insert into checkpoint_signer select * from unnest(:rows::checkpoint_signer[]) on conflict do nothing;

-- name: intake^
-- Whether a municipality subscribes, whether its intake was opened since, and how much of membership was heard.
select
  coalesce(s.active, false) as subscribed,
  coalesce(o.subscribed_at = s.changed_at, false) as opened,
  coalesce(r.position, 0) as heard
from (select :municipality::text as municipality) given
left join subscription s on s.municipality = given.municipality and s.service = :service
left join intake_opened o on o.municipality = given.municipality
left join reader_position r on r.municipality = given.municipality and r.stream = 'membership';

-- name: held_intakes
select s.municipality, s.changed_at as subscribed_at
from subscription s left join intake_opened o using (municipality)
where s.municipality = any(:municipalities::text[]) and s.service = :service and s.active
  and o.subscribed_at is distinct from s.changed_at and not kumiai_is_going(s.municipality);

-- name: open_intakes!
insert into intake_opened (municipality, subscribed_at)
select * from unnest(:municipalities::text[], :subscribed_at::text[])
on conflict (municipality) do update set subscribed_at = excluded.subscribed_at;

-- name: ended
-- Where the service takes nothing more, because it closed; `altogether`: where the municipality is no member any more.
select municipality, false as altogether from stream_head
where closed and stream = :stream and municipality = any(:municipalities::text[])
union all
select municipality, true from tombstone where altogether and municipality = any(:municipalities::text[]);

-- name: set_closed!
update stream_head set closed = :closed where municipality = :municipality and stream = any(:streams::text[]);

-- name: leaves
-- Each municipality's last leave that concerns the service, and whether the service's stream is closed.
select distinct on (l.municipality) l.municipality, l.leave, l.services, l.altogether, l.state,
  coalesce(h.closed, false) as closed, t.leave as buried
from leaving l
left join stream_head h on h.municipality = l.municipality and h.stream = :stream
left join tombstone t on t.municipality = l.municipality
where l.municipality = any(:municipalities::text[]) and (l.altogether or l.services @> to_jsonb(:service::text))
order by l.municipality, l.leave desc;

-- name: parked_count$
select count(*) from parked_event where municipality = :municipality and state = 'parked';

-- name: tombstones
select municipality, leave, altogether, erased_at > now() - interval '10 minutes' as recent from tombstone;

-- name: municipal_tables
select kumiai_municipal_tables() as name;

-- name: erase$
select kumiai_erase(:municipality, :target, :most);

-- name: forget_samples$
select kumiai_forget_samples(:municipality, :target);

-- name: bury$
select kumiai_bury(:municipality, :kept::text[]);

-- name: erasure_counts
select what, count from erasure_count where municipality = :municipality and leave = :leave order by what;

-- name: last_erasure_counts
select what, count from erasure_count e where municipality = :municipality
and leave = (select max(leave) from erasure_count l where l.municipality = e.municipality) order by what;

-- name: note_erasure_counts!
insert into erasure_count (municipality, leave, what, count)
select :municipality, :leave::bigint, given.what, given.count
from unnest(:whats::text[], :counts::bigint[]) as given(what, count)
on conflict do nothing;

-- name: undelivered
select h.municipality, coalesce(c.position, 0) as delivered, h.position
from stream_head h left join courier_position c using (municipality, stream)
where h.municipality = any(:municipalities::text[]) and h.stream = :stream and h.position > coalesce(c.position, 0)
  and not (h.closed and kumiai_is_going(h.municipality));

-- name: delivered$
select coalesce(
  (select position from courier_position where municipality = :municipality and stream = :stream), 0) as position;

-- name: has_messages$
select exists (
  select from stream_event e
  where e.municipality = :municipality and e.stream = :stream and e.type = any(:types::text[]) and e.position > coalesce(
    (select c.position from courier_position c where c.municipality = e.municipality and c.stream = e.stream), 0)
) as found;

-- name: messages
select municipality, stream, incarnation, position, hash, type, subject, time, dataschema, cause, traceparent, body
from stream_event
where municipality = :municipality and stream = :stream and position > :after and position <= :until
  and type = any(:types::text[])
order by position limit :limit;

-- name: advance_courier!
insert into courier_position as c (municipality, stream, position)
select municipality, :stream, position
from unnest(:municipalities::text[], :positions::bigint[]) as given(municipality, position)
on conflict (municipality, stream) do update set position = greatest(c.position, excluded.position);
