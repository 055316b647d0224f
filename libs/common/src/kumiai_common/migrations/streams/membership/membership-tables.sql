-- depends: 0001-ground
-- The fold of the stream `membership`: the owner's tables and every reader's replica are the same.

create table member (
  municipality text primary key,
  name text not null,
  prefecture text not null,
  joined_at text not null
);
select kumiai_protect('member');

create table subscription (
  municipality text not null,
  service text not null,
  active boolean not null,
  changed_at text not null,
  primary key (municipality, service)
);
select kumiai_protect('subscription');

create table party (
  municipality text not null,
  party text not null,
  kind text not null,
  public_key text not null,
  roles jsonb not null,
  purposes jsonb not null,
  revoked boolean not null,
  changed_at text not null,
  primary key (municipality, party)
);
select kumiai_protect('party');
