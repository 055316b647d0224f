-- depends: 0006-access-refused
-- 利用記録の保存期間. Invariant: the service's role can't delete from the record. Only this function, which is the owner's, can,
-- and nothing younger than seven years, whatever it is asked. Row-level security binds the owner, too, so it reaches no
-- other municipalities than the transaction's.
create function kumiai_end_accesses(before timestamptz, most integer) returns bigint
language plpgsql security definer set search_path = pg_catalog, public as $$
declare gone bigint;
begin
  -- Ids grow with time: the oldest are found by the key, and no index on the time slows every read down.
  delete from access_record where (municipality, id) in (
    select oldest.municipality, oldest.id
    from unnest(current_setting('app.municipalities')::text[]) as of(code)
    cross join lateral (
      select municipality, id, at from access_record where municipality = of.code order by id limit most) as oldest
    where oldest.at < least(before, now() - interval '7 years'));
  get diagnostics gone = row_count;
  return gone;
end $$;
do $$ begin
  revoke all on function kumiai_end_accesses(timestamptz, integer) from public;
  execute format('grant execute on function kumiai_end_accesses(timestamptz, integer) to %I', current_database() || '_app');
end $$;
