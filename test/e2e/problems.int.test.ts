import { connect } from 'node:net';
import { asAdmin, providedServers, waitFor } from '@everwarm/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ask, askOn, expectProblem } from './fixtures/ask.ts';
import { fillBlog } from './fixtures/fill-blog.ts';
import { type RunningBlog, startBlog } from './fixtures/running-blog.ts';

let blog: RunningBlog;
let ask: Ask;

beforeAll(async () => {
  blog = await startBlog();
  ask = askOn(blog.url);
  await fillBlog(blog.database.pool);
  await blog.settled();
}, 120_000);

afterAll(() => blog?.stop());

describe('what a client did wrong is a problem document', () => {
  test.each([
    { method: 'GET', path: '/posts/one', status: 400, code: 'E_KEY', detail: /"one"/ },
    { method: 'GET', path: '/posts/99999999999', status: 400, code: 'E_KEY', detail: /99999999999/ },
    { method: 'GET', path: '/posts?after=not-a-cursor', status: 400, code: 'E_CURSOR', detail: /front_page/ },
    { method: 'GET', path: '/posts?after=', status: 400, code: 'E_CURSOR', detail: /cursor/ },
    { method: 'GET', path: '/posts?limit=0', status: 400, code: 'invalid', detail: /limit: must be a whole number from 1 to 100/ },
    { method: 'GET', path: '/posts?limit=1e2', status: 400, code: 'invalid', detail: /limit/ },
    { method: 'GET', path: '/posts?limit=101', status: 400, code: 'invalid', detail: /limit/ },
    { method: 'GET', path: '/posts?limit=1&limit=2', status: 400, code: 'invalid', detail: /limit/ },
    { method: 'GET', path: '/categories/x/posts', status: 400, code: 'E_KEY', detail: /category_posts/ },
    { method: 'GET', path: '/nowhere', status: 404, code: 'no_route', detail: /GET \/nowhere/ },
    { method: 'DELETE', path: '/posts', status: 404, code: 'no_route', detail: /DELETE \/posts/ },
    { method: 'GET', path: `/posts/${'1'.repeat(101)}`, status: 414, code: 'bad_url', detail: /longer/ },
    { method: 'POST', path: '/users', body: '{"name":', status: 400, code: 'malformed_json', detail: /not valid JSON/ },
    { method: 'POST', path: '/users', body: '', status: 400, code: 'malformed_json', detail: /empty/ },
    { method: 'POST', path: '/users', body: '{"__proto__":{"name":"x"}}', status: 400, code: 'malformed_json', detail: /./ },
    { method: 'POST', path: '/users', body: '[]', status: 400, code: 'invalid', detail: /object/ },
    {
      method: 'POST',
      path: '/posts/1/comments',
      body: { authorId: 1, body: 'x'.repeat(30_001) },
      status: 400,
      code: 'invalid',
      detail: /30000/,
    },
    {
      method: 'POST',
      path: '/posts/1/comments',
      body: { authorId: 1, body: 'x'.repeat(2 ** 20) },
      status: 413,
      code: 'body_too_large',
      detail: /1 MiB/,
    },
  ])('$method $path: $status $code', async ({ method, path, body, ...expected }) => {
    expectProblem(await ask(method, path, body), expected);
  });

  test('a field that is wrong is named', async () => {
    const { body } = await ask('POST', '/posts', { authorId: 1, categoryId: 'x', title: '', body: 'b', tagIds: [1, -1] });
    const { errors } = body as { errors: { path: string }[] };
    expect(errors.map(({ path }) => path)).toEqual(expect.arrayContaining(['categoryId', 'title', 'tagIds.1']));
  });

  test('a body that is not JSON is refused by its type', async () => {
    expectProblem(await ask('POST', '/users', 'name=x', { 'content-type': 'text/plain' }), { status: 415, code: 'unsupported_media_type' });
  });

  test('a malformed escape in the path, which no URL parser would send', async () => {
    const answer = await sendRaw(blog.url, 'GET /posts/%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*application\/problem\+json.*"code":"bad_url"/s);
  });

  test('a cursor belongs to its list', async () => {
    const { next } = (await ask('GET', '/posts?limit=1')).body as { next: string };
    expectProblem(await ask('GET', `/categories/1/posts?after=${next}`), { status: 400, code: 'E_CURSOR', detail: /category_posts/ });
  });
});

test('the OpenAPI document names every route, and every path parameter in it', async () => {
  const { body } = await ask('GET', '/docs/json');
  const { openapi, paths, components } = body as {
    openapi: string;
    paths: Record<string, Record<string, { summary: string; parameters?: { in: string; name: string }[]; responses: object }>>;
    components: { schemas: object };
  };
  expect(openapi).toBe('3.1.0');
  expect(Object.keys(components.schemas)).toEqual(['Problem']);
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(['/posts', '/posts/{id}', '/tags/{id}/posts', '/comments/{id}/votes/{userId}', '/users']),
  );
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { summary, parameters = [], responses }] of Object.entries(operations)) {
      expect(summary, `${method} ${path}`).toBeTruthy();
      expect(responses, `${method} ${path}`).toHaveProperty('default');
      expect(parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`)).toEqual(
        path.match(/\{\w+\}/g) ?? [],
      );
    }
  }
  expect(paths['/users']?.['post']?.responses).toMatchObject({ 201: { headers: { 'everwarm-token': {} } } });
  expect(paths['/posts/{id}']?.['get']).toMatchObject({
    parameters: expect.arrayContaining([expect.objectContaining({ in: 'header', name: 'everwarm-after' })]),
    responses: { 200: { headers: { 'everwarm-as-of': {}, age: {}, etag: {} } } },
  });
  expect(paths['/posts/{id}/live']?.['get']?.responses).toMatchObject({ 200: { content: { 'text/event-stream': {} } } });
  expect(await ask('GET', '/docs')).toMatchObject({ status: 200, body: expect.stringContaining('swagger-ui') });
});

test('probes answer; without Redis reads come from Postgres, byte for byte, and with Redis back from Redis', async () => {
  expect(await ask('GET', '/livez')).toMatchObject({ status: 200, body: { status: 'live' } });
  expect(await ask('GET', '/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } });
  const [post, page] = await Promise.all([ask('GET', '/posts/7'), ask('GET', '/posts')]);

  await blog.redis.kill();
  const [other, otherPage] = await Promise.all([ask('GET', '/posts/7'), ask('GET', '/posts')]);
  expect(other.headers.get('everwarm-tier')).toBe('postgres');
  expect([other.status, other.body, other.headers.get('etag')]).toEqual([200, post.body, post.headers.get('etag')]);
  expect([otherPage.status, otherPage.body, otherPage.headers.get('etag')]).toEqual([200, page.body, page.headers.get('etag')]);
  expect((await ask('GET', '/readyz')).status).toBe(200);

  await blog.redis.start();
  await waitFor(async () => (await ask('GET', '/posts/7')).headers.get('everwarm-tier') === 'redis', {
    what: 'Redis to be filled again',
    timeoutMs: 20_000,
  });
  await blog.settled();
});

test('a database that is away is 503 and says nothing of itself; reads of what Redis holds go on', async () => {
  const { database, api } = blog;
  const open = (allowed: boolean) =>
    asAdmin(providedServers().postgresUrl, async (admin) => {
      await admin.query(`alter database ${database.name} with allow_connections ${allowed}`);
      if (!allowed) await admin.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [database.name]);
    });
  await open(false);
  try {
    const refused = await ask('POST', '/users', { name: 'Nobody' });
    expectProblem(refused, { status: 503, code: 'unavailable' });
    expect(refused.headers.get('retry-after')).toBe('1');
    expectProblem(await ask('GET', '/readyz'), { status: 503, code: 'unavailable' });
    expect((await ask('GET', '/posts/7')).status).toBe(200);
    expect(api.output()).toContain('"id":"req-');
  } finally {
    await open(true);
  }
  await waitFor(async () => (await ask('GET', '/readyz')).status === 200, { what: 'the API to be ready again' });
});

test('SIGTERM ends the API with code 0', async () => {
  blog.api.signal('SIGTERM');
  expect(await blog.api.exited).toEqual({ code: 0, signal: null });
});

function sendRaw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
