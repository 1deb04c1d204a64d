import { randomUUID } from 'node:crypto';
import { createDatabase, providedServers, type Random, seededRandom } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { CompiledModel } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { entriesKey, type KeySpace, pageKey } from '#contracts/names.ts';
import { listCountSchema } from '#platform/list-count-sql.ts';
import { openPostgres } from '#platform/postgres.ts';
import { fillPage, fillUntilWhole, type PublishedList, publishEntries } from './publish-entries.ts';
import { withFencedCommands } from './scripts.ts';
import { entryTableSql, type WrittenEntry } from './write-entries.ts';

const template = {
  key: 'publish entries',
  build: async (url: string) => {
    const postgres = openPostgres(url);
    await postgres.transactions.query(
      `create schema everwarm; create sequence everwarm.version_seq start 1000; ${listCountSchema}; ${entryTableSql(2)}`,
    );
    await postgres.close();
  },
};

const keep = 5;
const list = { id: 2, model: { name: 'l', list: { keep, count: false } } as CompiledModel } satisfies PublishedList;

async function openStores() {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  const redis = withFencedCommands(new Redis(providedServers().redisUrl));
  onTestFinished(() => redis.disconnect());
  const space: KeySpace = { namespace: `entries-${randomUUID()}`, epoch: '1-x' };
  const db: Database = database.pool;
  const names = [pageKey(space, 2, 'p'), entriesKey(space, 2, 'p')] as const;
  return {
    db,
    redis,
    space,
    names,
    publish: (entries: readonly WrittenEntry[]) => publishEntries(redis, space, db, list, entries),
    fill: (through: Database = db) => fillPage(redis, space, through, list, 'p'),
    flush: () => redis.del(...names),
    /** What Redis shows, and up to where it says to hold the list. */
    page: async () => ({ shown: (await redis.zrangebylex(names[0], '-', '+')).slice(1), depth: await redis.hget(names[1], 'depth') }),
    /** Commits entries to Postgres as one batch and gives what is to be published of it. */
    commit: async (entries: readonly (readonly [key: string, member: string | null])[]): Promise<WrittenEntry[]> => {
      const { rows } = await db.query<WrittenEntry>(
        `with v as materialized (select '0001-' || lpad(nextval('everwarm.version_seq')::text, 19, '0') as version)
insert into everwarm.projection_2 as p select 'p', key, convert_to(member, 'UTF8'), version from unnest($1::text[], $2::text[]) as e (key, member), v
on conflict (partition, key) do update set member = excluded.member, version = excluded.version returning partition, key, member, version`,
        [entries.map(([key]) => key), entries.map(([, member]) => member)],
      );
      return rows;
    },
  };
}

type Stores = Awaited<ReturnType<typeof openStores>>;

/** What Redis shows is the beginning of the list, as deep as it says, and deep enough. */
async function expectFirstEntries({ db, page, redis, names }: Stores, what: string): Promise<void> {
  const { rows } = await db.query<{ member: string }>(
    `select convert_from(member, 'UTF8') as member from everwarm.projection_2 where member is not null order by member`,
  );
  const all = rows.map((row) => row.member);
  const { shown, depth } = await page();
  expect(shown, what).toEqual(depth === '' ? all : all.filter((member) => member <= depth!));
  expect(shown.length, what).toBeLessThanOrEqual(keep);
  if (depth !== '') expect(shown.length, what).toBeGreaterThanOrEqual(Math.min(keep / 2, all.length));
  expect(await redis.hlen(names[1]), `${what}: what is remembered of others is bounded`).toBeLessThanOrEqual(3 * keep + 21);
}

const someKey = (random: Random) => `k${random.integer(0, 40)}`;
const someMember = (random: Random) => (random.chance(0.3) ? null : `m${random.integer(0, 999).toString().padStart(3, '0')}`);

test('whatever order changes are published in, late, repeated and side by side, Redis shows the first entries', async () => {
  const random = seededRandom('publish entries');
  const stores = await openStores();
  let unpublished: WrittenEntry[][] = [];
  const published: WrittenEntry[][] = [];
  for (let round = 0; round < 60; round++) {
    for (let batch = random.integer(1, 10); batch > 0; batch--) {
      const keys = [...new Set(Array.from({ length: random.integer(1, 6) }, () => someKey(random)))];
      // Members are unique, as the key at their end makes them.
      unpublished.push(
        await stores.commit(
          keys.map((key) => {
            const member = someMember(random);
            return [key, member && member + key] as const;
          }),
        ),
      );
    }
    if (random.chance(0.1)) await stores.flush();
    if (random.chance(0.05)) await stores.redis.del(stores.names[random.integer(0, 1)]!);
    if (random.chance(0.1)) await fillUntilWhole(stores.redis, stores.space, stores.db, list, 'p');
    const isLast = round % 6 === 5;
    const now = random.shuffle(unpublished).slice(0, isLast ? unpublished.length : random.integer(0, unpublished.length));
    unpublished = unpublished.filter((batch) => !now.includes(batch));
    const late = published.length === 0 ? [] : Array.from({ length: random.integer(0, 4) }, () => random.pick(published));
    // Two workers at a time, and now and then a change is committed while they publish.
    const queue = random.shuffle([...now, ...late]);
    const worker = async () => {
      for (let batch = queue.pop(); batch; batch = queue.pop()) await stores.publish(batch);
    };
    await Promise.all([worker(), worker()]);
    published.push(...now);
    if (isLast) {
      // A page that was flushed after the last change is nobody's business before the next one.
      await stores.publish(await stores.commit([['k0', `m500k0`]]));
      await expectFirstEntries(stores, `seed ${random.seed}, round ${round}`);
    }
  }
});

test('nothing is added beyond what Redis holds; what is trimmed or beyond comes back when entries before it go', async () => {
  const stores = await openStores();
  for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9]) await stores.publish(await stores.commit([[`k${n}`, `m${n}`]]));
  expect(await stores.page()).toEqual({ shown: ['m1', 'm2', 'm3', 'm4', 'm5'], depth: 'm5' });
  await stores.publish(await stores.commit([['k0', 'm0']]));
  expect(await stores.page()).toEqual({ shown: ['m0', 'm1', 'm2', 'm3', 'm4'], depth: 'm4' });
  for (const n of [0, 1]) await stores.publish(await stores.commit([[`k${n}`, null]]));
  expect(await stores.page()).toEqual({ shown: ['m2', 'm3', 'm4'], depth: 'm4' });
  await stores.publish(await stores.commit([['k2', null]]));
  expect((await stores.page()).shown).toEqual(['m3', 'm4', 'm5', 'm6', 'm7']);
  for (const n of [3, 4, 5]) await stores.publish(await stores.commit([[`k${n}`, null]]));
  expect(await stores.page()).toEqual({ shown: ['m6', 'm7', 'm8', 'm9'], depth: '' });
});

test('a late older add of an entry that was trimmed, moved beyond or removed, and forgotten since, does not bring it back', async () => {
  const stores = await openStores();
  const late = [
    ...(await stores.commit([['trimmed', 'm40']])),
    ...(await stores.commit([['beyond', 'm41']])),
    ...(await stores.commit([['gone', 'm42']])),
  ];
  await stores.publish(late);
  for (const n of [50, 51, 52, 53, 54, 55, 56]) await stores.publish(await stores.commit([[`k${n}`, `m${n}`]]));
  await stores.publish(await stores.commit([['trimmed', 'm90']]));
  await stores.publish(await stores.commit([['beyond', 'm91']]));
  await stores.publish(await stores.commit([['gone', null]]));
  for (let n = 0; n < 100; n++) await stores.publish(await stores.commit([[`x${n}`, `z${n}`]]));
  const recorded = await stores.redis.hkeys(stores.names[1]);
  expect(
    recorded.filter((field) => ['ktrimmed', 'kbeyond', 'kgone'].includes(field)),
    'forgotten',
  ).toEqual([]);
  const before = await stores.page();
  await stores.publish(late);
  expect(await stores.page()).toEqual(before);
  // With the floor away nothing tells that they are old.
  await stores.redis.hset(stores.names[1], 'floor', '');
  await stores.publish(late);
  expect((await stores.page()).shown).toContain('m42');
});

test('a fill whose rows are older than what was forgotten or filled since is refused', async () => {
  const stores = await openStores();
  await stores.commit([
    ['a', 'm1'],
    ['b', 'm2'],
  ]);
  const meanwhile = (action: () => Promise<unknown>): Database => ({
    query: (async (text: string, values: unknown[]) => {
      const rows = await stores.db.query(text, values);
      if (text.includes('order by member')) await action();
      return rows;
    }) as Database['query'],
  });
  expect(await stores.fill(meanwhile(stores.flush)), 'emptied').toBe(false);
  expect(await stores.fill(meanwhile(async () => stores.publish(await stores.commit([['a', null]])))), 'filled by another').toBe(false);
  expect(await stores.page()).toEqual({ shown: ['m2'], depth: '' });
  expect(await stores.fill(meanwhile(async () => stores.publish(await stores.commit([['b', null]])))), 'recorded').toBe(true);
  expect(await stores.page()).toEqual({ shown: [], depth: '' });
});

test('an entry that did not change touches nothing in Redis', async () => {
  const stores = await openStores();
  const entries = await stores.commit([
    ['a', 'm1'],
    ['b', 'm2'],
  ]);
  await stores.publish(entries);
  const before = await stores.redis.dumpBuffer(stores.names[1]);
  await stores.publish(entries);
  expect(await stores.redis.dumpBuffer(stores.names[1])).toEqual(before);
});

test('a page left short by a publisher that could not fill it is filled by the next', async () => {
  const stores = await openStores();
  for (const n of [1, 2, 3, 4, 5, 6, 7]) await stores.publish(await stores.commit([[`k${n}`, `m${n}`]]));
  const removed = await stores.commit([1, 2, 3].map((n) => [`k${n}`, null] as const));
  const broken = { query: () => Promise.reject(new Error('Postgres is away.')) } as Database;
  await expect(publishEntries(stores.redis, stores.space, broken, list, removed)).rejects.toThrow('Postgres is away.');
  expect(await stores.page(), 'short').toEqual({ shown: ['m4', 'm5'], depth: 'm5' });
  await stores.publish(removed);
  expect(await stores.page()).toEqual({ shown: ['m4', 'm5', 'm6', 'm7'], depth: '' });
});
