import { randomUUID } from 'node:crypto';
import { createDatabase, createRandom, providedServers } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { Database } from '#contracts/database.ts';
import { documentKey, entriesKey, type KeySpace, pageKey } from '#contracts/names.ts';
import { decodeStored, formatVersion } from '#contracts/version.ts';
import { openPostgres } from '#platform/postgres.ts';
import { loadPage, publishDocuments, publishEntries } from './publish.ts';
import { withFencedCommands } from './scripts.ts';
import { entryTableSql } from './write-entries.ts';

const template = {
  key: 'publish stage',
  build: async (url: string) => {
    const postgres = openPostgres(url);
    await postgres.transactions.query(`create schema everwarm; ${entryTableSql(2)}`);
    await postgres.close();
  },
};

async function openStores() {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  const redis = withFencedCommands(new Redis(providedServers().redisUrl));
  onTestFinished(() => redis.disconnect());
  const space: KeySpace = { namespace: `publish-${randomUUID()}`, epoch: '1-x' };
  const document = async (key: string) => decodeStored((await redis.getBuffer(documentKey(space, 1, key)))!);
  const page = () => redis.zrangebylex(pageKey(space, 2, 'p'), '-', '+');
  return { db: database.pool as Database, redis, space, document, page };
}

// Beyond 2^53, where Lua's numbers would call neighbours equal.
const v = (number: number) => formatVersion(1, 2n ** 53n + BigInt(number));
const entry = (key: string, member: string | null, number: number) => ({
  partition: 'p',
  key,
  member: member === null ? null : Buffer.from(member),
  version: v(number),
});

test('of many writes in any order, repeated, the newest document remains', async () => {
  const { redis, space, document } = await openStores();
  const random = createRandom(3);
  const writes = Array.from({ length: 40 }, (_, index) => ({
    key: 'k',
    doc: index % 5 === 0 ? null : `"${index}"`,
    version: v(index),
    asOf: index,
  }));
  let highest = -1;
  for (const write of random.shuffle([...writes, ...writes])) {
    await publishDocuments(redis, space, 1, [write]);
    highest = Math.max(highest, write.asOf);
    const held = await document('k');
    expect([held.version, held.body?.toString() ?? null]).toEqual([v(highest), writes[highest]!.doc]);
  }
  expect(await redis.ttl(documentKey(space, 1, 'k'))).toBe(-1);
});

test('a tombstone is forgotten after a day, a document that follows it is not', async () => {
  const { redis, space } = await openStores();
  const name = documentKey(space, 1, 'k');
  await publishDocuments(redis, space, 1, [{ key: 'k', doc: null, version: v(1), asOf: 1 }]);
  expect(await redis.ttl(name)).toBeGreaterThan(23 * 3600);
  await publishDocuments(redis, space, 1, [{ key: 'k', doc: '{}', version: v(2), asOf: 2 }]);
  expect(await redis.ttl(name)).toBe(-1);
});

test('bytes arrive as they are', async () => {
  const { redis, space, document } = await openStores();
  const doc = JSON.stringify({ text: 'ß\u0000\u2028"\\€🎈', number: 1.5 });
  await publishDocuments(redis, space, 1, [{ key: 'ключ:{a}*', doc, version: v(1), asOf: 1234.6 }]);
  expect(await document('ключ:{a}*')).toEqual({ version: v(1), asOf: 1235, body: Buffer.from(doc) });
});

test('of many moves of an entry in any order the newest place remains', async () => {
  const { db, redis, space, page } = await openStores();
  await loadPage(redis, space, db, 2, 'p');
  const random = createRandom(5);
  const moves = Array.from({ length: 30 }, (_, index) => entry('k', index % 4 === 3 ? null : `m${index % 7}`, index));
  let newest = '';
  for (const move of random.shuffle([...moves, ...moves])) {
    await publishEntries(redis, space, db, 2, [move]);
    if (newest < move.version) newest = move.version;
    const member = moves.find(({ version }) => version === newest)?.member?.toString();
    expect(await page()).toEqual(member === undefined ? [''] : ['', member]);
  }
  expect(await page()).toEqual(['', 'm1']);
});

test('a page that is not whole is loaded from Postgres, and only then called whole', async () => {
  const { db, redis, space, page } = await openStores();
  await db.query(
    `insert into everwarm.projection_2 select 'p', 'key' || i, convert_to('m' || i, 'UTF8'), '${v(1)}' from generate_series(1, 3) i`,
  );
  await db.query(`insert into everwarm.projection_2 values ('p', 'gone', null, '${v(2)}')`);
  await publishEntries(redis, space, db, 2, [entry('key2', 'm9', 5)]);
  expect(await page()).toEqual(['', 'm1', 'm3', 'm9']);
  // The removal is remembered, so a late add of it is refused.
  await publishEntries(redis, space, db, 2, [entry('gone', 'm0', 1)]);
  expect(await page()).toEqual(['', 'm1', 'm3', 'm9']);
});

test('a page that loses its content while it is loaded is not called whole', async () => {
  const { db, redis, space, page } = await openStores();
  await db.query(`insert into everwarm.projection_2 values ('p', 'a', 'm1', '${v(1)}')`);
  const emptied: Database = {
    query: (async (text: string, values: unknown[]) => {
      const rows = await db.query(text, values);
      await redis.del(pageKey(space, 2, 'p'), entriesKey(space, 2, 'p'));
      return rows;
    }) as Database['query'],
  };
  await loadPage(redis, space, emptied, 2, 'p');
  expect(await page()).toEqual(['m1']);
  await loadPage(redis, space, db, 2, 'p');
  expect(await page()).toEqual(['', 'm1']);
});

test('what Redis did not take is not called done', async () => {
  const { redis, space } = await openStores();
  await redis.hset(documentKey(space, 1, 'taken'), 'by', 'somebody else');
  await expect(
    publishDocuments(redis, space, 1, [
      { key: 'a', doc: '{}', version: v(1), asOf: 1 },
      { key: 'taken', doc: '{}', version: v(1), asOf: 1 },
    ]),
  ).rejects.toThrow(/WRONGTYPE/);
});
