-- depends: resident-tables
-- Extra attributes of movements, in the fold of the stream `resident`; what they say is sealed.

create table resident_extension (
  municipality text not null,
  movement text not null,
  namespace text not null,
  parameter_version bigint not null,
  extension text not null,
  primary key (municipality, movement, namespace)
);
select kumiai_protect('resident_extension');
