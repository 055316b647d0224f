-- depends: membership-parameters
-- Mergers, in the fold of the stream `membership` of the municipality that takes over.

create table merger (
  municipality text not null,
  predecessor text not null,
  effective_date date not null,
  bundle_hash text not null,
  heads jsonb not null,
  state text not null,
  begun_at text not null,
  begun_by text not null,
  completed_at text,
  people bigint not null,
  live bigint not null,
  assessments bigint not null,
  primary key (municipality, predecessor)
);
select kumiai_protect('merger');
