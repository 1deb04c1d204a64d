import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { providedServers, waitFor } from '@everwarm/testkit';
import { createReader, type StandaloneReader } from 'everwarm/reader';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { routes, shelfPage } from './fixtures/library.ts';
import { type Library, openLibrary, serveWeb } from './fixtures/open-library.ts';

let library: Library;
let redis: Redis;

beforeAll(async () => {
  library = await openLibrary();
  redis = new Redis(providedServers().redisUrl);
  await library.pool.query(`insert into shelves values ('big', repeat('lorem ipsum ', 2000)), ('small', 'x')`);
  await library.everwarm.settled();
}, 120_000);

afterAll(async () => {
  redis?.disconnect();
  await library?.stop();
});

/** A process's own reader: what it keeps in memory is its own. */
async function openReader(): Promise<StandaloneReader> {
  const reader = createReader({ postgres: library.databaseUrl, redis: providedServers().redisUrl, namespace: library.namespace });
  onTestFinished(() => reader.stop());
  await reader.connect();
  return reader;
}

const serve = (reader: StandaloneReader | Library['everwarm']['reader']) => serveWeb({ reader, routes, compressFrom: 1000 });
const twins = () => redis.keys(`${library.namespace}:*:twin:*`);
const plain = { br: brotliDecompressSync, gzip: gunzipSync };

test.each(['br', 'gzip'] as const)('%s: the bytes of a twin are those of the document, from the first reader on', async (encoding) => {
  const [first, second] = [serve(await openReader()), serve(await openReader())];
  const stored = await library.everwarm.reader.raw(shelfPage, 'big');
  for (const ask of [first, first, second]) {
    const response = await ask('/shelves/big', { headers: { 'accept-encoding': encoding } });
    const body = Buffer.from(await response.arrayBuffer());
    expect(plain[encoding](body).equals(stored!.body)).toBe(true);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-encoding': encoding,
      'content-length': String(body.length),
      vary: 'accept-encoding',
      etag: expect.stringMatching(new RegExp(`-${stored?.version}-${encoding}"$`)),
    });
    expect(body.length).toBeLessThan(stored!.body.length / 10);
    await waitFor(async () => (await twins()).some((name) => name.includes(`:${encoding}:big`)), { what: 'the twin to be in Redis' });
  }
});

test('each encoding has a tag of its own, and any of them is known', async () => {
  const ask = serve(library.everwarm.reader);
  const tagIn = async (encoding: string) =>
    (await ask('/shelves/big', { headers: { 'accept-encoding': encoding } })).headers.get('etag') ?? '';
  const tags = [await tagIn('br'), await tagIn('gzip'), await tagIn('identity')];
  expect(new Set(tags).size).toBe(3);
  for (const tag of tags) {
    const response = await ask('/shelves/big', { headers: { 'accept-encoding': 'br', 'if-none-match': tag } });
    expect([response.status, response.headers.get('etag'), response.headers.get('vary')]).toEqual([304, tag, 'accept-encoding']);
  }
});

test('small documents, pages and clients that do not ask are sent as they are', async () => {
  const ask = serve(library.everwarm.reader);
  for (const [path, encoding] of [
    ['/shelves/small', 'br'],
    ['/shelves/a/books', 'br'],
    ['/shelves/big', 'identity'],
    ['/shelves/big', 'br;q=0, gzip;q=0'],
  ] as const) {
    const response = await ask(path, { headers: { 'accept-encoding': encoding } });
    expect(response.headers.has('content-encoding')).toBe(false);
    expect(await response.json()).toBeTruthy();
  }
});

test('a twin of another version is never sent, wherever it comes from', async () => {
  const ask = serve(library.everwarm.reader);
  const nameIn = async (encoding: 'br' | 'gzip', asked = ask) => {
    const response = await asked('/shelves/big', { headers: { 'accept-encoding': encoding } });
    expect(response.headers.get('content-encoding')).toBe(encoding);
    const { name } = JSON.parse(plain[encoding](Buffer.from(await response.arrayBuffer())).toString()) as { name: string };
    return name.slice(0, 12);
  };
  expect(await nameIn('br')).toBe('lorem ipsum ');
  await waitFor(async () => (await twins()).some((name) => name.includes(':br:big')), { what: 'the twin to be in Redis' });
  const [twin = ''] = (await twins()).filter((name) => name.includes(':br:big'));
  const older = await redis.getBuffer(twin);
  await library.pool.query(`update shelves set name = repeat('dolor sit am ', 2000) where code = 'big'`);
  await library.everwarm.settled();
  expect(await nameIn('br')).toBe('dolor sit am');
  // A reader that was slow writes the twin of the version before, over the newer one.
  await redis.set(twin, older!);
  expect(await nameIn('br', serve(await openReader()))).toBe('dolor sit am');
  await redis.set(twin, 'x');
  expect(await nameIn('br', serve(await openReader()))).toBe('dolor sit am');
});

test('without Redis, and where it may not be written, a client is given its encoding all the same', async () => {
  const reader = await openReader();
  const { body } = (await reader.raw(shelfPage, 'big'))!;
  const [one, two] = await Promise.all([
    reader.compressed(shelfPage, 'big', { body, version: null, asOf: 0, tier: 'source', pending: null }, 'gzip'),
    reader.compressed(shelfPage, 'big', { body, version: 'made up', asOf: 0, tier: 'redis', pending: null }, 'gzip'),
  ]);
  expect([gunzipSync(one).equals(body), gunzipSync(two).equals(body)]).toEqual([true, true]);
});
