-- depends: taxation-tables
-- What a run works on. No stream fills these tables: they can be made again, and are emptied once a run is issued.
create index tax_work_item_of_person on tax_work_item (municipality, addressee_number) where state = 'open';

create table roll_entry (
  municipality text not null,
  fiscal_year bigint not null,
  dry boolean not null,
  addressee_number text not null,
  birth_date text,
  reports jsonb not null,
  version bigint not null,
  total bigint not null,
  last_year_total bigint,
  primary key (municipality, fiscal_year, dry, addressee_number)
);
select kumiai_protect('roll_entry');
comment on column roll_entry.birth_date is 'null: not taxable here';

-- How far a pass over the roll has come; its cursor moves in the transaction that does the work.
create table run_progress (
  municipality text not null,
  fiscal_year bigint not null,
  dry boolean not null,
  step text not null,
  cursor text not null,
  done bigint not null,
  payers bigint not null,
  assessed bigint not null,
  exempt bigint not null,
  refused bigint not null,
  amount bigint not null,
  last_year_amount bigint not null,
  outliers bigint not null,
  rule_version text not null,
  started_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (municipality, fiscal_year, dry)
) with (fillfactor = 40);
select kumiai_protect('run_progress');

create table run_outlier (
  municipality text not null,
  fiscal_year bigint not null,
  dry boolean not null,
  addressee_number text not null,
  code text not null,
  total bigint not null,
  last_year_total bigint,
  primary key (municipality, fiscal_year, dry, addressee_number)
);
select kumiai_protect('run_outlier');
