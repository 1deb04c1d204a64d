/**
 * What is known of the copy in Redis, kept in Postgres so that everybody sees the same: one row, whose state changes by comparing
 * and setting its token. `mark` is the token under which Redis was last whole: while it still stands there, on the same server,
 * nothing is missing but what `redis_owed` says; else anything may be.
 */
export const redisCopySchema = `
create table everwarm.redis_copy (
  singleton boolean primary key default true check (singleton),
  token text not null,
  state text not null check (state in ('whole', 'behind')),
  since timestamptz not null default clock_timestamp(),
  server text,
  mark text,
  reason text
);
insert into everwarm.redis_copy (token, state, reason) values (gen_random_uuid()::text, 'behind', 'Nothing was written to Redis yet.');

-- Keys that Postgres has as they should be, acknowledged, and Redis has not yet.
create table everwarm.redis_owed (
  generation integer not null,
  key text collate "C" not null,
  primary key (generation, key)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
`;
