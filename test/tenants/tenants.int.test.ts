import { randomBytes } from 'node:crypto';
import { brotliDecompressSync } from 'node:zlib';
import { createDatabase, providedServers, type TestDatabase, waitFor } from '@everwarm/testkit';
import { createEverwarm, type Everwarm, type KeyInput } from 'everwarm';
import { createHandler, documentRoute, listRoute } from 'everwarm/http';
import { createReader } from 'everwarm/reader';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acme, all, byCategory, other, page, post, readModels, shared, shout, tables } from './fixtures/tenant-models.ts';

const namespace = `tenants-${randomBytes(6).toString('hex')}`;
let database: TestDatabase;
let everwarm: Everwarm;

beforeAll(async () => {
  database = await createDatabase();
  await database.pool.query(tables);
  everwarm = createEverwarm({ postgres: database.urlFor('tenants'), redis: providedServers().redisUrl, namespace, readModels });
  await everwarm.migrate();
  await everwarm.start();
  await everwarm.settled();
}, 120_000);

afterAll(async () => {
  await everwarm?.stop();
  await database?.drop();
});

const of = (tenant: string) => everwarm.reader.forTenant(tenant);
const refusal = expect.objectContaining({ code: 'E_TENANT' });

describe('a reader of one tenant', () => {
  test('reads its own, by every verb', async () => {
    expect(await of('acme').get(post, 1)).toEqual({ owner: 'acme', id: 1, title: 'Post 1', category: 1, comments: [], commentCount: 0 });
    expect(await of('o"th,er').get(post, 5)).toMatchObject({ id: 5, owner: 'o"th,er' });
    expect((await of('acme').raw(post, 1))?.body.toString()).toMatch(/^\{"owner":"acme",/);
    expect(await of('acme').getMany(post, [2, 6, 1])).toMatchObject([{ id: 2 }, null, { id: 1 }]);
    expect(await of('acme').get(shout, 3)).toEqual({ title: 'POST 3', owner: 'acme' });
    expect(await of(acme).get(page, { path: '/home' })).toMatchObject({ body: `Home of ${acme}` });
    expect(await of(other.toUpperCase()).get(page, { path: '/home' })).toMatchObject({ body: `Home of ${other}` });
    for await (const one of of('acme').watch(post, 4)) {
      expect(one).toMatchObject({ id: 4 });
      break;
    }
  });

  test.each<[string, KeyInput]>([
    ['the other’s id', 5],
    ['an id that nobody has', 99],
    ['the other’s whole key as text', '["o\\"th,er","5"]'],
    ['a key that ends the text', '5"],["x'],
    ['an array', ['o"th,er', 5] as unknown as KeyInput],
    ['an object of the other', { owner: 'o"th,er', id: 5 }],
    ['an object without an id', { owner: 'acme' }],
    ['a prototype', JSON.parse('{"__proto__":{"owner":"o\\"th,er"},"id":5}')],
    ['the name in the database', { 'Owner Name': 'o"th,er', id: 5 }],
  ])('is given nothing of another’s by %s', async (_, key) => {
    const answers = [
      of('acme').raw(post, key),
      of('acme')
        .rawMany(post, [key])
        .then(([found]) => found ?? null),
    ];
    for (const answer of await Promise.allSettled(answers)) {
      if (answer.status === 'fulfilled') expect(answer.value).toBeNull();
      else expect(['E_KEY', 'E_TENANT']).toContain(answer.reason.code);
    }
  });

  test('pages hold its own, in partitions of its own, and cursors lead nowhere else', async () => {
    const titles = async (tenant: string, partition: number) => {
      const { items, total } = await of(tenant).list(byCategory, partition);
      return [...items.map(({ title }) => title), total];
    };
    expect([await titles('acme', 1), await titles('o"th,er', 1)]).toEqual([
      ['Post 1', 'Post 3', 2],
      ['Post 5', 'Post 7', 2],
    ]);
    expect((await of('acme').list(all)).items).toHaveLength(4);
    const { next } = await of('acme').list(all, null, { limit: 1 });
    expect((await of('acme').list(all, null, { after: next })).items).toHaveLength(3);
    await expect(of('o"th,er').list(all, null, { after: next })).rejects.toMatchObject({ code: 'E_CURSOR' });
    await expect(of('acme').list(byCategory, { tenant: 'o"th,er', partition: 1 })).rejects.toMatchObject({ code: 'E_KEY' });
  });

  test('is refused what has no tenants', async () => {
    await expect(of('acme').get(shared, 1)).rejects.toThrow(refusal);
    expect(() => of('acme').forTenant('o"th,er')).toThrow(refusal);
  });
});

test('a reader that is bound to nobody names the tenant, or is told to', async () => {
  expect(await everwarm.reader.get(post as never, { owner: 'acme', id: 1 } as never)).toMatchObject({ id: 1 });
  await expect(everwarm.reader.get(post, 1)).rejects.toMatchObject({ code: 'E_KEY' });
  await expect(everwarm.reader.list(byCategory, 1)).rejects.toMatchObject({ code: 'E_KEY' });
  expect((await everwarm.reader.list(byCategory, { tenant: 'acme', partition: 1 })).items).toHaveLength(2);
});

test('documents follow their rows, also from one tenant to another', async () => {
  await database.pool.query(`insert into comments values (1, 2, 'First')`);
  await everwarm.settled();
  expect(await of('acme').get(post, 2)).toMatchObject({ comments: [{ body: 'First' }], commentCount: 1 });
  await database.pool.query(`update posts set "Owner Name" = 'o"th,er' where id = 2`);
  await everwarm.settled();
  expect(await of('acme').get(post, 2)).toBeNull();
  expect(await of('o"th,er').get(post, 2)).toMatchObject({ comments: [{ body: 'First' }] });
  expect((await of('acme').list(all)).items).toHaveLength(3);
  await database.pool.query(`delete from posts where id = 8; update comments set body = 'Second'`);
  await everwarm.settled();
  expect(await of('o"th,er').get(post, 8)).toBeNull();
  expect(await of('o"th,er').get(post, 2)).toMatchObject({ comments: [{ body: 'Second' }] });
  for (const model of readModels) expect(await everwarm.verify(model)).toMatchObject({ differing: 0, findings: [] });
});

test('what is evicted by a tenant is that tenant’s', async () => {
  const before = await of('o"th,er').raw(post, 5);
  expect(await everwarm.evictWhere(post, { owner: 'acme' })).toBeGreaterThanOrEqual(3);
  expect((await of('o"th,er').raw(post, 5))?.version).toBe(before?.version);
  await everwarm.settled();
  expect(await of('acme').get(post, 1)).toMatchObject({ id: 1 });
});

test('bytes that lie under a key of the tenant and are not the tenant’s are not given away', async () => {
  const redis = new Redis(providedServers().redisUrl);
  try {
    const names = await redis.keys(`${namespace}:*`);
    for (const [model, id] of [
      [post, 3],
      [shout, 3],
    ] as const) {
      const { rows } = await database.pool.query<{ id: number }>(`select id from everwarm.generations where name = $1`, [model.name]);
      const named = (tenant: string, key: string) =>
        names.find((name) => name.endsWith(`:${rows[0]?.id}:${JSON.stringify([tenant, key])}`)) ?? '';
      const [mine, theirs] = [named('acme', '3'), named('o"th,er', '5')];
      expect(mine).toContain('acme');
      const foreign = await redis.getBuffer(theirs);
      const kept = await redis.getBuffer(mine);
      expect(foreign).not.toBeNull();
      await redis.set(mine, foreign!);
      await expect(of('acme').raw(model, id)).rejects.toThrow(refusal);
      await expect(of('acme').raw(model, id)).rejects.not.toThrow(/Post 5|POST 5|o"th,er/);
      await expect(of('acme').rawMany(model, [id])).rejects.toThrow(refusal);
      await expect(of('acme').rawWatch(model, id).next()).rejects.toThrow(refusal);
      if (model === post)
        for (const page of [() => of('acme').rawList(all), () => of('acme').list(byCategory, 1)])
          await expect(page()).rejects.toThrow(refusal);
      await redis.set(mine, kept!);
      expect(await of('acme').get(model, id)).toMatchObject({ owner: 'acme' });
    }
  } finally {
    redis.disconnect();
  }
});

test('bytes of another tenant are not compressed, and a twin of theirs is not sent, wherever it lies', async () => {
  const [mine, theirs] = [(await of('acme').raw(post, 3))!, (await of('o"th,er').raw(post, 5))!];
  await expect(of('acme').compressed(post, 3, theirs, 'br')).rejects.toThrow(refusal);
  await of('o"th,er').compressed(post, 5, theirs, 'br');
  const redis = new Redis(providedServers().redisUrl);
  const reader = createReader({ postgres: database.urlFor('tenants'), redis: providedServers().redisUrl, namespace });
  try {
    let twin = '';
    const find = async () => {
      twin = (await redis.keys(`${namespace}:*:twin:*`)).find((name) => name.endsWith(':["o\\"th,er","5"]')) ?? '';
      return twin !== '';
    };
    await waitFor(find, { what: 'the twin to be in Redis' });
    const bytes = (await redis.getBuffer(twin))!;
    expect(bytes.toString('latin1', 0, theirs.version?.length)).toBe(theirs.version);
    // As if both had been written in one batch.
    const planted = Buffer.concat([Buffer.from(mine.version!), bytes.subarray(mine.version?.length)]);
    await redis.set(twin.replace('["o\\"th,er","5"]', '["acme","3"]'), planted);
    await waitFor(async () => (await reader.forTenant('acme').raw(post, 1))?.tier === 'redis', { what: 'Redis to be trusted' });
    const sent = await reader.forTenant('acme').compressed(post, 3, mine, 'br');
    expect(brotliDecompressSync(sent).toString()).toBe(mine.body.toString());
  } finally {
    await reader.stop();
    redis.disconnect();
  }
});

describe('over HTTP', () => {
  const handler = () =>
    createHandler({
      reader: everwarm.reader,
      routes: [documentRoute('/posts/:id', post), documentRoute('/pages/:path', page), listRoute('/categories/:id', byCategory)],
      tenant: async ({ headers }) => headers.get('x-tenant') ?? '',
    });
  const ask = (path: string, tenant: string, headers: Readonly<Record<string, string>> = {}) =>
    handler()(new Request(`http://tenants.example${path}`, { headers: { 'x-tenant': tenant, ...headers } }));

  test('a request reads the documents of its tenant, and nobody may keep them for others', async () => {
    const found = await ask('/posts/1', 'acme');
    expect([found.status, found.headers.get('cache-control')]).toEqual([200, 'private, no-cache']);
    expect((await ask('/posts/1', 'o"th,er')).status).toBe(404);
    expect((await ask('/posts/1', '')).status).toBe(404);
    expect(await (await ask('/categories/1', 'o"th,er')).json()).toMatchObject({ items: [{ id: 5 }, { id: 7 }] });
    expect((await ask('/posts/1/live', 'o"th,er')).status).toBe(404);
    expect(await (await ask('/pages/%2Fhome', acme)).json()).toMatchObject({ owner: acme });
  });

  test('what one tenant has of a path is never said to be what another one has, though both were written at once', async () => {
    const [mine, theirs] = [await ask('/pages/%2Fhome', acme), await ask('/pages/%2Fhome', other)];
    expect(mine.headers.get('everwarm-version')).toBe(theirs.headers.get('everwarm-version'));
    const tag = { 'if-none-match': mine.headers.get('etag') ?? '' };
    expect((await ask('/pages/%2Fhome', acme, tag)).status).toBe(304);
    const found = await ask('/pages/%2Fhome', other, tag);
    expect([found.status, await found.json()]).toMatchObject([200, { owner: other }]);
  });

  test.each(['/posts/%5B%22o%5C%22th,er%22,%225%22%5D', '/pages/%2Fhome'])(
    'a tenant or key that is none is a problem: %s',
    async (path) => {
      const response = await ask(path, 'acme');
      expect([response.status, await response.json()]).toMatchObject([400, { code: 'E_KEY' }]);
    },
  );
});

test('what is evicted by its key, or expires, is one tenant’s, of two that have the same path', async () => {
  const [own, others] = [
    { path: '/home', owner: acme },
    { path: '/home', owner: other },
  ];
  const versions = async () => [(await of(acme).raw(page, '/home'))?.version ?? '', (await of(other).raw(page, '/home'))?.version ?? ''];
  const { rows } = await database.pool.query<{ id: number }>(`select id from everwarm.generations where name = 'tenant_page'`);
  const generation = rows[0]?.id;
  const before = await versions();
  await expect(everwarm.evict(page, '/home')).rejects.toMatchObject({ code: 'E_KEY' });
  expect(await everwarm.evict('tenant_page', own)).toBe(true);
  await everwarm.settled();
  const after = await versions();
  expect([after[0]! > before[0]!, after[1]]).toEqual([true, before[1]]);
  expect(await everwarm.evictMany('tenant_page', [others, { path: '/none', owner: acme }])).toBe(1);
  await everwarm.settled();
  const last = await versions();
  expect([last[0], last[1]! > after[1]!]).toEqual([after[0], true]);

  const spoiled = async () => {
    const { rows: left } = await database.pool.query<{ owner: string }>(
      `select key::json ->> 0 as owner from everwarm.projection_${generation} where doc = '{}' order by 1`,
    );
    return left.map(({ owner }) => owner);
  };
  await database.pool.query(`update everwarm.projection_${generation} set doc = '{}'`);
  expect(await spoiled()).toEqual([acme, other]);
  await everwarm.expireAfter('tenant_page', [own], 0);
  await waitFor(async () => (await spoiled()).length < 2, { what: 'what expired to be derived anew' });
  await everwarm.settled();
  expect(await spoiled()).toEqual([other]);
  await everwarm.expireAfter('tenant_page', [others], 0);
  await waitFor(async () => (await spoiled()).length === 0, { what: 'the other’s too' });
});
