-- depends: resident-tables
-- What the stream `resident` says beside the record: protection, gaiji, and the work list.

create table protection (
  municipality text not null,
  addressee_number text not null,
  state text not null,
  applied_on date not null,
  starts_on date,
  ends_on date,
  ended_on date,
  together_with jsonb not null,
  primary key (municipality, addressee_number)
);
select kumiai_protect('protection');

create table gaiji (
  municipality text not null,
  system text not null,
  code_point text not null,
  character text,
  mj text,
  primary key (municipality, system, code_point)
);
select kumiai_protect('gaiji');

create table gaiji_use (
  municipality text not null,
  addressee_number text not null,
  system text not null,
  code_points jsonb not null,
  primary key (municipality, addressee_number)
);
select kumiai_protect('gaiji_use');

create table resident_work_item (
  municipality text not null,
  item text not null,
  kind text not null,
  keys jsonb not null,
  state text not null,
  assignee text,
  decision text,
  opened_at text not null,
  changed_at text not null,
  primary key (municipality, item)
);
select kumiai_protect('resident_work_item');
