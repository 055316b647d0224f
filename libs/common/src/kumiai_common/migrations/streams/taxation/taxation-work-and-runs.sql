-- depends: taxation-tables
-- Reports in revisions and of every kind, what a person has to look at, people taxed without being registered, runs.

alter table income_report add column revision bigint not null default 1;
alter table income_report add column kind text not null default 'employment';
alter table income_report add column withdrawn boolean not null default false;
alter table income_report add column further jsonb;
alter table income_report alter column revision drop default;
alter table income_report alter column kind drop default;
alter table income_report alter column withdrawn drop default;
alter table income_report drop constraint income_report_pkey;
alter table income_report add primary key (municipality, fiscal_year, addressee_number, employer, revision);

alter table assessment add column birth_date text;
alter table assessment add column reports jsonb not null default '[]';
alter table assessment alter column reports drop default;

create table unmatched_report (
  municipality text not null,
  work_item text not null,
  report jsonb not null,
  primary key (municipality, work_item)
);
select kumiai_protect('unmatched_report');

create table work_item (
  municipality text not null,
  work_item text not null,
  fiscal_year bigint not null,
  addressee_number text,
  code text not null,
  pointer text not null,
  ja text not null,
  en text not null,
  state text not null,
  forwarded_to text,
  primary key (municipality, work_item)
);
select kumiai_protect('work_item');

create table non_resident_taxpayer (
  municipality text not null,
  addressee_number text not null,
  name text not null,
  name_kana text not null,
  birth_date text not null,
  address text not null,
  from_year bigint not null,
  until_year bigint,
  registered_in text,
  primary key (municipality, addressee_number)
);
select kumiai_protect('non_resident_taxpayer');

create table tax_run (
  municipality text not null,
  fiscal_year bigint not null,
  state text not null,
  changed_at text not null,
  changed_by text not null,
  rule_version text not null,
  payers bigint not null,
  assessed bigint not null,
  exempt bigint not null,
  refused bigint not null,
  amount bigint not null,
  last_year_amount bigint not null,
  outliers bigint not null,
  primary key (municipality, fiscal_year)
);
select kumiai_protect('tax_run');
