-- depends: resident-affairs
-- 団体間の異動: what registries tell each other about people who move between them; what it says is sealed.
create table move_between (
  municipality text not null,
  reference text not null,
  kind text not null,
  direction text not null,
  person text not null,
  content text not null,
  addressee_number text,
  state text not null,
  primary key (municipality, reference)
);
select kumiai_protect('move_between');
