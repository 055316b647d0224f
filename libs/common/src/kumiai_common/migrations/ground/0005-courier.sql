-- depends: 0001-ground
-- 送達: up to where in its own log a municipality's messages to others have been delivered.
create table courier_position (
  municipality text not null,
  stream text not null,
  position bigint not null,
  primary key (municipality, stream)
) with (fillfactor = 40);
select kumiai_protect('courier_position', 'select, insert, update');
