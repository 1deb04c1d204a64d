import { randomUUID } from 'node:crypto';
import { createDatabase, providedServers } from '@everwarm/testkit';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { Transactions } from '#contracts/database.ts';
import { maxJobKeys, type RecomputeJob } from '#contracts/job.ts';
import { queuePrefix, recomputeQueue } from '#contracts/names.ts';
import { migrateSchema } from '#platform/migrate-schema.ts';
import { openPostgres } from '#platform/postgres.ts';
import type { Lanes } from './lanes.ts';
import { oweBulk, oweKeys } from './owe.ts';
import { maxJobs, refill, room } from './refill.ts';

const template = {
  key: 'ledger',
  build: async (url: string) => {
    const postgres = openPostgres(url);
    await migrateSchema(postgres.transactions);
    await postgres.transactions.query(
      `insert into everwarm.generations (name, hash, state, model) values ('one', 'a', 'serving', '{}'), ('two', 'b', 'serving', '{}')`,
    );
    await postgres.close();
  },
};

async function openLedger(): Promise<{ db: Transactions; queue: Queue<RecomputeJob> }> {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  const postgres = openPostgres(database.urlFor('ledger'), { max: 2 });
  onTestFinished(() => postgres.close());
  const connection = new Redis(providedServers().redisUrl);
  const queue = new Queue<RecomputeJob>(recomputeQueue, { connection, prefix: queuePrefix(`ledger-${randomUUID()}`) });
  onTestFinished(async () => {
    await queue.obliterate({ force: true });
    await queue.close();
    connection.disconnect();
  });
  return { db: postgres.transactions, queue };
}

const only = (shared: Queue<RecomputeJob>, own = new Map<number, Queue<RecomputeJob>>()): Lanes => ({
  isReachable: () => true,
  shared,
  own: async () => own,
});
const owe = (db: Transactions, keys: readonly string[], since = 1_000_000, queued = false) =>
  db.transaction((tx) =>
    oweKeys(
      tx,
      keys.map((key) => ({ generation: 1, key, since })),
      queued,
    ),
  );
type Row = { key: string; seq: string; first: string; since: number; bulk: boolean; queued: boolean };
const ledger = async (db: Transactions) =>
  (
    await db.query<Row>(
      `select key, seq::text, first_seq::text as first, extract(epoch from since)::float8 * 1000 as since, bulk, queued_at is not null as queued from everwarm.ledger order by key`,
    )
  ).rows;
const jobs = (queue: Queue<RecomputeJob>) => queue.getJobs(['waiting', 'prioritized'], 0, 200, true);

test('a key dirtied again keeps its oldest time and its first number, and gets a new number', async () => {
  const { db } = await openLedger();
  await owe(db, ['a'], 5_000, true);
  const [before] = await ledger(db);
  expect(before).toMatchObject({ since: 5_000, queued: true });
  await owe(db, ['a', 'b'], 7_000);
  const [after] = await ledger(db);
  expect(after).toEqual({ ...before, seq: after!.seq, queued: false });
  expect(BigInt(after!.seq)).toBeGreaterThan(BigInt(before!.seq));
  await owe(db, ['a'], 3_000);
  expect((await ledger(db))[0]).toMatchObject({ since: 3_000, first: before!.first });
});

test('what is owed in bulk waits behind single changes, and one of those takes it out of the back row', async () => {
  const { db, queue } = await openLedger();
  const keys = Array.from({ length: 400 }, (_, index) => String(index + 1));
  await db.transaction((tx) => oweBulk(tx, 1, keys, 1_000));
  expect(await ledger(db)).toHaveLength(400);
  await owe(db, ['7', 'single']);
  expect((await ledger(db)).filter(({ bulk }) => !bulk).map(({ key }) => key)).toEqual(['7', 'single']);
  expect(await refill(db, only(queue))).toBe(401);
  const lanes = (await jobs(queue)).map(({ data, opts }) => ({ keys: data.keys.length, priority: opts.priority ?? 0 }));
  expect(lanes.filter(({ priority }) => priority === 0)).toEqual([{ keys: 2, priority: 0 }]);
  const bulk = lanes.filter(({ priority }) => priority === 10).map(({ keys }) => keys);
  expect(bulk.reduce((sum, keys) => sum + keys, 0)).toBe(399);
  expect(bulk).toHaveLength(2);
  expect(Math.max(...bulk), 'a job ends where a shard does, if one ends in its last quarter').toBeGreaterThan(maxJobKeys * 0.75);
  expect((await queue.getWaiting())[0]?.data.keys.toSorted()).toEqual(['7', 'single']);
});

test('a key is enqueued once, and again only when its lease ran out', async () => {
  const { db, queue } = await openLedger();
  await owe(db, ['carried'], 1_000, true);
  await owe(db, ['new']);
  expect([await refill(db, only(queue)), await refill(db, only(queue))]).toEqual([1, 0]);
  await db.query(`update everwarm.ledger set queued_at = queued_at - interval '6 seconds'`);
  expect(await refill(db, only(queue))).toBe(2);
  // Keys that fail are none of the refiller's: they have their own time.
  await db.query(`update everwarm.ledger set queued_at = queued_at - interval '6 seconds', attempts = 1 where key = 'carried'`);
  expect(await refill(db, only(queue))).toBe(0);
});

test('a full queue takes no more, and the oldest keys go first', async () => {
  const { db, queue } = await openLedger();
  await queue.addBulk(Array.from({ length: maxJobs - 1 }, () => ({ name: '1', data: { generation: 1, keys: ['x'] } })));
  expect(await room(queue)).toBe(1);
  await owe(
    db,
    Array.from({ length: maxJobKeys + 50 }, (_, index) => `young ${index}`),
    9_000,
  );
  await owe(db, ['old'], 1_000);
  expect(await refill(db, only(queue))).toBe(maxJobKeys);
  expect((await ledger(db)).filter(({ queued }) => queued).map(({ key }) => key)).toContain('old');
  expect([await room(queue), await refill(db, only(queue))]).toEqual([0, 0]);
});

test('a lane that nobody takes from fills up with its own keys, and keeps no other waiting', async () => {
  const { db, queue } = await openLedger();
  const own = new Queue<RecomputeJob>('recompute_own', queue.opts);
  onTestFinished(() => own.close());
  const lanes = only(queue, new Map([[2, own]]));
  const keys = Array.from({ length: maxJobKeys * (maxJobs + 2) }, (_, index) => `left ${index}`);
  await db.query(
    `insert into everwarm.ledger (generation, key, since) select 2, k, to_timestamp(0) from unnest($1::text[]) k union all select 1, 'ours', now()`,
    [keys],
  );
  expect(await refill(db, lanes)).toBe(maxJobKeys * maxJobs + 1);
  expect((await queue.getJobs(['waiting'])).map((job) => job.data)).toEqual([{ generation: 1, keys: ['ours'] }]);
  // Jobs that end where a shard does are a little shorter, so there may be a few more of them.
  expect(await room(own)).toBeLessThanOrEqual(0);
  await db.query(`update everwarm.ledger set queued_at = queued_at - interval '1 hour'`);
  expect(await refill(db, lanes), 'only what the shared lane owes').toBe(1);
  // Jobs that end where a shard does are a little shorter, so there may be a few more of them.
  expect(await room(own)).toBeLessThanOrEqual(0);
  await own.obliterate({ force: true });
});
