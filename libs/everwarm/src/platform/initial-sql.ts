/** The tables of the first step: outbox, ledger, generations, relay, and the function by which a generation serves. */
export const initialSchema = `
create type everwarm.change as (mask bigint, vals text[]);

create table everwarm.sources (
  id integer generated always as identity primary key,
  schema_name text not null,
  table_name text not null,
  links text[] not null,
  columns text[] not null,
  unique (schema_name, table_name, links, columns)
);

create table everwarm.outbox_slot (slot smallint not null);
insert into everwarm.outbox_slot values (0);

create table everwarm.outbox (
  slot smallint not null,
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null default clock_timestamp(),
  source integer not null,
  mask bigint not null,
  vals text[]
) partition by list (slot);
create table everwarm.outbox_0 partition of everwarm.outbox for values in (0);
create table everwarm.outbox_1 partition of everwarm.outbox for values in (1);
create index on everwarm.outbox (xid);

create table everwarm.epochs (
  ordinal smallint generated always as identity primary key,
  system_identifier text not null,
  timeline text not null,
  unique (system_identifier, timeline)
);

create sequence everwarm.version_seq;
create sequence everwarm.ledger_seq;

create table everwarm.generations (
  id integer generated always as identity primary key,
  name text not null,
  hash text not null,
  state text not null check (state in ('building', 'serving', 'previous', 'dropped')),
  model jsonb not null,
  installed_xid xid8,
  reconcile_phase text check (reconcile_phase in ('source', 'projection')),
  reconcile_position text[],
  reconcile_seq bigint,
  created_at timestamptz not null default now()
);
create unique index on everwarm.generations (name, hash) where state <> 'dropped';
create unique index on everwarm.generations (name) where state = 'serving';

create table everwarm.ledger (
  generation integer not null,
  key text not null,
  seq bigint not null default nextval('everwarm.ledger_seq'),
  first_seq bigint not null default currval('everwarm.ledger_seq'),
  since timestamptz not null,
  bulk boolean not null default false,
  queued_at timestamptz,
  attempts integer not null default 0,
  error text,
  primary key (generation, key)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

create table everwarm.relay (
  singleton boolean primary key default true check (singleton),
  snapshot text not null,
  leader text,
  leader_pid integer,
  heartbeat timestamptz,
  redis_token text,
  revision bigint not null default 0
);
insert into everwarm.relay (snapshot) values (pg_current_snapshot()::text);

-- Lets a generation serve: it takes over the read model's view, the one that served stays warm, the one before that goes.
-- Runs with its owner's rights, so that the role of the workers needs none to create or drop anything.
create function everwarm.serve(wanted integer) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $serve$
declare
  g everwarm.generations;
  old integer;
begin
  select * into strict g from everwarm.generations where id = wanted for update;
  if g.state = 'serving' then return; end if;
  for old in update everwarm.generations set state = 'dropped' where name = g.name and state = 'previous' and id <> wanted returning id loop
    execute format('drop table if exists everwarm.%I cascade', 'projection_' || old);
    delete from everwarm.ledger where generation = old;
  end loop;
  update everwarm.generations set state = 'previous' where name = g.name and state = 'serving';
  update everwarm.generations set state = 'serving' where id = wanted;
  if g.model ->> 'kind' = 'document' then
    execute format('create or replace view everwarm.%I as select key, doc::json as doc, version, as_of from everwarm.%I where doc is not null', g.name, 'projection_' || wanted);
  else
    execute format('create or replace view everwarm.%I as select partition, key, member, version from everwarm.%I where member is not null', g.name, 'projection_' || wanted);
  end if;
  update everwarm.relay set revision = revision + 1;
end
$serve$;
revoke execute on function everwarm.serve(integer) from public;
`;
