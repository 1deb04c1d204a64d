import { providedServers } from '@everwarm/testkit';
import { everwarmHttp } from 'everwarm/http';
import { createReader, type StandaloneReader } from 'everwarm/reader';
import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isBackground, postgresStatements, redisCommands } from '../fixtures/said.ts';
import { type Tap, tap } from '../fixtures/tap.ts';
import { ownBook, routes, shelfPage, tenantRoutes } from './fixtures/library.ts';
import { type AskEither, type Library, openLibrary, serveFastify, serveOn, serveWeb } from './fixtures/open-library.ts';

let library: Library;
let reader: StandaloneReader;
const taps: Tap[] = [];

beforeAll(async () => {
  library = await openLibrary();
  taps.push(await tap(library.databaseUrl, postgresStatements), await tap(providedServers().redisUrl, redisCommands));
  const [postgres, redis] = taps.map(({ url }) => url) as [string, string];
  reader = createReader({ postgres, redis, namespace: library.namespace });
  await reader.connect();
}, 120_000);

afterAll(async () => {
  await reader?.stop();
  await library?.stop();
  for (const one of taps) await one.close();
});

/** Runs `action` and returns what the stores were asked for meanwhile; what a reader says to them in the background is left out. */
async function asked(action: () => Promise<void>): Promise<string[]> {
  for (const one of taps) one.heard();
  await action();
  return taps.flatMap((one) => one.heard()).filter((command) => !isBackground(command));
}

const path = (text: string) => encodeURIComponent(text);
const bad: [string, string, string, Record<string, string>?][] = [
  ['a key of 10 KB', `/shelves/${'k'.repeat(10_240)}`, 'E_KEY'],
  ['a key of 10 KB in several parts', `/shelves/${'k'.repeat(10_240)}/books/1`, 'E_KEY'],
  ['a key of 10 KB of a live page', `/shelves/${'k'.repeat(10_240)}/live`, 'E_KEY'],
  ['a partition of 10 KB', `/shelves/${'k'.repeat(10_240)}/books`, 'E_KEY'],
  ['a key with a line break', `/shelves/${path('a\nb')}`, 'E_KEY'],
  ['a key with a carriage return', `/shelves/${path('a\r\nGET x')}`, 'E_KEY'],
  ['a key with a null character', `/shelves/${path('a\u0000')}`, 'E_KEY'],
  ['a key with a line break in an escape', `/books/${path('["a\\nb","1"]')}`, 'E_KEY'],
  ['a partition with a line break', `/shelves/${path('a\nb')}/books`, 'E_KEY'],
  ['a word where a number is due', '/shelves/a/books/one', 'E_KEY'],
  ['a number that is too large', '/shelves/a/books/9999999999', 'E_KEY'],
  ['a number with a line break', `/shelves/a/books/${path('1\n')}`, 'E_KEY'],
  ['a key that is no JSON', '/books/x', 'E_KEY'],
  ['a key of too few parts', `/books/${path('["a"]')}`, 'E_KEY'],
  ['a key of objects', `/books/${path('[{"a":1},["b"]]')}`, 'E_KEY'],
  ['half a surrogate pair', `/books/${path('["\\ud800","1"]')}`, 'E_KEY'],
  ['a cursor that is none', '/books?after=x', 'E_CURSOR'],
  ['a cursor of 10 KB', `/books?after=${'A'.repeat(10_240)}`, 'E_CURSOR'],
  ['an empty cursor', '/books?before=', 'E_CURSOR'],
  ['two cursors', '/books?after=x&before=y', 'E_CURSOR'],
  ['a limit that is none', '/books?limit=ten', 'invalid'],
  ['a limit given twice', '/books?limit=1&limit=2', 'invalid'],
  ['a token that is none', '/shelves/a', 'E_TOKEN', { 'everwarm-after': 'x' }],
  ['no token between commas', '/shelves/a', 'E_TOKEN', { 'everwarm-after': ',' }],
  ['more tokens than a request may name', '/shelves/a', 'E_TOKEN', { 'everwarm-after': Array(17).fill('x').join(',') }],
];
/** Whose a request is, by its own word: a server would want that proved. */
const whose = (header: unknown) => JSON.parse(String(header)) as string;
const servers: [string, () => Promise<AskEither>, () => Promise<AskEither>][] = [
  [
    'Fastify',
    () => serveFastify({ reader, routes }),
    () => serveFastify({ reader, routes: tenantRoutes, tenant: ({ headers }) => whose(headers['x-shelf']) }),
  ],
  [
    'the web handler',
    async () => serveWeb({ reader, routes }),
    async () => serveWeb({ reader, routes: tenantRoutes, tenant: ({ headers }) => whose(headers.get('x-shelf')) }),
  ],
];

describe.each(servers)('%s', (_, open, openForTenants) => {
  let ask: AskEither;
  const expectRefusal = async (response: Response, code: string) => {
    const status = code === 'E_TENANT' ? 403 : 400;
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json; charset=utf-8']);
    expect(await response.json()).toMatchObject({ status, code });
  };
  const refused = async (where: string, code: string, headers: Record<string, string> = {}) => {
    ask = await open();
    // Another read first, so that what the reader must learn once is known.
    for (const warm of ['/shelves/a', '/shelves/a/books', '/books', '/books/%5B%22a%22%2C%221%22%5D'])
      expect((await ask(warm)).status).toBe(200);
    expect(await asked(async () => expectRefusal(await ask(where, { headers }), code))).toEqual([]);
  };

  test.each(bad)('%s', async (__, where, code, headers) => {
    await refused(where, code, headers);
  });

  test('what is no mistake does reach a store', async () => {
    ask = await open();
    expect(await asked(async () => void (await ask('/shelves/a')))).toEqual([expect.stringMatching(/^mget /)]);
    expect(await asked(async () => void (await ask(`/shelves/nowhere-${performance.now()}`)))).toEqual(
      expect.arrayContaining([expect.stringMatching(/from everwarm\.projection_\d/)]),
    );
  });

  test('a cursor of another list, of another partition, or changed in one place', async () => {
    ask = await open();
    const { next } = (await (await ask('/shelves/a/books')).json()) as { next: string };
    expect((await ask(`/shelves/a/books?after=${next}`)).status).toBe(200);
    await refused(`/books?after=${next}`, 'E_CURSOR');
    await refused(`/shelves/empty/books?after=${next}`, 'E_CURSOR');
    for (const at of [0, 4, 9, next.length - 2]) {
      const changed = `${next.slice(0, at)}${next[at] === 'B' ? 'C' : 'B'}${next.slice(at + 1)}`;
      await refused(`/shelves/a/books?after=${changed}`, 'E_CURSOR');
    }
  });

  test('a token of another database', async () => {
    const { rows } = await library.pool.query<{ xid: string }>('select pg_current_xact_id()::text as xid');
    const foreign = Buffer.from(`0badc0de.${rows[0]?.xid}`).toString('base64url');
    await refused('/shelves/a', 'E_TOKEN', { 'everwarm-after': foreign });
    await refused('/shelves/a/books', 'E_TOKEN', { 'everwarm-after': foreign });
  });

  test('another tenant’s keys and cursors, tenants that are none, and what has no tenants', async () => {
    ask = await openForTenants();
    const as = (shelf: string) => ({ headers: { 'x-shelf': JSON.stringify(shelf) } });
    const { next } = (await (await ask('/own/books', as('a'))).json()) as { next: string };
    expect((await ask(`/own/books?after=${next}`, as('a'))).status).toBe(200);
    expect((await ask('/own/books/1', as('a'))).status).toBe(200);
    expect((await ask('/own/books/1', as('empty'))).status).toBe(404);
    const refused: [string, string, string][] = [
      [`/own/books/${path('["a","1"]')}`, 'empty', 'E_KEY'],
      [`/own/books/${path('["a","1"]')}/live`, 'empty', 'E_KEY'],
      [`/own/books/${path('{"shelf":"a","number":1}')}`, 'empty', 'E_KEY'],
      [`/own/books?after=${next}`, 'empty', 'E_CURSOR'],
      ['/shelves/a', 'a', 'E_TENANT'],
      ['/shelves/a/live', 'a', 'E_TENANT'],
      ['/own/books/1', 'a\u0000', 'E_KEY'],
      ['/own/books/1', 'k'.repeat(10_240), 'E_KEY'],
      ['/own/books', 'a\u0000', 'E_KEY'],
    ];
    for (const [where, shelf, code] of refused)
      expect(await asked(async () => expectRefusal(await ask(where, as(shelf)), code)), `${where} of ${shelf}`).toEqual([]);
  });

  test('a path of 10 KB below nothing', async () => {
    ask = await open();
    const response = await ask(`/nowhere/${'x'.repeat(10_240)}`);
    expect(response.status).toBe(404);
  });
});

test('a token of a transaction that has not ended, or that there never was, is the client’s doing', async () => {
  const failures: unknown[] = [];
  const ask = serveWeb({ reader, routes, freshness: { timeoutMs: 1 }, onError: (error) => void failures.push(error) });
  const client = await library.pool.connect();
  try {
    await client.query('begin');
    const open = await library.everwarm.token(client);
    const [epoch] = Buffer.from(open, 'base64url').toString().split('.');
    const never = Buffer.from(`${epoch}.${2n ** 63n}`).toString('base64url');
    for (const after of [open, never])
      for (const where of ['/shelves/a', '/shelves/a/books']) {
        const response = await ask(where, { headers: { 'everwarm-after': after } });
        expect([response.status, await response.json()]).toMatchObject([409, { code: 'E_STALE', status: 409 }]);
      }
  } finally {
    await client.query('rollback');
    client.release();
  }
  expect(failures).toEqual([]);
});

describe('Fastify as it comes, whose router takes parameters of 100 characters', () => {
  const long = 'k'.repeat(10_240);
  const refusal = { status: 414, code: 'bad_url', detail: expect.stringContaining('longer than 100 characters') };

  test.each([
    ['a key', `/shelves/${long}`],
    ['a key of one character more', `/shelves/${'k'.repeat(101)}?x=1`],
    ['a key of a live page', `/shelves/${path('ä'.repeat(101))}/live`],
    ['a partition', `/shelves/${long}/books`],
    ['the second part of a key', `/shelves/a/books/${long}`],
  ])('refuses a longer one with a problem document, and asks no store: %s', async (_, where) => {
    const ask = await serveOn(fastify(), { reader, routes, prefix: '/api', cors: { origin: '*' } }, (app) =>
      app.addHook('onRequest', async (_, reply) => void reply.header('x-hook', 'ran')),
    );
    expect((await ask('/api/shelves/a')).status).toBe(200);
    const heard = await asked(async () => {
      const response = await ask(`/api${where}`, { headers: { origin: 'https://shop.example' } });
      expect([response.status, await response.json()]).toMatchObject([414, { ...refusal, instance: `/api${where}` }]);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'application/problem+json; charset=utf-8',
        'access-control-allow-origin': '*',
        'x-hook': 'ran',
      });
    });
    expect(heard).toEqual([]);
    expect((await ask(`/api${where}`, { method: 'HEAD' })).status).toBe(414);
  });

  test('reads what is as long as that, once decoded', async () => {
    const ask = await serveOn(fastify(), { reader, routes });
    expect((await ask(`/shelves/${path('ä'.repeat(100))}`)).status).toBe(404);
    expect((await ask(`/shelves/${path('ä/ß "x" 😀')}?${'y'.repeat(200)}`)).status).toBe(200);
  });

  test('leaves every other long path to the application, and takes a table twice', async () => {
    const ask = await serveOn(fastify(), { reader, routes, prefix: '/one' }, (app) => {
      app.get('/*', async ({ url }) => ({ own: url.length }));
      app.get('/mine/:name', async () => ({}));
      void app.register(everwarmHttp, { reader, routes });
    });
    for (const where of [`/shelves/${long}/edit`, `/one/elsewhere/${long}`, `/${long}`])
      expect(await (await ask(where)).json(), where.slice(0, 20)).toEqual({ own: where.length });
    for (const where of [`/one/shelves/${long}`, `/shelves/${long}`]) expect(await (await ask(where)).json()).toMatchObject(refusal);
  });
});

test('a request of nobody reads nothing, least of all what is the empty tenant’s', async () => {
  for (const none of [undefined, null]) {
    const ask = serveWeb({ reader, routes: tenantRoutes, tenant: () => none as unknown as string });
    for (const where of ['/own/books/1', '/own/books/1/live', '/own/books'])
      expect([(await ask(where)).status, where]).toEqual([403, where]);
  }
});

test('a reader of one tenant that is given no key', async () => {
  await expect(reader.forTenant('a').raw(ownBook, null as unknown as number)).rejects.toMatchObject({ code: 'E_KEY' });
});

test('a reader of one tenant that is given the key of another', async () => {
  const own = reader.forTenant('empty');
  const key = { shelf: 'a', number: 1 };
  const reads: (() => Promise<unknown>)[] = [
    () => own.raw(ownBook, key),
    () => own.rawMany(ownBook, [key]),
    async () => own.rawWatch(ownBook, key).next(),
    () => own.raw(shelfPage, 'a'),
    async () => own.forTenant('a'),
  ];
  for (const read of reads) expect(await asked(() => expect(read()).rejects.toMatchObject({ code: 'E_TENANT' }))).toEqual([]);
});
