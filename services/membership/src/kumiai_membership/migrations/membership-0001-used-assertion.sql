-- depends: 0001-ground
-- Ids of assertions that were exchanged for a token, for as long as they would be accepted again.

create table used_assertion (
  municipality text not null,
  party text not null,
  id text not null,
  remembered_until timestamptz not null,
  primary key (municipality, party, id)
);
select kumiai_protect('used_assertion', 'select, insert, delete');
create index used_assertion_until on used_assertion (municipality, remembered_until);
