-- depends: 0008-access-retention
-- The transaction's municipalities are a subquery's rows, which a statement looks up in a hash that it makes once. As an
-- array they were parsed for every row that is written, and, worse, their comparison took part in choosing plans: the
-- planner reckons with ten municipalities whatever it is told, so looking five hundred keys up one by one seemed ten times
-- as dear as it is, and whole tables were read instead, the more the larger they grew.

create or replace function kumiai_protect(target regclass, privileges text default 'select, insert, update, delete')
returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format(
    'create policy by_municipality on %s '
    'using (municipality in (select unnest(current_setting(''app.municipalities'', true)::text[])))', target);
  execute format('grant %s on %s to %I', privileges, target, current_database() || '_app');
end $$;

do $$
declare target regclass;
begin
  for target in select polrelid::regclass from pg_policy where polname = 'by_municipality' loop
    execute format(
      'alter policy by_municipality on %s '
      'using (municipality in (select unnest(current_setting(''app.municipalities'', true)::text[])))', target);
  end loop;
end $$;
