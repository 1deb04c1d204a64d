import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { lastsMs } from '#contracts/lazy.ts';
import { documentKey, type KeySpace, projectionTable } from '#contracts/names.ts';
import { executeEach, type FencedRedis } from './fenced-pipeline.ts';

/** How many rows one step takes, and how much older than it may be a row is that goes, in milliseconds: clocks differ. */
const step = 5000;
const spareMs = 60_000;

/** What purging works with. */
export type PurgeParts = { readonly db: Database; readonly redis: FencedRedis; readonly space: KeySpace };

type Spent = { readonly key: string; readonly version: string };

/**
 * Takes away what lazy read models hold that is too old to be read, from Redis first: there most went by itself, but not what was written
 * while the model was not lazy, or lasted longer, and nobody would look for that once Postgres has no row. Whoever makes such a
 * document anew at that moment keeps it. Rejects when Redis did not take all of it. Returns whether there may be more.
 */
export async function purgeSpent({ db, redis, space }: PurgeParts, generations: readonly Generation[]): Promise<boolean> {
  let more = false;
  for (const { id, lifecycle } of generations) {
    const lasts = lastsMs(lifecycle);
    if (!Number.isFinite(lasts)) continue;
    const table = `everwarm.${projectionTable(id)}`;
    const { rows } = await db.query<Spent>(
      `select key, version from ${table} where as_of > '-infinity' and as_of < clock_timestamp() - $1 * interval '1 millisecond' limit ${step}`,
      [lasts + spareMs],
    );
    await executeEach(redis, rows, (pipeline, { key, version }) => {
      pipeline.everwarmDropSpent(documentKey(space, id, key), version);
    });
    await db.query(
      `delete from ${table} p using unnest($1::text[], $2::text[]) as s (key, version) where p.key = s.key and p.version = s.version`,
      [rows.map(({ key }) => key), rows.map(({ version }) => version)],
    );
    more ||= rows.length === step;
  }
  return more;
}
