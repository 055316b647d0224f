-- depends: 0001-finding
-- What the registry keeps for reading, beside the fold of its log: an index that can be made anew at any time, and what
-- concerns this municipality's own clerks alone and therefore never stands in an event.

-- Under which keys somebody is found by name. The collation makes a prefix a range.
create table name_index (
  municipality text not null,
  key text not null collate "C",
  addressee_number text not null,
  primary key (municipality, key, addressee_number)
);
select kumiai_protect('name_index');

create table name_index_position (
  municipality text not null,
  position bigint not null,
  primary key (municipality)
);
select kumiai_protect('name_index_position');

-- 緊急時の閲覧: asked for by one person, approved by another, for a limited time.
create table emergency_access (
  municipality text not null,
  id text not null,
  party text not null,
  reason text not null,
  requested_at timestamptz not null default now(),
  approved_by text,
  approved_at timestamptz,
  expires_at timestamptz,
  check (approved_by is null or approved_by <> party),
  primary key (municipality, id)
);
select kumiai_protect('emergency_access', 'select, insert, update');

-- 支援措置の一時解除: reverts by itself, and no other system ever hears of it.
create table protection_release (
  municipality text not null,
  id text not null,
  addressee_number text not null,
  party text not null,
  released_at timestamptz not null default now(),
  reverts_at timestamptz not null,
  primary key (municipality, id)
);
select kumiai_protect('protection_release', 'select, insert');
