-- depends: 0001-ground
-- The fold of the stream `linkage`: the owner's tables and every reader's replica are the same.

create table addressee_link (
  municipality text not null,
  line_of_business text not null,
  addressee_number text not null,
  integrated_addressee_number text not null,
  primary key (municipality, line_of_business, addressee_number)
);
select kumiai_protect('addressee_link');
