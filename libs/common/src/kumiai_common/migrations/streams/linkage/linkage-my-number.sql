-- depends: linkage-tables
-- That a number is held, never the number: number and salt behind the commitment stand in the vault of its owner alone.

create table held_number (
  municipality text not null,
  commitment text not null,
  integrated_addressee_number text not null,
  state text not null,
  primary key (municipality, commitment)
);
select kumiai_protect('held_number');
