import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { lastsMs } from '#contracts/lazy.ts';
import { projectionTable } from '#contracts/names.ts';

/** How many rows one step takes, and how much older than it may be a row is that goes, in milliseconds: clocks differ. */
const step = 5000;
const spareMs = 60_000;

/**
 * Takes away what lazy read models hold that is too old to be read; in Redis it went by itself. Whoever makes such a document anew at
 * that moment keeps it. Returns whether there may be more.
 */
export async function purgeSpent(db: Database, generations: readonly Generation[]): Promise<boolean> {
  let more = false;
  for (const { id, lifecycle } of generations) {
    const lasts = lastsMs(lifecycle);
    if (!Number.isFinite(lasts)) continue;
    const table = `everwarm.${projectionTable(id)}`;
    const { rowCount } = await db.query(
      `delete from ${table} where ctid = any(array(select ctid from ${table}
where as_of > '-infinity' and as_of < clock_timestamp() - $1 * interval '1 millisecond' limit ${step}))`,
      [lasts + spareMs],
    );
    more ||= rowCount === step;
  }
  return more;
}
