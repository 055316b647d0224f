-- depends: 0001-ground
-- For which subscription a service takes notices: its replicas have once been complete since that began.
create table intake_opened (
  municipality text primary key,
  subscribed_at text not null
);
select kumiai_protect('intake_opened', 'select, insert, update');
