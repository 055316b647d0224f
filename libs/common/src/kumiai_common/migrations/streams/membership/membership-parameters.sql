-- depends: membership-tables
-- Parameters, in the fold of the stream `membership`: every setting that was ever made.

create table parameter (
  municipality text not null,
  version bigint not null,
  service text not null,
  name text not null,
  value text,
  valid_from date not null,
  reason text not null,
  set_by text not null,
  set_at text not null,
  late boolean not null,
  primary key (municipality, version)
);
select kumiai_protect('parameter');
