-- depends: resident-tables membership-own-system
-- How the registry stands to the numbers of a municipality's own system, and where the two part. No fold of the log,
-- as a reader's position is none; written in the transaction of what it decides.
create table own_feed (
  municipality text primary key,
  sequence bigint not null,
  seen bigint not null,
  check (sequence <= seen)
) with (fillfactor = 40);
select kumiai_protect('own_feed', 'select, insert, update');

-- 不整合: about whom sender and registry part, from which number on, and why. `key` is a 宛名番号.
create table own_feed_divergence (
  municipality text not null,
  key text not null collate "C",
  sequence bigint not null,
  code text not null,
  primary key (municipality, key)
);
select kumiai_protect('own_feed_divergence');
