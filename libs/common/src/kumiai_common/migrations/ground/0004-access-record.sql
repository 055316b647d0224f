-- depends: 0001-ground
-- 利用記録: who read about whom, when and why. The service can neither change nor delete it.
create table access_record (
  municipality text not null,
  id bigint generated always as identity,
  at timestamptz not null default now(),
  party text not null,
  purpose text not null,
  action text not null,
  addressee_numbers text[] not null,
  primary key (municipality, id)
);
select kumiai_protect('access_record', 'select, insert');
create index access_record_of_person on access_record using gin (addressee_numbers);
