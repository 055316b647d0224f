-- depends: 0001-ground
-- The fold of the stream `taxation`: the owner's tables and every reader's replica are the same.

create table income_report (
  municipality text not null,
  fiscal_year bigint not null,
  addressee_number text not null,
  employer text not null,
  revision bigint not null,
  kind text not null,
  withdrawn boolean not null,
  salary bigint not null,
  social_insurance bigint not null,
  life_insurance_new bigint not null,
  earthquake_insurance bigint not null,
  spouse jsonb,
  dependants jsonb not null,
  further jsonb,
  primary key (municipality, fiscal_year, addressee_number, employer, revision)
);
select kumiai_protect('income_report');

create table assessment (
  municipality text not null,
  fiscal_year bigint not null,
  addressee_number text not null,
  version bigint not null,
  cancelled boolean not null,
  rule_version text not null,
  employment_income bigint not null,
  total_income bigint not null,
  deductions_total bigint not null,
  taxable_income bigint not null,
  income_levy_municipal bigint not null,
  income_levy_prefectural bigint not null,
  per_capita_municipal bigint not null,
  per_capita_prefectural bigint not null,
  forest_environment_tax bigint not null,
  total bigint not null,
  special_collection jsonb not null,
  ordinary_collection jsonb not null,
  birth_date text,
  reports jsonb not null,
  primary key (municipality, fiscal_year, addressee_number, version)
);
select kumiai_protect('assessment');

create table unmatched_report (
  municipality text not null,
  work_item text not null,
  report jsonb not null,
  primary key (municipality, work_item)
);
select kumiai_protect('unmatched_report');

create table tax_work_item (
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
select kumiai_protect('tax_work_item');

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
