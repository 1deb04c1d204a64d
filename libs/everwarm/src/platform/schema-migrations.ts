import { acknowledgeSchema } from './acknowledge-sql.ts';
import { aggregateSchema } from './aggregate-sql.ts';
import { askedTimersSchema } from './asked-timers-sql.ts';
import { clusterSchema } from './cluster-sql.ts';
import { fanOutSchema } from './fan-out-sql.ts';
import { initialSchema } from './initial-sql.ts';
import { ledgerAgeSchema } from './ledger-age-sql.ts';
import { ledgerInPlaceSchema } from './ledger-in-place-sql.ts';
import { inlineMarkSchema, lifecycleSchema, outboxSinceSchema } from './lifecycle-sql.ts';
import { listCountSchema } from './list-count-sql.ts';
import { mostReadSchema } from './most-read-sql.ts';
import { operatorLogSchema } from './operator-log-sql.ts';
import { oweRedisSchema } from './owe-redis-sql.ts';
import { quarantineSchema } from './quarantine-sql.ts';
import { redisCopySchema } from './redis-copy-sql.ts';
import { sortKeySchema } from './sort-key-sql.ts';
import { touchSchema } from './touch-sql.ts';

/** One step of the engine's own schema. Ids only go up; a step that was released is never changed. */
export type SchemaMigration = { readonly id: number; readonly name: string; readonly sql: string };

/** The engine's schema, as ordered steps. Everything is qualified: no step depends on a search path. */
export const schemaMigrations: readonly SchemaMigration[] = [
  {
    id: 1,
    name: 'outbox, ledger, generations',
    sql: initialSchema,
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
    sql: touchSchema,
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
  // It stands in redis_copy since step 10.
  { id: 17, name: 'the mark of Redis has left the relay', sql: 'alter table everwarm.relay drop column redis_token;' },
  { id: 18, name: 'lifecycles', sql: lifecycleSchema },
  { id: 19, name: 'marks of documents written inline', sql: inlineMarkSchema },
  { id: 20, name: 'since when the outbox has been turned over', sql: outboxSinceSchema },
  { id: 21, name: 'enqueued keys stay in place', sql: ledgerInPlaceSchema },
  { id: 22, name: 'moments that were asked for', sql: askedTimersSchema },
  {
    id: 23,
    name: 'where scrubbing is',
    sql: `
-- At this generation, or the next there is, after this key or partition of it: one row, which outlives its leader.
create table everwarm.scrub_position (
  singleton boolean primary key default true check (singleton),
  generation integer not null,
  after text collate "C"
) with (fillfactor = 50);
insert into everwarm.scrub_position (generation) values (0);
`,
  },
];
