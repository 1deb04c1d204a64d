import type { Database } from '#contracts/database.ts';

/**
 * Which aggregates could be kept by deltas but not in this database as it is, each with the reason; null when there is none.
 * They are read from their rows: right, at a cost that grows with the rows. Those that merely wait for their bases are not named.
 */
export async function unkeptAggregates(db: Database): Promise<string | null> {
  const { rows } = await db.query<{ path: string; problem: string }>(
    `select e ->> 'path' as path, min(a.problem) as problem from everwarm.generations g
cross join lateral jsonb_array_elements(coalesce(g.model -> 'aggregates', '[]')) e
join everwarm.aggregates a on e ->> 'kept' = 'deltas' and a.id = (e -> 'aggregate' ->> 'id')::bigint
where g.state in ('building', 'serving') and not a.ready and a.problem is not null group by 1 order by 1`,
  );
  if (rows.length === 0) return null;
  const each = rows.map(({ path, problem }) => `${path}: ${problem}`).join('. ');
  return `Read from all their rows at every change: ${each}. Where the reason is a difference between schema and database, make them agree; it is looked at again every minute.`;
}
