-- depends: 0003-codes 0004-own-feed
-- Under which keys people are found by where they live or lived, made from the log as the keys of names are. It holds
-- addresses, so nothing but a search by a purpose that sees them reads it.
create table address_index (
  municipality text not null,
  key text not null collate "C",
  addressee_number text not null,
  primary key (municipality, key, addressee_number)
);
select kumiai_protect('address_index');
-- From here on both indexes are made in one go over the log.
truncate name_index_position;
