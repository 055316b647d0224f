-- depends: resident-codes
-- Which number of the registry stands for one of the system that the municipality used before.

create table carried_number (
  municipality text not null,
  system text not null,
  kind text not null,
  old_number text not null,
  number text not null,
  primary key (municipality, system, kind, old_number)
);
select kumiai_protect('carried_number');
