import { randomUUID } from 'node:crypto';
import { providedServers, TestSignal, waitFor } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { Generation } from '#contracts/compiled.ts';
import { documentKey } from '#contracts/names.ts';
import { serverIdentity } from '#contracts/redis-copy.ts';
import { encodeHeader, formatVersion } from '#contracts/version.ts';
import { openRedis } from '#platform/redis.ts';
import { publishDocuments } from '#stages/write-through/publish.ts';
import { withFencedCommands } from '#stages/write-through/scripts.ts';
import { openProxy } from '#torture/proxy.ts';
import { readDocument } from './document-reader.ts';
import { Floors } from './floors.ts';
import { gatherGets } from './gather-gets.ts';
import { hearChanges } from './hearing.ts';
import { MostRead } from './most-read.ts';
import { withPageCommand } from './page-script.ts';
import type { ReadParts } from './read-parts.ts';
import { ReadStats } from './read-stats.ts';
import { recall } from './recall.ts';
import { SourceLease } from './source-lease.ts';

const v = (number: number) => formatVersion(1, BigInt(number));
const serving = { id: 1, name: 'm', hash: '', state: 'serving', lifecycle: 'async' } as Generation;

/** A reader with memory whose feed has a link of its own, and a writer. */
async function openFed({ maxAgeMs = 60_000, protocol = 3 as 2 | 3 } = {}) {
  const url = providedServers().redisUrl;
  const redis = withFencedCommands(new Redis(url));
  onTestFinished(() => redis.disconnect());
  const link = await openProxy(url);
  onTestFinished(() => link.close());
  const identity = serverIdentity(`${await redis.info('server')}\n${await redis.info('replication')}`);
  const lease = {
    space: { namespace: `hearing-${randomUUID()}`, epoch: '1-x' },
    server: identity as string | null,
    trusted: () => lease.server !== null,
    informed: () => true,
    distrust: () => undefined,
  };
  const connections: Redis[] = [];
  const connect = () => {
    const connection = openRedis(new Redis(link.url, { protocol, lazyConnect: true }), 'feed');
    connections.push(connection);
    return connection;
  };
  const { feed, memory } = hearChanges({ connect, read: async () => [], lease, memory: { maxBytes: 2 ** 20, maxAgeMs } });
  onTestFinished(() => feed.stop());
  const floors = new Floors(() => undefined);
  const parts = {
    redis: withPageCommand(redis),
    getTogether: gatherGets(redis),
    view: lease,
    floors,
    memory,
    mostRead: new MostRead(),
    stats: new ReadStats(),
    lease: new SourceLease({ redis, view: lease, floors }),
    flights: new Map(),
  } as Partial<ReadParts> as ReadParts;
  const write = (number: number, doc: string | null) =>
    publishDocuments(redis, lease.space, 1, [{ key: 'k', doc, version: v(number), asOf: 1 }]);
  /** Tier and document; of what is absent only whether Redis was asked. */
  const readWith = async (from: ReadParts) => {
    const held = recall(from, serving, 'k');
    const answer = held === undefined ? await readDocument(from, serving, 'k') : held;
    return answer === null ? `${held === undefined ? 'redis' : 'memory'} absent` : `${answer.tier} ${answer.body.toString()}`;
  };
  const heard = () => waitFor(() => feed.isHeard(), { what: 'changes to be heard' });
  feed.start();
  await heard();
  return { parts, redis, link, lease, feed, memory: memory!, connections, write, heard, readWith, read: () => readWith(parts) };
}

test('memory follows what is written: documents, tombstones and what comes after them', async () => {
  const { write, read, feed } = await openFed();
  const shown: string[] = [];
  for (const [index, doc] of ['"one"', '"two"', null, '"four"'].entries()) {
    await write(index + 1, doc);
    await feed.beat();
    shown.push(await read(), await read());
  }
  expect(shown).toEqual([
    'redis "one"',
    'memory "one"',
    'redis "two"',
    'memory "two"',
    'redis absent',
    'memory absent',
    'redis "four"',
    'memory "four"',
  ]);
});

test('what Redis refuses to take is not told', async () => {
  const { write, read, feed } = await openFed();
  await write(5, '"five"');
  await feed.beat();
  await read();
  await write(5, '"five"');
  await write(4, '"four"');
  await feed.beat();
  expect(await read()).toBe('memory "five"');
});

test('what was fetched while its change was told is shown, and not kept', async () => {
  const { parts, write, read, readWith, feed } = await openFed();
  await write(1, '"one"');
  await feed.beat();
  const fetched = new TestSignal('the value to be fetched');
  const arrives = new TestSignal('the answer to be let through');
  const slow: ReadParts = {
    ...parts,
    getTogether: async (key) => {
      const value = await parts.getTogether(key);
      fetched.fire();
      await arrives.next();
      return value;
    },
  };
  const first = readWith(slow);
  await fetched.next();
  await write(2, '"two"');
  await feed.beat();
  arrives.fire();
  expect(await first).toBe('redis "one"');
  expect([await read(), await read()]).toEqual(['redis "two"', 'memory "two"']);
});

test('a feed that is killed empties memory, which fills again', async () => {
  const { redis, memory, connections, write, read, heard } = await openFed();
  await write(1, '"one"');
  await read();
  expect(await read()).toBe('memory "one"');
  const id = await connections[0]!.client('ID');
  await redis.client('KILL', 'ID', id);
  await waitFor(() => memory.bytes === 0, { what: 'memory to be emptied' });
  await heard();
  expect([await read(), await read()]).toEqual(['redis "one"', 'memory "one"']);
});

test('what is written while the feed is cut off is not missed', async () => {
  const { link, feed, write, read, heard } = await openFed();
  await write(1, '"one"');
  await read();
  expect(await read()).toBe('memory "one"');
  link.cut();
  await waitFor(() => !feed.isHeard(), { what: 'the end to be noticed' });
  await write(2, '"two"');
  expect([await read(), await read()]).toEqual(['redis "two"', 'redis "two"']);
  link.heal();
  await heard();
  expect([await read(), await read()]).toEqual(['redis "two"', 'memory "two"']);
});

test('a feed that falls silent is believed for two seconds and no longer, and what it says when it wakes is no news', async () => {
  const { link, feed, write, read, heard } = await openFed();
  await write(1, '"one"');
  await read();
  link.stall();
  const since = performance.now();
  await write(2, '"two"');
  expect(feed.isHeard(since + 2000)).toBe(false);
  await waitFor(async () => (await read()) === 'redis "two"', { what: 'Redis to be asked again' });
  await waitFor(() => !feed.isHeard(), { what: 'the silence to be noticed' });
  expect([await read(), await read()]).toEqual(['redis "two"', 'redis "two"']);
  link.heal();
  await heard();
  expect([await read(), await read()]).toEqual(['redis "two"', 'memory "two"']);
});

test('a subscription that is answered when nobody waits for it any more is made anew', async () => {
  // Over this one a connection that listens takes no other command.
  const { link, feed, connections, heard } = await openFed({ protocol: 2 });
  const [connection] = connections as [Redis];
  const subscribe = connection.subscribe.bind(connection) as (...channels: unknown[]) => Promise<unknown>;
  const late = new TestSignal('the subscription to take too long');
  const stalled = async (...channels: unknown[]) => {
    Object.assign(connection, { subscribe });
    link.stall();
    const subscribing = subscribe(...channels);
    await subscribing.catch(() => undefined);
    late.fire();
    return subscribing;
  };
  Object.assign(connection, { subscribe: stalled });
  feed.move();
  await late.next();
  expect(feed.isHeard()).toBe(false);
  link.heal();
  await heard();
});

test('nothing is given away for longer than the bound, though no change of it was ever told', async () => {
  const maxAgeMs = 400;
  const { redis, lease, write, read } = await openFed({ maxAgeMs });
  await write(1, '"one"');
  await read();
  const kept = performance.now();
  // As somebody would who deletes and writes by hand.
  await redis.set(documentKey(lease.space, 1, 'k'), `${encodeHeader(v(2), 1, false)}"two"`);
  const overdue: string[] = [];
  await waitFor(
    async () => {
      const isOver = performance.now() > kept + maxAgeMs;
      const shown = await read();
      if (isOver) overdue.push(shown);
      return isOver;
    },
    { what: 'the bound to be over' },
  );
  expect(overdue).toEqual([expect.stringContaining('"two"')]);
});

test('a feed of another server than the one that is believed is none', async () => {
  const { lease, feed, memory, write, read, heard } = await openFed();
  await write(1, '"one"');
  await read();
  const { server } = lease;
  lease.server = 'somewhere else';
  await feed.beat();
  expect(feed.isHeard()).toBe(false);
  expect(memory.bytes).toBe(0);
  expect([await read(), await read()]).toEqual(['redis "one"', 'redis "one"']);
  lease.server = server;
  await heard();
  expect([await read(), await read()]).toEqual(['redis "one"', 'memory "one"']);
});

test('while nothing is believed nothing is heard, and once it is, at once', async () => {
  const { lease, feed, memory, write, read } = await openFed();
  await write(1, '"one"');
  await read();
  const { server } = lease;
  lease.server = null;
  feed.doubt();
  expect(memory.bytes).toBe(0);
  await feed.beat();
  expect(feed.isHeard()).toBe(false);
  lease.server = server;
  feed.doubt();
  await feed.beat();
  expect(feed.isHeard()).toBe(true);
});

test('in another epoch another channel is listened to', async () => {
  const { lease, feed, write, read, heard } = await openFed();
  await write(1, '"one"');
  await read();
  lease.space = { ...lease.space, epoch: '2-y' };
  feed.move();
  await heard();
  await write(1, '"first of the second"');
  await feed.beat();
  expect([await read(), await read()]).toEqual(['redis "first of the second"', 'memory "first of the second"']);
  await write(2, '"second of the second"');
  await feed.beat();
  expect(await read()).toBe('redis "second of the second"');
});
