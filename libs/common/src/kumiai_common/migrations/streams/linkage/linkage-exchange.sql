-- depends: linkage-tables
-- What the stream `linkage` says about replicas, codes, inquiries and provisions.

create table fact_version (
  municipality text not null,
  fact_kind text not null,
  addressee_number text not null,
  scope text not null,
  version bigint not null,
  items jsonb not null,
  source text not null,
  as_of text not null,
  primary key (municipality, fact_kind, addressee_number, scope, version)
);
select kumiai_protect('fact_version');

create table code_acquisition (
  municipality text not null,
  addressee_number text not null,
  acquisition_number text not null,
  state text not null,
  requested_at text not null,
  acquired_at text,
  primary key (municipality, addressee_number)
);
select kumiai_protect('code_acquisition');

create table procedure_grant (
  municipality text not null,
  procedure text not null,
  fact_kind text not null,
  items jsonb not null,
  changed_at text not null,
  primary key (municipality, procedure, fact_kind)
);
select kumiai_protect('procedure_grant');

create table exchange_record (
  municipality text not null,
  side text not null,
  inquirer text not null,
  provider text not null,
  request_number text not null,
  affair text not null,
  procedure text not null,
  fact_kind text not null,
  scope text not null,
  requested_items jsonb not null,
  items jsonb not null,
  addressee_number text,
  version bigint not null,
  outcome text not null,
  reason text not null,
  basis text not null,
  requested_at text not null,
  decided_at text,
  decided_by text not null,
  hidden boolean not null,
  keep_until date not null,
  request_digest text not null,
  exchange_digest text not null,
  answer text,
  fetched_at text,
  primary key (municipality, side, inquirer, request_number)
);
select kumiai_protect('exchange_record');

create table disaster_exception (
  municipality text not null,
  exception text not null,
  inquirer text not null,
  fact_kind text not null,
  items jsonb not null,
  reason text not null,
  asked_by text not null,
  asked_at text not null,
  approved_by text,
  approved_at text,
  until text,
  primary key (municipality, exception)
);
select kumiai_protect('disaster_exception');
