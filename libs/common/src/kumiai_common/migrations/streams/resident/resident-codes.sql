-- depends: resident-names
-- 住民票コード, sealed: of a person, and of the pool.
alter table resident_history add column resident_code text;

create table resident_code (
  municipality text not null,
  code text not null,
  addressee_number text,
  primary key (municipality, code)
);
select kumiai_protect('resident_code');
