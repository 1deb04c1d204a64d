import assert from 'node:assert/strict';
import type { TestDatabase } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { compare } from '../compare.ts';
import { inTurns } from '../rounds.ts';
import type { Bench, Scenario } from '../scenario.ts';
import { createBlogDatabase } from '../seed-blog.ts';
import { formatNumber } from '../table.ts';
import { buildWithEverwarm } from './everwarm.ts';
import { buildNaively } from './naive.ts';
import { buildOnOneConnection, floorDocument } from './one-connection.ts';

const posts = 50_000;
/** The naive projector has a rate, not a total: fewer documents tell it as well. */
const naivePosts = 10_000;

/** How fast documents are derived and written when all of them are owed. */
export const recompute: Scenario = {
  name: 'recompute',
  what: 'documents/s of deriving and writing 50,000 post details with 10 comments each, against one connection and a job per change',
  async run(bench) {
    const redis = new Redis(bench.servers.redisUrl);
    const databases: TestDatabase[] = [];
    const fresh = async () => {
      await redis.flushall();
      const database = await createBlogDatabase(bench.servers, posts);
      databases.push(database);
      return database;
    };
    const side = <Name extends string>(name: Name, build: (database: TestDatabase) => Promise<number>) => ({
      name,
      measure: async () => {
        const database = await fresh();
        const rate = await build(database);
        await database.drop();
        return { rate };
      },
    });
    try {
      await checkSame(bench, redis, await fresh());
      const measured = await inTurns(
        bench.rounds,
        [
          side('everwarm', (database) => buildWithEverwarm(bench, database, posts)),
          side('one connection', (database) => buildOnOneConnection(bench.servers, database, posts)),
          side('naive projector', (database) => buildNaively(bench.servers, database, naivePosts)),
        ],
        (name, round, { rate }) => bench.log(`  round ${round}  ${name.padEnd(16)}  ${formatNumber(rate ?? 0)} documents/s`),
      );
      return (['one connection', 'naive projector'] as const).map((against) =>
        compare({
          scenario: 'recompute',
          row: 'post details with 10 comments',
          unit: 'documents/s',
          better: 'higher',
          measure: 'rate',
          everwarm: measured.get('everwarm'),
          against,
          other: measured.get(against),
        }),
      );
    } finally {
      redis.disconnect();
      for (const database of databases) await database.drop();
    }
  },
};

/** Throws unless both sides make the same documents: otherwise they do not do the same work. */
async function checkSame(bench: Bench, redis: Redis, database: TestDatabase): Promise<void> {
  const few = 500;
  await database.pool.query('update posts set status = $1 where id > $2', ['draft', few]);
  await buildWithEverwarm(bench, database, few);
  await buildOnOneConnection(bench.servers, database, few);
  const { rows } = await database.pool.query<{ key: string; doc: unknown }>('select key, doc from everwarm.post_detail');
  assert.equal(rows.length, few);
  for (const { key, doc } of rows) assert.deepEqual(doc, await floorDocument(redis, Number(key)));
  bench.log(`  documents are the same on both sides: ${few} compared`);
}
