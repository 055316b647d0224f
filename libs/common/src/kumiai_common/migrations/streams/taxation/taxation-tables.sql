-- depends: 0001-ground
-- The fold of the stream `taxation`: the owner's tables and every reader's replica are the same.

create table income_report (
  municipality text not null,
  fiscal_year bigint not null,
  addressee_number text not null,
  employer text not null,
  salary bigint not null,
  social_insurance bigint not null,
  life_insurance_new bigint not null,
  earthquake_insurance bigint not null,
  spouse jsonb,
  dependants jsonb not null,
  primary key (municipality, fiscal_year, addressee_number, employer)
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
  primary key (municipality, fiscal_year, addressee_number, version)
);
select kumiai_protect('assessment');
