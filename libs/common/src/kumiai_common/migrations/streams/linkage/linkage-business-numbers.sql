-- depends: linkage-addressees
-- What the lines of business call a person.

create table business_number (
  municipality text not null,
  business text not null,
  number text not null,
  integrated_addressee_number text not null,
  primary key (municipality, business, number)
);
select kumiai_protect('business_number');
