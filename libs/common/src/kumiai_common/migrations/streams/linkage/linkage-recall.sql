-- depends: linkage-tables
-- What the stream `linkage` says about recalls and about comparing records.

create table recall (
  municipality text not null,
  recall text not null,
  fact_kind text not null,
  items jsonb not null,
  reason text not null,
  opened_by text not null,
  opened_at text not null,
  people bigint not null,
  primary key (municipality, recall)
);
select kumiai_protect('recall');

create table recall_target (
  municipality text not null,
  recall text not null,
  addressee_number text not null,
  scope text not null,
  until_version bigint not null,
  primary key (municipality, recall, addressee_number, scope)
);
select kumiai_protect('recall_target');

create table recall_notification (
  municipality text not null,
  recall text not null,
  inquirer text not null,
  part bigint not null,
  request_numbers jsonb not null,
  notified_at text not null,
  acknowledged_at text,
  primary key (municipality, recall, inquirer, part)
);
select kumiai_protect('recall_notification');

create table received_recall (
  municipality text not null,
  provider text not null,
  recall text not null,
  part bigint not null,
  fact_kind text not null,
  items jsonb not null,
  reason text not null,
  request_numbers jsonb not null,
  received_at text not null,
  primary key (municipality, provider, recall, part)
);
select kumiai_protect('received_recall');

create table record_summary (
  municipality text not null,
  provider text not null,
  since text not null,
  until text not null,
  primary key (municipality, provider, since)
);
select kumiai_protect('record_summary');

create table record_difference (
  municipality text not null,
  inquirer text not null,
  request_number text not null,
  kind text not null,
  state text not null,
  found_at text not null,
  primary key (municipality, inquirer, request_number)
);
select kumiai_protect('record_difference');
