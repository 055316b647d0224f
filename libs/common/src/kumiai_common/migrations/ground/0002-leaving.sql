-- depends: 0001-ground
-- Leaving: a closed stream takes nothing more, and what was erased never begins again.
-- Invariant: the service's role can't delete from the log. Only these functions, which are the owner's, can, and only what
-- belongs to a municipality whose erasure the replica of `leaving` has seen begin, after this service's stream closed. Row-level security binds the owner,
-- too: a transaction that names one municipality erases no other's rows, whatever it asks for.

alter table stream_head add column closed boolean not null default false;

-- What keeps a reader that slept through the erasure from starting again. Codes are public, so every row may be seen.
create table tombstone (
  municipality text primary key,
  leave bigint not null,
  altogether boolean not null,
  erased_at timestamptz not null default now()
);
select kumiai_protect('tombstone', 'select');
create policy codes_are_public on tombstone for select using (true);

-- What there was when erasure began, by table: kept for the certificate.
create table erasure_count (
  municipality text not null,
  leave bigint not null,
  what text not null,
  count bigint not null,
  primary key (municipality, leave, what)
);
select kumiai_protect('erasure_count', 'select, insert');

-- Whether nothing may be written of a municipality that can be made again: its erasure has begun, or is done.
create function kumiai_is_going(code text) returns boolean language plpgsql stable as $$
begin
  return exists (select from leaving l where l.municipality = code and l.state = 'erasing')
    or exists (select from tombstone t where t.municipality = code);
end $$;

-- Whose erasure has begun here: until it is done by the replica of membership, also in a database that was restored to
-- an older state; afterwards by the tombstone, so that what a transaction wrote at the last moment can be erased, too.
create function kumiai_erasing(code text, out leave bigint, out altogether boolean)
language plpgsql stable security definer set search_path = pg_catalog, public as $$
begin
  select l.leave, l.altogether into leave, altogether from leaving l
  where l.municipality = code and l.state in ('erasing', 'erased', 'certified')
    and (exists (
        select from stream_head h join leaving_closed c on c.municipality = h.municipality and c.stream = h.stream
        where h.municipality = code and c.leave <= l.leave and (l.altogether or c.leave = l.leave))
      or exists (select from tombstone t where t.municipality = code and (l.altogether or t.leave = l.leave)))
  order by l.leave desc limit 1;
  if leave is null then
    select t.leave, t.altogether into leave, altogether from tombstone t where t.municipality = code and t.altogether;
  end if;
  if leave is null then
    raise exception 'the erasure of % has not begun here', code using errcode = 'insufficient_privilege';
  end if;
end $$;

create function kumiai_municipal_tables() returns setof text
language sql stable security definer set search_path = pg_catalog, public as $$
  select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname = 'municipality' and not a.attisdropped
  order by 1
$$;

create function kumiai_erase(code text, target text, most integer) returns bigint
language plpgsql security definer set search_path = pg_catalog, public as $$
declare gone bigint;
begin
  perform kumiai_erasing(code);
  if target in ('tombstone', 'erasure_count', 'tenant', 'stream_head', 'leaving')
    or target not in (select kumiai_municipal_tables()) then
    raise exception '% is not erased in parts', target using errcode = 'insufficient_privilege';
  end if;
  execute format(
    'delete from %1$I where ctid = any(array(select ctid from %1$I where municipality = $1 limit $2))', target)
    using code, most;
  get diagnostics gone = row_count;
  return gone;
end $$;

-- The end: whatever is left. `kept` are the tables of membership, if it goes on without the service; then the closed heads
-- stay, too, which hold no more than where a stream ended.
create function kumiai_bury(code text, kept text[]) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  number bigint;
  whole boolean;
  target text;
begin
  select e.leave, e.altogether into number, whole from kumiai_erasing(code) e;
  insert into tombstone (municipality, leave, altogether) values (code, number, whole)
  on conflict (municipality) do update set
    leave = excluded.leave, altogether = excluded.altogether, erased_at = excluded.erased_at;
  for target in
    select name from kumiai_municipal_tables() as name
    where name not in ('tombstone', 'erasure_count')
      and (whole or name <> all(kept || '{tenant,leaving,reader_position,stream_head,relay_position}'::text[]))
  loop
    execute format('delete from %I where municipality = $1', target) using code;
  end loop;
  if not whole then
    delete from reader_position where municipality = code and stream <> 'membership';
  end if;
end $$;

do $$
declare signature text;
begin
  foreach signature in array array[
    'kumiai_erasing(text)', 'kumiai_municipal_tables()', 'kumiai_erase(text, text, integer)', 'kumiai_bury(text, text[])'] loop
    execute format('revoke all on function %s from public', signature);
    execute format('grant execute on function %s to %I', signature, current_database() || '_app');
  end loop;
end $$;
