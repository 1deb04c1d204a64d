import { type TestDatabase, waitFor } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { compare } from '../compare.ts';
import { inTurns } from '../rounds.ts';
import type { Bench, Result, Scenario } from '../scenario.ts';
import { startProcess, stopProcess } from '../start-process.ts';
import { formatNumber } from '../table.ts';
import { addComments, type ChangeParts, openObserver, publishPosts, renameAuthor } from './changes.ts';
import { createSizedDatabase, sizes } from './seed-sizes.ts';

const rows = [
  { row: 'a comment on a post', of: 'comments', sizes: sizes.comments, change: addComments, counts: [20, 20, 20] },
  { row: 'a publication in a category', of: 'posts', sizes: sizes.posts, change: publishPosts, counts: [20, 20, 20] },
  { row: 'a document of a rename of an author', of: 'posts', sizes: sizes.renames, change: renameAuthor, counts: [20, 5, 2] },
] as const;

/** Whether what a change costs follows the change or the data: the same change to something small and to something large. */
export const growth: Scenario = {
  name: 'growth',
  what: 'what a comment, a publication and a rename cost, on things of three sizes; up to a million posts, built once (minutes)',
  async run(bench) {
    const redis = new Redis(bench.servers.redisUrl);
    await redis.flushall();
    redis.disconnect();
    const database = await createSizedDatabase(bench.servers);
    const everwarm = openObserver(database.url, bench.servers.redisUrl);
    try {
      await everwarm.migrate();
      const env = { DATABASE_URL: database.url, REDIS_URL: bench.servers.redisUrl };
      const worker = await startProcess('test/bench/processes/growth-worker.ts', { env, profile: bench.profile });
      try {
        await everwarm.settled({ timeoutMs: 3_600_000 });
        const ready = async () =>
          (await database.pool.query('select from everwarm.aggregates where not ready and problem is null')).rowCount === 0;
        await waitFor(ready, { timeoutMs: 600_000, what: 'the bases of aggregates' });
        bench.log('  everything is built');
        await settleDown(database);
        const parts: ChangeParts = { pool: database.pool, everwarm };
        const results: Result[] = [];
        for (const row of rows) results.push(...(await measure(bench, parts, row)));
        return results;
      } finally {
        await stopProcess(worker);
      }
    } finally {
      await everwarm.stop();
      await database.drop();
    }
  },
};

/** What a server does for itself after a load must not fall into the figures. */
async function settleDown({ pool }: TestDatabase): Promise<void> {
  await pool.query('vacuum (analyze)');
  await pool.query('checkpoint');
}

async function measure(
  bench: Bench,
  parts: ChangeParts,
  { row, of, sizes: all, change, counts }: (typeof rows)[number],
): Promise<Result[]> {
  for (const index of all.keys()) await change(parts, index, Math.ceil((counts[index] ?? 1) / 4));
  const name = (size: number) => `${size.toLocaleString('en')} ${of}`;
  const measured = await inTurns(
    bench.rounds,
    all.map((size, index) => ({ name: name(size), measure: async () => ({ cost: await change(parts, index, counts[index] ?? 1) }) })),
    (side, round, { cost }) => bench.log(`  round ${round}  ${row}: ${side.padEnd(16)}  ${formatNumber(cost ?? 0)} ms`),
  );
  const smallest = name(all[0]);
  return all.slice(1).map((size) =>
    compare({
      scenario: 'growth',
      row: `${row}: ${name(size)}`,
      unit: 'ms',
      better: 'lower',
      measure: 'cost',
      everwarm: measured.get(name(size)),
      against: smallest,
      other: measured.get(smallest),
    }),
  );
}
