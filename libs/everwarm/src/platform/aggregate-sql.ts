/** The step of the engine's schema for aggregates: what is kept of which rows, what writers append, and what that was folded into. */
export const aggregateSchema = `
create type everwarm.delta as (aggregate bigint, key text, rows bigint, present bigint, total numeric, special bigint);

-- What is kept of which rows, by the digest of its definition. resets counts how often its bases were called into question.
create table everwarm.aggregates (
  id bigint primary key,
  definition jsonb not null,
  installed_xid xid8,
  ready boolean not null default false,
  resets bigint not null default 0,
  not_before timestamptz not null default now(),
  problem text
);

-- What writers append in their own transactions; without a key: rows changed, and nobody can say how.
create table everwarm.aggregate_deltas (
  aggregate bigint not null,
  key text collate "C",
  rows bigint not null,
  present bigint not null,
  total numeric not null,
  special bigint not null,
  xid xid8 not null default pg_current_xact_id()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
create index on everwarm.aggregate_deltas (aggregate, key);
create index on everwarm.aggregate_deltas (xid);

create table everwarm.aggregate_bases (
  aggregate bigint not null,
  key text collate "C" not null,
  rows bigint not null,
  present bigint not null,
  total numeric not null,
  special bigint not null,
  primary key (aggregate, key)
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
`;
