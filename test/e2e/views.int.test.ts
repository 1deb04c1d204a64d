import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillBlog } from './fixtures/fill-blog.ts';
import { type RunningBlog, startBlog } from './fixtures/running-blog.ts';

let blog: RunningBlog;
let redis: Redis;

beforeAll(async () => {
  blog = await startBlog();
  redis = new Redis(blog.redis.url);
  await fillBlog(blog.database.pool);
  await blog.settled();
}, 120_000);

afterAll(async () => {
  redis?.disconnect();
  await blog?.stop();
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${blog.url}${path}`, { headers });

const newest = 'order by p.published_at desc, p.id desc';
const published = `select p.id::text from posts p where p.status = 'published'`;

describe.each([
  { path: '/posts/7', view: 'post_detail', key: '7' },
  { path: '/posts/7/card', view: 'post_card', key: '7' },
  { path: '/categories/2', view: 'category_card', key: '2' },
  { path: '/authors/3', view: 'author_page', key: '3' },
])('GET $path', ({ path, view, key }) => {
  test(`sends the bytes that ${view} holds in Postgres and in Redis`, async () => {
    const response = await get(path);
    const body = Buffer.from(await response.arrayBuffer());
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('everwarm-tier')).toBe('redis');
    const { rows } = await blog.database.pool.query(`select doc::text as doc, version from everwarm.${view} where key = $1`, [key]);
    expect(body.toString()).toBe(rows[0].doc);
    expect(response.headers.get('everwarm-version')).toBe(rows[0].version);
    expect((await copiesInRedis(key)).filter((copy) => copy.equals(body))).toHaveLength(1);
  });

  test('answers 304 while the version is the one known, and HEAD without a body', async () => {
    const etag = (await get(path)).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\d-]+"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const response = await get(path, { 'if-none-match': known });
      expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([304, '', etag]);
    }
    expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200);
    const head = await fetch(`${blog.url}${path}`, { method: 'HEAD' });
    expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, etag, '']);
  });
});

describe.each([
  { path: '/posts', sql: `${published} ${newest}` },
  { path: '/categories', sql: 'select id::text from categories order by id' },
  { path: '/categories/2/posts', sql: `${published} and p.category_id = 2 ${newest}` },
  { path: '/authors/3/posts', sql: `${published} and p.author_id = 3 ${newest}` },
  { path: '/tags/1/posts', sql: `${published} and exists (select from post_tags t where t.post_id = p.id and t.tag_id = 1) ${newest}` },
])('GET $path', ({ path, sql }) => {
  test.each([1, 7, 100])('pages of %i lead through the whole list in the order of SQL', async (limit) => {
    const { rows } = await blog.database.pool.query<{ id: string }>(sql);
    const ids: string[] = [];
    let after = '';
    do {
      const response = await get(`${path}?limit=${limit}${after}`);
      expect(response.status).toBe(200);
      const page = (await response.json()) as { items: { id: number }[]; next: string | null };
      expect(page.items.length).toBeLessThanOrEqual(limit);
      ids.push(...page.items.map(({ id }) => String(id)));
      after = page.next === null ? '' : `&after=${page.next}`;
    } while (after !== '');
    expect(ids).toEqual(rows.map(({ id }) => id));
    expect(ids.length).toBeGreaterThan(2);
  });

  test('answers 304 until an item or the order changes', async () => {
    const first = await get(`${path}?limit=2`);
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect((await get(`${path}?limit=2`, { 'if-none-match': etag })).status).toBe(304);
    expect((await get(`${path}?limit=1`, { 'if-none-match': etag })).status).toBe(200);
  });
});

test('a page is its documents between brackets', async () => {
  const { items, next } = (await (await get('/posts?limit=3')).json()) as { items: { id: number }[]; next: string };
  const cards = await Promise.all(items.map(async ({ id }) => (await get(`/posts/${id}/card`)).text()));
  expect(await (await get('/posts?limit=3')).text()).toBe(`{"items":[${cards.join(',')}],"next":"${next}","previous":null}`);
});

test('a page leads back to the one before it', async () => {
  const page = async (cursor: string) =>
    (await (await get(`/posts?limit=3${cursor}`)).json()) as { items: unknown; next: string; previous: string };
  const first = await page('');
  const second = await page(`&after=${first.next}`);
  expect(await page(`&before=${second.previous}`)).toEqual(first);
  expect((await get(`/posts?after=${first.next}&before=${second.previous}`)).status).toBe(400);
});

test('a list without entries is an empty page', async () => {
  expect(await (await get('/categories/3/posts')).text()).toBe('{"items":[],"next":null,"previous":null}');
});

test('a change moves version and tag', async () => {
  const [before, page] = await Promise.all([get('/posts/8'), get('/posts?limit=100')]);
  await blog.database.pool.query(`update posts set title = 'Another title' where id = 8`);
  await blog.settled();
  const after = await get('/posts/8', { 'if-none-match': before.headers.get('etag') ?? '' });
  expect(after.status).toBe(200);
  expect(((await after.json()) as { title: string }).title).toBe('Another title');
  expect((after.headers.get('everwarm-version') ?? '') > (before.headers.get('everwarm-version') ?? '')).toBe(true);
  expect((await get('/posts?limit=100', { 'if-none-match': page.headers.get('etag') ?? '' })).status).toBe(200);
});

test('what is not published, or not there, is 404', async () => {
  for (const path of ['/posts/5', '/posts/5/card', '/posts/4000', '/categories/9', '/authors/9']) {
    const response = await get(path);
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json; charset=utf-8']);
    expect(await response.json()).toMatchObject({ status: 404, code: 'not_found', instance: path });
  }
});

/** Every value that Redis keeps under a key ending in this one, without the 38 bytes before the document. */
async function copiesInRedis(key: string): Promise<Buffer[]> {
  const copies: Buffer[] = [];
  for await (const names of redis.scanStream({ match: `everwarm:*:${key}`, type: 'string' }) as AsyncIterable<string[]>) {
    for (const name of names) copies.push(((await redis.getBuffer(name)) ?? Buffer.alloc(0)).subarray(38));
  }
  return copies;
}
