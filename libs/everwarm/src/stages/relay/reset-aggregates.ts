import type { Database, Transactions } from '#contracts/database.ts';
import { aggregateLockSpace, migrationLock } from '#contracts/names.ts';

const keptBy = (generation: string) =>
  `select (e -> 'aggregate' ->> 'id')::bigint from jsonb_array_elements(coalesce(${generation}.model -> 'aggregates', '[]')) e where e ->> 'kept' = 'deltas'`;

/**
 * Takes the bases of the aggregates of these generations away: documents are derived from the rows themselves until they are set
 * anew. For whoever has reason to think that rows changed unseen, or that a base is wrong.
 */
export async function resetAggregates(tx: Database, generations: readonly number[]): Promise<void> {
  // In one order, so that two who do this cannot deadlock.
  if (generations.length === 0) return;
  await tx.query(
    `update everwarm.aggregates a set ready = false, resets = resets + 1, not_before = now() from (
  select id from everwarm.aggregates where id in (select k.id from everwarm.generations g cross join lateral (${keptBy('g')}) k (id) where g.id = any($1)) order by id for update) o
where a.id = o.id`,
    [generations],
  );
}

/**
 * Forgets aggregates that no live generation asks for, with all that is kept of them. Steps aside for a migration under way,
 * which may be about to ask for one again. Returns how many were forgotten.
 */
export function forgetUnused(db: Transactions): Promise<number> {
  return db.transaction(async (tx) => {
    const { rows } = await tx.query<{ mine: boolean }>('select pg_try_advisory_xact_lock($1, $2) as mine', [...migrationLock]);
    if (!rows[0]?.mine) return 0;
    const gone = await tx.query<{ id: string }>(
      // Not one whose bases are just being written: those would stay behind.
      `with unused as materialized (
  select a.id from everwarm.aggregates a where not exists (
    select from everwarm.generations g cross join lateral (${keptBy('g')}) k (id) where g.state <> 'dropped' and k.id = a.id)
)
delete from everwarm.aggregates where id in (select u.id from unused u where pg_try_advisory_xact_lock(${aggregateLockSpace}, (u.id & 2147483647)::integer))
returning id::text`,
    );
    const ids = gone.rows.map(({ id }) => id);
    if (ids.length === 0) return 0;
    await tx.query('delete from everwarm.aggregate_bases where aggregate = any($1)', [ids]);
    await tx.query('delete from everwarm.aggregate_deltas where aggregate = any($1)', [ids]);
    return ids.length;
  });
}
