-- depends: 0001-ground
-- Who is there to relay, those included that hold no shard yet: everybody's fair share follows from their number.
create table relay_worker (
  holder text primary key,
  expires_at timestamptz not null
) with (fillfactor = 40);
do $$ begin
  execute format('grant select, insert, update, delete on relay_worker to %I', current_database() || '_app');
end $$;
