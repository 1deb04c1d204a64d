import { readModels } from '@everwarm/blog';
import type { TestDatabase } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import { compare } from '../compare.ts';
import { inTurns } from '../rounds.ts';
import type { Bench, Scenario } from '../scenario.ts';
import { createBlogDatabase, seeded } from '../seed-blog.ts';
import { formatNumber } from '../table.ts';
import { chooseInserter, type InsertLoad } from './inserter.ts';

const clients = 8;
const warmUpSeconds = 2;

/**
 * What capture costs a writer: the same inserts into the same table, in a database that captures for every read model of the
 * blog and in one that Everwarm never saw. No worker runs: what it does with the changes is not the writer's transaction.
 */
export const capture: Scenario = {
  name: 'capture',
  what: 'single-row inserts/s from 8 clients, with and without the triggers of every read model of the blog; no worker runs',
  async run(bench) {
    const databases: TestDatabase[] = [];
    try {
      const captured = await createBlogDatabase(bench.servers);
      databases.push(captured);
      await installCapture(captured.url, bench.servers.redisUrl);
      const bare = await createBlogDatabase(bench.servers);
      databases.push(bare);
      const inserter = chooseInserter();
      bench.log(`  clients: ${inserter.name}`);
      const side = <Name extends string>(name: Name, database: TestDatabase) => ({
        name,
        measure: () => measure(bench, database, inserter.insert),
      });
      const measured = await inTurns(bench.rounds, [side('everwarm', captured), side('no capture', bare)], (name, round, measures) =>
        bench.log(`  round ${round}  ${name.padEnd(12)}  ${formatNumber(measures['inserts'] ?? 0)} inserts/s`),
      );
      return [
        compare({
          scenario: 'capture',
          row: `single-row inserts, ${clients} clients`,
          unit: 'inserts/s',
          better: 'higher',
          measure: 'inserts',
          everwarm: measured.get('everwarm'),
          against: 'no capture',
          other: measured.get('no capture'),
        }),
      ];
    } finally {
      for (const database of databases) await database.drop();
    }
  },
};

async function installCapture(postgres: string, redis: string): Promise<void> {
  const everwarm = createEverwarm({ postgres, redis, readModels });
  try {
    await everwarm.migrate();
  } finally {
    await everwarm.stop();
  }
}

async function measure(
  bench: Bench,
  { pool, url }: TestDatabase,
  insert: (load: InsertLoad) => Promise<number>,
): Promise<{ inserts: number }> {
  // What the last round added goes, so that every round begins alike; the checkpoint of it is not this round's.
  await pool.query(`delete from comments where id > ${seeded.posts * seeded.commentsPerPost}`);
  await pool.query('vacuum (analyze)');
  await pool.query('checkpoint');
  const load = { url, clients };
  await insert({ ...load, seconds: warmUpSeconds });
  return { inserts: await insert({ ...load, seconds: bench.seconds ?? 10 }) };
}
