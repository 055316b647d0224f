-- The ground every service stands on. Invariant: the municipality is part of every key, and row-level security is
-- forced for everybody, the tables' owner included.

create function kumiai_protect(target regclass, privileges text default 'select, insert, update, delete')
returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  -- The scalar subquery is evaluated once a statement, not once a row.
  execute format(
    'create policy by_municipality on %s '
    'using (municipality = any((select current_setting(''app.municipalities'', true))::text[]))', target);
  execute format('grant %s on %s to %I', privileges, target, current_database() || '_app');
end $$;

do $$ begin execute format('grant usage on schema public to %I', current_database() || '_app'); end $$;

-- Which municipalities have anything here. Codes are public, so every row may be seen.
create table tenant (municipality text primary key);
select kumiai_protect('tenant', 'insert');
create policy codes_are_public on tenant for select using (true);
do $$ begin execute format('grant select on tenant to %I', current_database() || '_app'); end $$;

create table stream_head (
  municipality text not null,
  stream text not null,
  incarnation integer not null,
  position bigint not null,
  hash bytea not null,
  primary key (municipality, stream)
) with (fillfactor = 40);
select kumiai_protect('stream_head', 'select, insert, update');

create table stream_event (
  municipality text not null,
  stream text not null,
  incarnation integer not null,
  position bigint not null,
  hash bytea not null,
  type text not null,
  subject text not null,
  time text not null,
  dataschema text not null,
  cause text not null,
  traceparent text not null,
  body bytea not null,
  primary key (municipality, stream, position)
) with (toast_tuple_target = 8160);  -- compressing the few longer bodies costs more than it saves
select kumiai_protect('stream_event', 'select, insert');

-- Apart from the head, so that publishing never waits for deciding.
create table relay_position (
  municipality text not null,
  stream text not null,
  position bigint not null,
  primary key (municipality, stream)
) with (fillfactor = 40);
select kumiai_protect('relay_position', 'select, insert, update');

-- One relay per shard of streams; whoever holds an unexpired lease is it.
create table relay_lease (
  shard integer primary key,
  holder text not null,
  expires_at timestamptz not null
) with (fillfactor = 40);
do $$ begin
  execute format('grant select, insert, update on relay_lease to %I', current_database() || '_app');
end $$;

create table sealed_part (
  municipality text not null,
  commitment text not null,
  stream text not null,
  position bigint not null,
  name text not null,
  salt bytea,
  part bytea,
  erased_at timestamptz,
  primary key (municipality, commitment)
);
select kumiai_protect('sealed_part', 'select, insert, update');

create table checkpoint (
  municipality text not null,
  stream text not null,
  incarnation integer not null,
  position bigint not null,
  hash bytea not null,
  time text not null,
  signature bytea not null,
  primary key (municipality, stream, incarnation, position)
);
select kumiai_protect('checkpoint', 'select, insert');

create table reader_position (
  municipality text not null,
  stream text not null,
  incarnation integer not null,
  position bigint not null,
  hash bytea not null,
  next_offset bigint not null,
  diverged text,
  primary key (municipality, stream)
) with (fillfactor = 40);
select kumiai_protect('reader_position');

create table intake_position (
  municipality text not null,
  topic text not null,
  next_offset bigint not null,
  primary key (municipality, topic)
) with (fillfactor = 40);
select kumiai_protect('intake_position', 'select, insert, update');

create table inbox (
  municipality text not null,
  source text not null,
  id text not null,
  digest bytea not null,
  receipt_position bigint not null,
  primary key (municipality, source, id)
);
select kumiai_protect('inbox', 'select, insert');

-- Refused notices and records that nobody can be answered for, encrypted, until they expire.
create table kept_notice (
  municipality text not null,
  kept_as text not null,
  source text not null,
  id text not null,
  code text not null,
  encrypted bytea not null,
  kept_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (municipality, kept_as)
);
select kumiai_protect('kept_notice', 'select, insert, delete');

create table parked_event (
  municipality text not null,
  read_stream text not null,
  position bigint not null,
  keys jsonb not null,
  state text not null,
  error text not null,
  primary key (municipality, read_stream, position)
);
select kumiai_protect('parked_event');
