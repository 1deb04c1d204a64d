import type { Database } from '#contracts/database.ts';
import { projectionTable } from '#contracts/names.ts';

/** How many partitions one round trip finds. */
const chunk = 500;

/** The partitions of a list that have or had entries, in order, from behind `after` on, each found by one step through the index however many entries it has. */
export async function* partitionsOf(db: Database, generation: number, after: string | null = null): AsyncGenerator<string> {
  const next = (where: string) =>
    `(select partition from everwarm.${projectionTable(generation)} where ${where} order by partition limit 1)`;
  let last = after;
  for (;;) {
    const { rows }: { rows: { partition: string }[] } = await db.query<{ partition: string }>(
      `with recursive found (partition) as (
  select p.partition from ${next('($1::text is null or partition > $1)')} p
  union all select n.partition from found f, lateral ${next('partition > f.partition')} n
) select partition from found limit ${chunk}`,
      [last],
    );
    for (const { partition } of rows) yield partition;
    last = rows.at(-1)?.partition ?? null;
    if (rows.length < chunk) return;
  }
}
