import { randomUUID } from 'node:crypto';
import { providedServers, waitFor } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { CompiledModel, Generation } from '#contracts/compiled.ts';
import { documentKey, entriesKey, leaseKey, pageKey } from '#contracts/names.ts';
import { decodeStored, encodeHeader, formatVersion, unwrittenVersion } from '#contracts/version.ts';
import { Floors } from './floors.ts';
import { entriesFromRedis } from './page-entries.ts';
import { withPageCommand } from './page-script.ts';
import type { RawDocument, ReadParts } from './read-parts.ts';
import { SourceLease } from './source-lease.ts';

const generation: Generation = {
  id: 1,
  name: 'm',
  hash: '',
  state: 'serving',
  lifecycle: 'async',
  stalled: null,
  model: {} as CompiledModel,
};
const document = (text: string): RawDocument => ({ body: Buffer.from(text), version: null, asOf: 12, tier: 'source', pending: false });

/** Several processes' leases over one Redis. */
function openLeases(count: number, url = providedServers().redisUrl) {
  const space = { namespace: `lease-${randomUUID()}`, epoch: '1-x' };
  const view = { space, trusted: () => true, informed: () => true, distrust: () => undefined };
  const connect = (to = url) => {
    const redis = new Redis(to);
    onTestFinished(() => redis.disconnect());
    return redis;
  };
  const floors = Array.from({ length: count }, () => new Floors(() => undefined));
  const waits: number[] = [];
  const leases = floors.map((one, index) => new SourceLease({ redis: connect(), view, floors: one, onWait: () => void waits.push(index) }));
  const redis = connect();
  return {
    space,
    view,
    redis,
    floors,
    leases,
    /** Which of them waited, in order. */
    waits,
    name: (key: string) => documentKey(space, 1, key),
    lease: (key: string) => leaseKey(space, 1, key),
  };
}

/** A question to the sources that is answered when the test says so. */
function question() {
  let asked = 0;
  let answer: (value: RawDocument | null) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const derive = () => {
    asked++;
    return new Promise<RawDocument | null>((resolve, reject) => {
      answer = resolve;
      fail = reject;
    });
  };
  return { derive, asked: () => asked, answer: (value: RawDocument | null) => answer(value), fail: (error: Error) => fail(error) };
}

const text = (answer: RawDocument | null) => answer?.body.toString() ?? null;

test('one process asks, and the others take over what it learned, also those that come a moment later', async () => {
  const { leases, waits } = openLeases(4);
  const one = question();
  const answers = leases.map((lease) => lease.ask(generation, 'k', one.derive));
  await waitFor(() => one.asked() === 1 && waits.length === 3, { what: 'one to ask, and the others to wait' });
  one.answer(document('"once"'));
  expect((await Promise.all(answers)).map(text)).toEqual(['"once"', '"once"', '"once"', '"once"']);
  expect((await Promise.all(leases.map((lease) => lease.ask(generation, 'k', one.derive)))).map(text)).toContain('"once"');
  expect(one.asked()).toBe(1);
});

test('while a generation is built only those who wait together share an answer', async () => {
  const { leases } = openLeases(2);
  const building = { ...generation, state: 'building' } as const;
  const one = question();
  const answers = leases.map((lease) => lease.ask(building, 'k', one.derive));
  await waitFor(() => one.asked() === 1, { what: 'somebody to ask' });
  one.answer(document('"once"'));
  await Promise.all(answers);
  expect(text(await leases[0]!.ask(building, 'k', async () => document('"anew"')))).toBe('"anew"');
});

test('who asked and failed leaves the question to the next one', async () => {
  const { leases } = openLeases(2);
  const [bad, good] = [question(), question()];
  const first = leases[0]!.ask(generation, 'k', bad.derive);
  await waitFor(() => bad.asked() === 1, { what: 'the first to ask' });
  const second = leases[1]!.ask(generation, 'k', good.derive);
  bad.fail(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  await waitFor(() => good.asked() === 1, { what: 'the second to ask' });
  good.answer(document('"second"'));
  expect(text(await second)).toBe('"second"');
});

test('a process that holds the lease and is silent holds up the others for two seconds and no longer', async () => {
  const { leases } = openLeases(2);
  const silent = question();
  const first = leases[0]!.ask(generation, 'k', silent.derive);
  await waitFor(() => silent.asked() === 1, { what: 'the first to ask' });
  expect(text(await leases[1]!.ask(generation, 'k', async () => document('"later"')))).toBe('"later"');
  silent.answer(document('"too late"'));
  await first;
  // What was overtaken is lent to nobody.
  expect(text(await leases[1]!.ask(generation, 'k', async () => document('"unasked"')))).not.toBe('"too late"');
});

test('an absence is noted behind the fence, and not by who lost the lease', async () => {
  const { leases, redis, name, lease } = openLeases(1);
  const [only] = leases as [SourceLease];
  await only.ask(generation, 'none', async () => null);
  expect(decodeStored((await redis.getBuffer(name('none')))!)).toMatchObject({ version: unwrittenVersion, body: null, evicted: false });
  const written = `${encodeHeader(formatVersion(1, 5n), 3, false)}{}`;
  await only.ask(generation, 'written', async () => {
    await redis.set(name('written'), written);
    return null;
  });
  expect(await redis.get(name('written'))).toBe(written);
  await only.ask(generation, 'changed', async () => {
    await redis.del(lease('changed'));
    return null;
  });
  expect(await redis.exists(name('changed'))).toBe(0);
});

test('what a process learned by itself, or was shown, is not taken back by what another one learned', async () => {
  const { leases, floors } = openLeases(2);
  const [one, other] = leases as [SourceLease, SourceLease];
  for (const key of ['own', 'shown']) await one.ask(generation, key, async () => document('"older"'));
  other.own.note(1, 'own', true);
  floors[1]!.raise(1, 'shown', formatVersion(1, 9n));
  for (const key of ['own', 'shown']) expect(text(await other.ask(generation, key, async () => document('"newer"'))), key).toBe('"newer"');
  expect(other.own.refusesAbsence(1, 'shown')).toBe(false);
  other.own.note(1, 'shown', true);
  expect(other.own.refusesAbsence(1, 'shown')).toBe(true);
});

test('where Redis lets nobody write, everybody asks and no one hears of it', async () => {
  const { redis, view } = openLeases(0);
  const user = `reads-${randomUUID()}`;
  await redis.call('ACL', 'SETUSER', user, 'on', '>secret', '~*', '+@read', '+ping', '+info');
  onTestFinished(async () => void (await redis.call('ACL', 'DELUSER', user)));
  const url = new URL(providedServers().redisUrl);
  const reading = new Redis({ host: url.hostname, port: Number(url.port), username: user, password: 'secret' });
  onTestFinished(() => reading.disconnect());
  const lease = new SourceLease({ redis: reading, view, floors: new Floors(() => undefined) });
  for (const asked of ['"one"', '"two"']) expect(text(await lease.ask(generation, 'k', async () => document(asked)))).toBe(asked);
});

test('a page from Redis ends the floor that it was held against, not one that was set while Redis answered', async () => {
  const {
    redis,
    view,
    floors: [floors],
  } = openLeases(1);
  await redis.zadd(pageKey(view.space, 1, 'p'), 0, '');
  await redis.hset(entriesKey(view.space, 1, 'p'), 'depth', '');
  const read = () =>
    entriesFromRedis(
      { redis: withPageCommand(redis), view, floors } as Partial<ReadParts> as ReadParts,
      { list: generation, partition: 'p' },
      null,
      10,
    );
  const [met, newer] = [
    { entries: new Map(), ticket: null },
    { entries: null, ticket: null },
  ];
  floors!.setPartition(1, 'p', met);
  const reading = read();
  floors!.setPartition(1, 'p', newer);
  expect(await reading).toMatchObject({ members: [], tier: 'redis' });
  expect(floors!.ofPartition(1, 'p')).toBe(newer);
  floors!.setPartition(1, 'p', met);
  expect(await read()).not.toBeNull();
  expect(floors!.ofPartition(1, 'p')).toBeNull();
});
