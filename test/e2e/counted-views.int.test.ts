import { spawnNode, waitFor } from '@everwarm/testkit';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
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

const view = async (post: number, times: number) => {
  const answers = await Promise.all(Array.from({ length: times }, () => ask('POST', `/posts/${post}/views`)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
};
/** The views of a post in Postgres. */
const added = async (post: number) => {
  const { rows } = await blog.database.pool.query<{ n: number }>(
    'select coalesce(sum(count), 0)::int as n from post_views where post_id = $1',
    [post],
  );
  return rows[0]?.n ?? 0;
};
const shown = async (post: number) => ((await ask('GET', `/posts/${post}/reach`)).body as { viewCount: number }).viewCount;
const showsAtLeast = (post: number, count: number) =>
  waitFor(async () => (await shown(post)) >= count, { what: `${count} views of post ${post}`, timeoutMs: 30_000 });

test('views of a post are shown, and its large document stays as it is', async () => {
  const { headers } = await ask('GET', '/posts/7');
  expect(await shown(7)).toBe(0);
  await view(7, 40);
  await showsAtLeast(7, 40);
  expect(await shown(7)).toBe(40);
  expect((await ask('GET', '/posts/7')).headers.get('etag')).toBe(headers.get('etag'));
});

test('a Redis that keeps nothing loses, when it is killed, what came since views were last added, and none counts twice', async () => {
  await view(11, 20);
  await waitFor(async () => (await added(11)) === 20, { what: 'the views to be added' });
  await view(11, 5);
  await blog.redis.kill();
  await blog.redis.start();
  await waitFor(async () => (await ask('POST', '/posts/12/views')).status === 204, {
    what: 'views to be counted again',
    timeoutMs: 30_000,
  });
  await view(11, 4);
  // What waits is added together: with this one, all that came before it.
  await view(13, 1);
  await waitFor(async () => (await added(13)) === 1, { what: 'all of them to be added', timeoutMs: 30_000 });
  const sum = await added(11);
  expect(sum).toBeGreaterThanOrEqual(20 + 4);
  expect(sum).toBeLessThanOrEqual(20 + 5 + 4);
  await showsAtLeast(11, sum);
  expect(await shown(11)).toBe(sum);
}, 120_000);

test('a worker that is killed loses no view and counts none twice; what one adds as it stops is there', async () => {
  const first = blog.worker;
  await view(8, 20);
  first.signal('SIGKILL');
  await first.exited;
  await view(8, 20);
  const next = spawnNode('apps/worker/src/main.ts', { env: blog.env });
  onTestFinished(() => void next.stop());
  await next.waitForLine(/^worker ready$/, 40_000);
  await showsAtLeast(8, 40);
  await view(9, 15);
  await next.stop();
  expect([await added(8), await added(9)]).toEqual([40, 15]);
}, 120_000);

test('what is no post, and a Redis that is away, are said', async () => {
  expectProblem(await ask('POST', '/posts/0/views'), { status: 400, code: 'invalid' });
  await blog.redis.kill();
  expectProblem(await ask('POST', '/posts/7/views'), { status: 503, code: 'unavailable', detail: /Views cannot be counted/ });
});
