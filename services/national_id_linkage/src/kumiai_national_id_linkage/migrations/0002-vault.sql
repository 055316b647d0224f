-- depends: linkage-my-number
-- 保管庫: encrypted numbers and the wrapped keys that they need. No event fills these tables, no other service reads them.

create table vault_key (
  municipality text not null,
  kind text not null check (kind in ('data', 'mark', 'token')),
  version integer not null,
  wrapped_by text not null,
  wrapped bytea not null,
  created_at timestamptz not null default now(),
  primary key (municipality, kind, version)
);
select kumiai_protect('vault_key');

create table vault_number (
  municipality text not null,
  commitment text not null,
  encrypted bytea not null,
  data_key integer not null,
  mark bytea not null,
  mark_key integer not null,
  primary key (municipality, commitment),
  unique (municipality, mark)
);
select kumiai_protect('vault_number');
-- A rotation looks for what is still under an older key.
create index vault_number_by_key on vault_number (municipality, data_key, mark_key);

create index held_number_of_person on held_number (municipality, integrated_addressee_number);

-- 保管庫の利用記録: who had the vault do what, when, why, about whom. The service can neither change nor delete it.
create table vault_access (
  municipality text not null,
  id bigint generated always as identity,
  at timestamptz not null default now(),
  party text not null,
  purpose text not null,
  action text not null,
  integrated_addressee_numbers text[] not null,
  primary key (municipality, id)
);
select kumiai_protect('vault_access', 'select, insert');
create index vault_access_about_person on vault_access using gin (integrated_addressee_numbers);
