import { randomUUID } from 'node:crypto';
import { createRandom, providedServers, waitFor } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { changesChannel, documentKey, type KeySpace } from '#contracts/names.ts';
import { decodeStored, formatVersion, unwrittenVersion } from '#contracts/version.ts';
import { forgetKeys, publishDocuments } from './publish.ts';
import { withFencedCommands } from './scripts.ts';

function openStores() {
  const redis = withFencedCommands(new Redis(providedServers().redisUrl));
  onTestFinished(() => redis.disconnect());
  const space: KeySpace = { namespace: `publish-${randomUUID()}`, epoch: '1-x' };
  const document = async (key: string) => decodeStored((await redis.getBuffer(documentKey(space, 1, key)))!);
  return { redis, space, document };
}

// Beyond 2^53, where Lua's numbers would call neighbours equal.
const v = (number: number) => formatVersion(1, 2n ** 53n + BigInt(number));

test('of many writes in any order, repeated, the newest document remains', async () => {
  const { redis, space, document } = openStores();
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
  const { redis, space } = openStores();
  const name = documentKey(space, 1, 'k');
  await publishDocuments(redis, space, 1, [{ key: 'k', doc: null, version: v(1), asOf: 1 }]);
  expect(await redis.ttl(name)).toBeGreaterThan(23 * 3600);
  await publishDocuments(redis, space, 1, [{ key: 'k', doc: '{}', version: v(2), asOf: 2 }]);
  expect(await redis.ttl(name)).toBe(-1);
});

test('of what Postgres has nothing, all that is older goes, and it is told whatever was held', async () => {
  const { redis, space, document } = openStores();
  const name = (key: string) => documentKey(space, 1, key);
  const older = { doc: '{}', version: v(1), asOf: 1 };
  const newer = { doc: '{}', version: v(9), asOf: 9 };
  await publishDocuments(redis, space, 1, [
    { key: 'older', ...older },
    { key: 'newer', ...newer },
  ]);
  await redis.set(name('noted'), `${unwrittenVersion}a`);
  const subscriber = new Redis(providedServers().redisUrl);
  onTestFinished(() => subscriber.disconnect());
  const told: string[] = [];
  subscriber.on('message', (_, message: string) => told.push(message));
  await subscriber.subscribe(changesChannel(space));
  const keys = ['older', 'newer', 'noted', 'nothing'];
  await forgetKeys(
    redis,
    space,
    1,
    keys.map((key) => ({ key, version: v(5) })),
  );
  expect(await document('older')).toMatchObject({ version: v(5), body: null, evicted: true });
  expect((await document('newer')).version).toBe(v(9));
  expect(await redis.exists(name('noted'), name('nothing'))).toBe(0);
  // What was late is refused as after any eviction.
  await publishDocuments(redis, space, 1, [{ key: 'older', ...older }]);
  expect(await document('older')).toMatchObject({ evicted: true });
  await waitFor(() => told.length === 3, { what: 'three evictions to be told of' });
  expect(told.map((message) => message.replace(/.*:/s, ''))).toEqual(['older', 'noted', 'nothing']);
});

test('bytes arrive as they are', async () => {
  const { redis, space, document } = openStores();
  const doc = JSON.stringify({ text: 'ß\u0000\u2028"\\€🎈', number: 1.5 });
  await publishDocuments(redis, space, 1, [{ key: 'ключ:{a}*', doc, version: v(1), asOf: 1234.6 }]);
  expect(await document('ключ:{a}*')).toEqual({ version: v(1), asOf: 1235, body: Buffer.from(doc), evicted: false });
});

test('what Redis did not take is not called done', async () => {
  const { redis, space } = openStores();
  await redis.hset(documentKey(space, 1, 'taken'), 'by', 'somebody else');
  await expect(
    publishDocuments(redis, space, 1, [
      { key: 'a', doc: '{}', version: v(1), asOf: 1 },
      { key: 'taken', doc: '{}', version: v(1), asOf: 1 },
    ]),
  ).rejects.toThrow(/WRONGTYPE/);
});
