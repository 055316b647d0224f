-- depends: membership-tables
-- Leaving, in the fold of the stream `membership`.

create table acknowledgement_key (
  municipality text not null,
  public_key text not null,
  registered_at text not null,
  usable_from text not null,
  primary key (municipality)
);
select kumiai_protect('acknowledgement_key');

create table leaving (
  municipality text not null,
  leave bigint not null,
  services jsonb not null,
  altogether boolean not null,
  state text not null,
  requested_at text not null,
  requested_by text not null,
  changed_at text not null,
  readers_until text not null,
  bundle_hash text,
  seal text,
  acknowledgement text,
  acknowledged_with text,
  readers_behind jsonb not null,
  primary key (municipality, leave)
);
select kumiai_protect('leaving');

create table leaving_closed (
  municipality text not null,
  leave bigint not null,
  service text not null,
  stream text not null,
  incarnation bigint not null,
  position bigint not null,
  hash text not null,
  receipts_incarnation bigint not null,
  receipts_position bigint not null,
  receipts_hash text not null,
  parked bigint not null,
  closed_at text not null,
  primary key (municipality, leave, service)
);
select kumiai_protect('leaving_closed');

create table leaving_erased (
  municipality text not null,
  leave bigint not null,
  place text not null,
  erased jsonb not null,
  erased_at text not null,
  primary key (municipality, leave, place)
);
select kumiai_protect('leaving_erased');

create table leaving_certificate (
  municipality text not null,
  leave bigint not null,
  bundle_hash text not null,
  acknowledgement text not null,
  acknowledged_with text not null,
  remains jsonb not null,
  backups_until text not null,
  issued_at text not null,
  signature text not null,
  primary key (municipality, leave)
);
select kumiai_protect('leaving_certificate');
