-- name: members
select municipality, name, prefecture, joined_at
from member where municipality = any(:municipalities::text[]) order by municipality;

-- name: subscriptions
select municipality, service, active, changed_at
from subscription where municipality = any(:municipalities::text[]) order by municipality, service;

-- name: parties
select municipality, party, kind, public_key, roles, purposes, revoked, changed_at
from party where municipality = any(:municipalities::text[]) order by municipality, party;

-- name: remember_assertion$
-- Gives true once for an id, and nothing after that.
insert into used_assertion (municipality, party, id, remembered_until)
values (:municipality, :party, :id, to_timestamp(:remembered_until::float8))
on conflict do nothing
returning true;

-- name: forget_assertions!
delete from used_assertion
where municipality = :municipality and remembered_until < now();
