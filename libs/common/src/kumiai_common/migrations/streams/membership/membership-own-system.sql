-- depends: membership-tables
-- 自団体システム: whose system keeps a service's record, in the fold of the stream `membership`.
create table own_system (
  municipality text not null,
  service text not null,
  active boolean not null,
  changed_at text not null,
  primary key (municipality, service)
);
select kumiai_protect('own_system');
