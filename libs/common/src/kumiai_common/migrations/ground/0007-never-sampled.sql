-- depends: 0002-leaving
-- What PostgreSQL remembers of columns (pg_statistic) are samples of their values, which outlive the rows. So columns that
-- hold what must stand nowhere else are never sampled, and what an erasure took is forgotten there, too.

create function kumiai_never_sampled(target regclass, variadic columns text[]) returns void language plpgsql as $$
declare name text;
begin
  foreach name in array columns loop
    execute format('alter table %s alter column %I set statistics 0', target, name);
    perform kumiai_forget_column(target, name);
  end loop;
end $$;

-- Samples that were taken stay, even if none are taken any more.
create function kumiai_forget_column(target regclass, name text) returns void language sql as $$
  select pg_clear_attribute_stats(n.nspname, c.relname, name, false)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = target
$$;

-- New samples in the place of those that may hold rows of whoever is being erased; none of a table that is empty.
create function kumiai_forget_samples(code text, target text) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  perform kumiai_erasing(code);
  if target not in (select kumiai_municipal_tables()) then
    raise exception '% is no table of municipalities', target using errcode = 'insufficient_privilege';
  end if;
  perform kumiai_forget_column(target::regclass, attname)
  from pg_attribute where attrelid = target::regclass and attnum > 0 and not attisdropped;
  execute format('analyze %I', target);
end $$;

do $$ begin
  execute 'revoke all on function kumiai_forget_samples(text, text) from public';
  execute format('grant execute on function kumiai_forget_samples(text, text) to %I', current_database() || '_app');
end $$;

select kumiai_never_sampled('sealed_part', 'salt', 'part');
select kumiai_never_sampled('kept_notice', 'encrypted');
-- Nobody looks for an event by what it says.
select kumiai_never_sampled('stream_event', 'body');
