import type { Database } from '#contracts/database.ts';

/** The aggregates that are to be kept by deltas and are read from their rows as yet, by generation: their places in the declaration. */
export async function unreadyAggregates(db: Database): Promise<ReadonlyMap<number, readonly string[]>> {
  const { rows } = await db.query<{ generation: number; paths: string[] }>(
    `select g.id as generation, array_agg(distinct e ->> 'path') as paths from everwarm.generations g
cross join lateral jsonb_array_elements(coalesce(g.model -> 'aggregates', '[]')) e
join everwarm.aggregates a on e ->> 'kept' = 'deltas' and a.id = (e -> 'aggregate' ->> 'id')::bigint
where g.state in ('building', 'serving') and not a.ready group by g.id`,
  );
  return new Map(rows.map(({ generation, paths }) => [generation, paths]));
}
