import type { EverwarmError } from 'everwarm';
import { sendToken } from 'everwarm/http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bookPage, routes, shelfPage } from './fixtures/library.ts';
import { type Library, openLibrary, type ServeOptions, serveFastify, servers, serveWeb } from './fixtures/open-library.ts';

let library: Library;

beforeAll(async () => {
  library = await openLibrary();
}, 120_000);

afterAll(() => library?.stop());

const options = (): ServeOptions => ({ reader: library.everwarm.reader, routes });
const odd = encodeURIComponent('ä/ß "x" 😀');

async function expectProblem(response: Response, status: number, code: string): Promise<void> {
  expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json; charset=utf-8']);
  expect(await response.json()).toMatchObject({ status, code, type: 'about:blank', instance: expect.stringMatching(/^\//) });
}

describe.each(servers(options))('%s', (_, open) => {
  test.each([
    ['/shelves/a', shelfPage, 'a'],
    [`/shelves/${odd}`, shelfPage, 'ä/ß "x" 😀'],
    ['/shelves/a/books/3', bookPage, { shelf: 'a', number: 3 }],
    [`/shelves/${odd}/books/5`, bookPage, { shelf: 'ä/ß "x" 😀', number: 5 }],
    [`/books/${encodeURIComponent('["a","3"]')}`, bookPage, { shelf: 'a', number: 3 }],
  ])('%s is the document as it is stored, and what it is worth', async (path, model, key) => {
    const ask = await open();
    const stored = await library.everwarm.reader.raw(model, key);
    const response = await ask(path);
    const said = Object.fromEntries(response.headers);
    expect(Buffer.from(await response.arrayBuffer()).toString()).toBe(stored?.body.toString());
    expect(said).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(stored?.body.length),
      'cache-control': 'no-cache',
      'everwarm-tier': 'redis',
      'everwarm-version': stored?.version,
      'everwarm-as-of': new Date(stored?.asOf ?? 0).toISOString(),
      age: expect.stringMatching(/^\d+$/),
      etag: expect.stringMatching(new RegExp(`^"\\d+-${stored?.version}"$`)),
    });
    expect(Object.keys(said).filter((name) => name.startsWith('access-control') || name === 'vary')).toEqual([]);
    const head = await ask(path, { method: 'HEAD' });
    expect([head.status, head.headers.get('etag'), head.headers.get('content-length'), await head.text()]).toEqual([
      200,
      said['etag'],
      said['content-length'],
      '',
    ]);
  });

  test('304 while If-None-Match names the state, of documents and pages', async () => {
    const ask = await open();
    for (const path of ['/shelves/a', '/shelves/a/books', '/books']) {
      const etag = (await ask(path)).headers.get('etag') ?? '';
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const response = await ask(path, { headers: { 'if-none-match': known } });
        expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([304, etag, '']);
        expect(response.headers.get('everwarm-tier')).toBe('redis');
      }
      expect((await ask(path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
    }
  });

  test('pages lead through a list and back, counted where it counts', async () => {
    const ask = await open();
    type Page = { items: { number: number }[]; next: string | null; previous: string | null; total?: number };
    const page = async (query: string) => (await (await ask(`/shelves/${odd}/books${query}`)).json()) as Page;
    const first = await page('');
    const second = await page(`?limit=3&after=${first.next}`);
    expect(first).toMatchObject({ items: [{ number: 1 }, { number: 2 }], previous: null, total: 5 });
    expect(second).toMatchObject({ items: [{ number: 3 }, { number: 4 }, { number: 5 }], next: null, total: 5 });
    expect(await page(`?before=${second.previous}`)).toEqual(first);
    expect(await (await ask('/shelves/empty/books')).text()).toBe('{"items":[],"next":null,"previous":null,"total":0}');
    expect(await (await ask('/books?limit=1')).json()).not.toHaveProperty('total');
  });

  test('a command is followed by its own reader: the token on its answer, then in the request', async () => {
    const ask = await open();
    const { pool, everwarm } = library;
    const client = await pool.connect();
    try {
      for (let round = 0; round < 10; round++) {
        await client.query('begin');
        await client.query(`update shelves set name = $1 where code = 'a'`, [`Round ${round}`]);
        const token = await everwarm.token(client);
        await client.query('commit');
        const headers = new Headers();
        sendToken(headers, token);
        const after = { 'everwarm-after': headers.get('everwarm-token') ?? '' };
        const response = await ask('/shelves/a', { headers: after });
        expect(await response.json()).toMatchObject({ name: `Round ${round}` });
        expect((await ask('/books', { headers: after })).status).toBe(200);
      }
    } finally {
      client.release();
    }
  });

  test('whether something newer is on its way is said where somebody had to ask', async () => {
    const { pool, everwarm } = library;
    const [hasty, patient] = [
      await open({ freshness: { timeoutMs: 1, onTimeout: 'stale' } }),
      await open({ freshness: { timeoutMs: 30_000, onTimeout: 'error' } }),
    ];
    const said = async (response: Response) => [
      response.headers.get('everwarm-pending'),
      ((await response.json()) as { name: string }).name,
    ];
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query(`update shelves set name = 'Filled' where code = 'empty'`);
      const headers = { 'everwarm-after': await everwarm.token(client) };
      expect(await said(await hasty('/shelves/empty', { headers }))).toEqual(['true', 'Empty']);
      expect(await said(await hasty('/shelves/empty'))).toEqual([null, 'Empty']);
      await client.query('commit');
      expect(await said(await patient('/shelves/empty', { headers }))).toEqual(['false', 'Filled']);
      await client.query(`update shelves set name = 'Empty' where code = 'empty'`);
      await everwarm.settled();
    } finally {
      client.release(true);
    }
  });

  test('what is not there, or not for reading, is a problem document', async () => {
    const ask = await open();
    await expectProblem(await ask('/shelves/nowhere'), 404, 'not_found');
    await expectProblem(await ask('/shelves/a/books/99'), 404, 'not_found');
    await expectProblem(await ask('/shelves/nowhere/live'), 404, 'not_found');
  });

  test('what is not the client’s doing says nothing of the inside, and is told', async () => {
    const told: [string, string][] = [];
    const broken = { ...library.everwarm.reader, raw: () => Promise.reject(new TypeError('secret')) };
    const ask = await open({ reader: broken, onError: (error, path) => told.push([(error as EverwarmError).message, path]) });
    await expectProblem(await ask('/shelves/a?x=1'), 500, 'internal');
    expect(told).toEqual([['secret', '/shelves/a?x=1']]);
  });

  test('another origin may read when it is named, and not before', async () => {
    const origin = 'https://shop.example';
    const shut = await open();
    expect((await shut('/shelves/a', { headers: { origin } })).headers.has('access-control-allow-origin')).toBe(false);
    expect([404, 405]).toContain((await shut('/shelves/a', { method: 'OPTIONS', headers: { origin } })).status);
    const ask = await open({ cors: { origin: [origin] } });
    const said = (await ask('/shelves/a', { headers: { origin } })).headers;
    expect([said.get('access-control-allow-origin'), said.get('vary')]).toEqual([origin, 'origin']);
    expect((await ask('/shelves/a', { headers: { origin: 'https://other.example' } })).headers.has('access-control-allow-origin')).toBe(
      false,
    );
    const preflight = await ask('/shelves/a', { method: 'OPTIONS', headers: { origin } });
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([
      204,
      'everwarm-after, if-none-match, last-event-id',
    ]);
  });
});

test('the web handler stands behind a prefix, and says what it does not serve', async () => {
  const ask = serveWeb({ ...options(), prefix: '/api' });
  expect((await ask('/api/shelves/a')).status).toBe(200);
  for (const path of ['/shelves/a', '/api', '/apishelves/a', '/api/nowhere']) await expectProblem(await ask(path), 404, 'no_route');
  await expectProblem(await ask('/api/shelves/%zz'), 400, 'bad_url');
  const refused = await ask('/api/shelves/a', { method: 'POST' });
  expect(refused.headers.get('allow')).toBe('GET, HEAD');
  await expectProblem(refused, 405, 'no_method');
});

test('headers that Fastify’s hooks set are sent, and hooks may answer themselves', async () => {
  const ask = await serveFastify(options(), (app) => {
    app.addHook('onRequest', async (request, reply) => {
      reply.header('x-frame-options', 'DENY').header('vary', 'cookie').header('cache-control', 'private');
      reply.header('set-cookie', 'a=1').header('set-cookie', 'b=2');
      if (request.headers['x-raw'] !== undefined) reply.raw.setHeader('x-raw', 'set');
      if (request.headers.authorization === undefined) return reply.code(401).send({ who: 'nobody' });
    });
  });
  expect((await ask('/shelves/a')).status).toBe(401);
  for (const raw of [{}, { 'x-raw': '1' }]) {
    const { headers, status } = await ask('/shelves/a', { headers: { authorization: 'x', ...raw } });
    expect([status, headers.get('x-frame-options'), headers.get('vary')]).toEqual([200, 'DENY', 'cookie']);
    expect([headers.getSetCookie(), headers.get('cache-control')]).toEqual([['a=1', 'b=2'], 'no-cache']);
    expect(headers.get('x-raw')).toBe('x-raw' in raw ? 'set' : null);
  }
});
