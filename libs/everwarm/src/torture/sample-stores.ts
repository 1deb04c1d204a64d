import { documentKey, projectionTable } from '#contracts/names.ts';
import { versionLength } from '#contracts/version.ts';
import type { CommitHistory } from './commit-history.ts';
import type { Stores } from './direct-stores.ts';
import { servingGenerations } from './directory.ts';
import type { Violation } from './types.ts';

/** How many documents one look compares. */
const sample = 60;

/**
 * Looks at some documents in both stores: Redis first, then Postgres, which must have whatever Redis had (law 4), and at least what
 * it had at the last look (law 3). `floors` is what it had: key to version, kept from look to look.
 * @throws when a server does not answer: then nothing is known
 */
export async function compareVersions({ db, redis, space }: Stores, floors: Map<string, string>): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const { id, name, kind } of await servingGenerations(db)) {
    if (kind !== 'document') continue;
    const table = `everwarm.${projectionTable(id)}`;
    const keys = (await db.query<{ key: string }>(`select key from ${table} order by random() limit ${sample}`)).rows.map(({ key }) => key);
    if (keys.length === 0) continue;
    const pipeline = redis.pipeline();
    for (const key of keys) pipeline.getrange(documentKey(space, id, key), 0, versionLength - 1);
    // Redis may be away, which is no answer at all.
    const held = ((await pipeline.exec().catch(() => null)) ?? []).map(([, version]) => (typeof version === 'string' ? version : ''));
    const { rows } = await db.query<{ key: string; version: string }>(`select key, version from ${table} where key = any($1)`, [keys]);
    const stored = new Map(rows.map(({ key, version }) => [key, version]));
    for (const [index, key] of keys.entries()) {
      const [inRedis, inPostgres] = [held[index] ?? '', stored.get(key) ?? ''];
      if (inRedis > inPostgres)
        found.push({ law: 4, detail: `${name} ${key} has version ${inRedis} in Redis and ${inPostgres || 'none'} in Postgres` });
      const place = `${id} ${key}`;
      const floor = floors.get(place) ?? '';
      if (inPostgres < floor)
        found.push({ law: 3, detail: `${name} ${key} has version ${inPostgres || 'none'} in Postgres after ${floor}` });
      floors.set(place, inPostgres);
    }
  }
  return found;
}

/** Who tells the lag. */
type Told = {
  status(): Promise<{ readonly models: readonly { readonly lagMs: number }[]; readonly outbox: { readonly oldestMs: number } }>;
};

/** What is late by the clock of this machine alone: a message on its way, a moment rounded. */
const slackMs = 100;

/**
 * Asks for the lag, and then how far the documents in Postgres are: what was committed before the question and is not shown after the
 * answer was unwritten when it was answered, so the lag is at least its age (law 10).
 * @throws when a server does not answer: then nothing is known
 */
export async function compareLag(
  everwarm: Told,
  history: CommitHistory,
  shownStamps: () => Promise<ReadonlyMap<string, number>>,
): Promise<{ readonly lagMs: number; readonly violation: Violation | null }> {
  const asked = Date.now();
  const { models, outbox } = await everwarm.status();
  const lagMs = Math.max(outbox.oldestMs, ...models.map((model) => model.lagMs));
  let oldest = asked;
  let whose = '';
  for (const [subject, stamp] of await shownStamps()) {
    const at = history.oldestAfter(subject, stamp);
    if (at === null || at >= oldest) continue;
    oldest = at;
    whose = `${subject} after change ${stamp}`;
  }
  const age = asked - oldest;
  if (age <= lagMs + slackMs) return { lagMs, violation: null };
  return { lagMs, violation: { law: 10, detail: `the lag was told as ${lagMs} ms while ${whose} was unwritten for ${age} ms` } };
}
