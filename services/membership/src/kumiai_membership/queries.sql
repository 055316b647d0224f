-- name: members
select municipality, name, prefecture, joined_at
from member where municipality = any(:municipalities::text[]) order by municipality;

-- name: subscriptions
select municipality, service, active, changed_at
from subscription where municipality = any(:municipalities::text[]) order by municipality, service;

-- name: own_systems
select municipality, service, active, changed_at
from own_system where municipality = any(:municipalities::text[]) order by municipality, service;

-- name: parties
select municipality, party, kind, public_key, roles, purposes, revoked, changed_at
from party where municipality = any(:municipalities::text[]) order by municipality, party;

-- name: in_states
-- Whose leave is in one of these states.
select municipality from leaving
where municipality = any(:municipalities::text[]) and state = any(:states::text[]);

-- name: left
-- Who has left altogether.
select municipality from leaving
where municipality = any(:municipalities::text[]) and altogether and state = 'certified';

-- name: unpublished$
select coalesce(h.position > coalesce(r.position, 0), false)
from stream_head h left join relay_position r using (municipality, stream)
where h.municipality = :municipality and h.stream = 'membership';

-- name: count_assertions$
select count(*) from used_assertion where municipality = :municipality;

-- name: forget_all_assertions!
delete from used_assertion where municipality = :municipality;

-- name: acknowledgement_keys
select municipality, public_key, registered_at, usable_from
from acknowledgement_key where municipality = any(:municipalities::text[]);

-- name: leaves
select municipality, leave, services, altogether, state, requested_at, requested_by, changed_at, readers_until,
  bundle_hash, seal, acknowledgement, acknowledged_with, readers_behind
from leaving where municipality = any(:municipalities::text[]) order by municipality, leave;

-- name: closed_services
select municipality, leave, service, stream, incarnation, position, hash, receipts_incarnation, receipts_position,
  receipts_hash, parked, closed_at
from leaving_closed where municipality = any(:municipalities::text[]) order by municipality, leave, closed_at;

-- name: erased_places
select municipality, leave, place, erased, erased_at
from leaving_erased where municipality = any(:municipalities::text[]) order by municipality, leave, erased_at;

-- name: certificates
select municipality, leave, bundle_hash, acknowledgement, acknowledged_with, remains, backups_until, issued_at, signature
from leaving_certificate where municipality = any(:municipalities::text[]) order by municipality, leave;

-- name: mergers
select municipality, predecessor, effective_date, bundle_hash, heads, state, begun_at, begun_by, completed_at, people, live,
  assessments
from merger where municipality = any(:municipalities::text[]) order by municipality, begun_at;

-- name: successor$
select municipality from merger where municipality = any(:municipalities::text[]) and predecessor = :predecessor limit 1;

-- name: parameters
select municipality, version, service, name, value, valid_from, reason, set_by, set_at, late
from parameter where municipality = any(:municipalities::text[]) order by municipality, version;

-- name: remember_assertion$
-- Gives true once for an id, and nothing after that.
insert into used_assertion (municipality, party, id, remembered_until)
values (:municipality, :party, :id, to_timestamp(:remembered_until::float8))
on conflict do nothing
returning true;

-- name: forget_assertions!
delete from used_assertion
where municipality = :municipality and remembered_until < now();
