import { acknowledgeSchema } from './acknowledge-sql.ts';
import { aggregateSchema } from './aggregate-sql.ts';
import { clusterSchema } from './cluster-sql.ts';
import { fanOutSchema } from './fan-out-sql.ts';
import { ledgerAgeSchema } from './ledger-age-sql.ts';
import { listCountSchema } from './list-count-sql.ts';
import { mostReadSchema } from './most-read-sql.ts';
import { operatorLogSchema } from './operator-log-sql.ts';
import { oweRedisSchema } from './owe-redis-sql.ts';
import { quarantineSchema } from './quarantine-sql.ts';
import { redisCopySchema } from './redis-copy-sql.ts';
import { sortKeySchema } from './sort-key-sql.ts';

/** One step of the engine's own schema. Ids only go up; a step that was released is never changed. */
export type SchemaMigration = { readonly id: number; readonly name: string; readonly sql: string };

/** The engine's schema, as ordered steps. Everything is qualified: no step depends on a search path. */
export const schemaMigrations: readonly SchemaMigration[] = [
  {
    id: 1,
    name: 'outbox, ledger, generations',
    sql: `
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
`,
  },
  {
    id: 2,
    name: 'watched tables and stalled generations',
    sql: `
-- What the catalogue said of each captured table when it was last looked at: what no trigger sees shows as a difference from it.
create table everwarm.captured (
  schema_name text not null,
  table_name text not null,
  columns text[] not null,
  facts text not null,
  primary key (schema_name, table_name)
);

create table everwarm.source_marks (
  schema_name text not null,
  table_name text not null,
  kind text not null,
  problem text not null,
  cure text not null,
  since timestamptz not null default now(),
  primary key (schema_name, table_name, kind)
);

-- Why the statements of a generation cannot run, e.g. a column that is gone; null while they can.
alter table everwarm.generations add column stalled text;
`,
  },
  {
    id: 3,
    name: 'timers',
    sql: `
-- When the time alone will change a document or entry next.
create table everwarm.timers (
  generation integer not null,
  key text not null,
  at timestamptz not null,
  primary key (generation, key)
) with (fillfactor = 85);
create index on everwarm.timers (at);
`,
  },
  {
    id: 4,
    name: 'touch',
    sql: `
insert into everwarm.sources (schema_name, table_name, links, columns) values ('everwarm', 'touch', array['model', 'key'], '{}');

-- A key's text in the one form that documents are found by, given the read model's key columns. Raises where it is no such key.
create function everwarm.key_text(model text, columns jsonb, key text) returns text language plpgsql stable
set search_path = pg_catalog, pg_temp set datestyle = 'ISO, YMD' as $key$
declare
  texts text[] := '{}';
  part text;
  col jsonb;
begin
  for col, part in
    select c.col, case when jsonb_array_length(columns) = 1 then key else key::jsonb ->> (c.n - 1)::integer end
    from jsonb_array_elements(columns) with ordinality as c (col, n) order by c.n
  loop
    texts := texts || case col ->> 'type'
      when 'integer' then part::integer::text
      when 'bigint' then part::bigint::text
      when 'uuid' then part::uuid::text
      when 'date' then part::date::text
      when 'char' then rtrim(part, ' ')
      else part
    end;
    if part is null or not coalesce(col -> 'labels' ? part, true) then raise invalid_parameter_value; end if;
  end loop;
  if cardinality(texts) = 1 then return texts[1]; end if;
  if jsonb_array_length(key::jsonb) <> cardinality(texts) then raise invalid_parameter_value; end if;
  return (select '[' || string_agg(to_json(t.text)::text, ',' order by t.n) || ']' from unnest(texts) with ordinality as t (text, n));
exception when data_exception then
  raise exception using errcode = 'invalid_parameter_value',
    message = format('%s is not a key of %s, which has %s.', coalesce(quote_literal(left(key, 100)), 'null'), model,
      (select string_agg(format('%s (%s)', c.col ->> 'name', c.col ->> 'type'), ', ' order by c.n) from jsonb_array_elements(columns) with ordinality as c (col, n)))
      || case when jsonb_array_length(columns) > 1 then ' Write it as a JSON array, in this order.' else '' end;
end
$key$;

-- Says that something which no table of this database holds has changed for these keys: they are derived again once the caller's
-- transaction commits. Returns how many. Runs with its owner's rights, so that the outbox itself is open to nobody.
create function everwarm.touch(model text, variadic keys text[]) returns integer language plpgsql security definer
set search_path = pg_catalog, pg_temp as $touch$
declare
  key_columns jsonb;
begin
  select g.model -> 'key' into key_columns from everwarm.generations g where g.name = touch.model and g.state <> 'dropped' order by g.id desc limit 1;
  if not found then
    raise exception using errcode = 'undefined_object', message = format('There is no read model "%s". Known: %s.', touch.model,
      coalesce((select string_agg(distinct g.name, ', ' order by g.name) from everwarm.generations g where g.state <> 'dropped'), 'none'));
  end if;
  insert into everwarm.outbox (slot, source, mask, vals)
  select (select slot from everwarm.outbox_slot), s.id, -1, array[touch.model, everwarm.key_text(touch.model, key_columns, k.key)]
  from everwarm.sources s, unnest(keys) as k (key) where s.schema_name = 'everwarm' and s.table_name = 'touch';
  return coalesce(cardinality(keys), 0);
end
$touch$;
revoke execute on function everwarm.key_text(text, jsonb, text), everwarm.touch(text, text[]) from public;
`,
  },
  {
    id: 5,
    name: 'aggregates kept by deltas',
    sql: aggregateSchema,
  },
  { id: 6, name: 'order of list entries', sql: sortKeySchema },
  { id: 7, name: 'counts of list entries', sql: listCountSchema },
  { id: 8, name: 'acknowledgement by key', sql: acknowledgeSchema },
  { id: 9, name: 'operator log', sql: operatorLogSchema },
  { id: 10, name: 'the copy in Redis', sql: redisCopySchema },
  { id: 11, name: 'fan-outs', sql: fanOutSchema },
  { id: 12, name: 'quarantine', sql: quarantineSchema },
  { id: 13, name: 'debts to Redis', sql: oweRedisSchema },
  { id: 14, name: 'the ledger by age', sql: ledgerAgeSchema },
  { id: 15, name: 'the cluster that the relay is in', sql: clusterSchema },
  { id: 16, name: 'documents that are read most', sql: mostReadSchema },
];
