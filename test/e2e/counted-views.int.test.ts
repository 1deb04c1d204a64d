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
  const { rows } = await blog.database.pool.query(
    'select post_id as id, sum(count)::int as n from post_views where post_id > 7 group by 1 order by 1',
  );
  expect(rows).toEqual([
    { id: 8, n: 40 },
    { id: 9, n: 15 },
  ]);
}, 120_000);

test('what is no post, and a Redis that is away, are said', async () => {
  expectProblem(await ask('POST', '/posts/0/views'), { status: 400, code: 'invalid' });
  await blog.redis.kill();
  expectProblem(await ask('POST', '/posts/7/views'), { status: 503, code: 'unavailable', detail: /Views cannot be counted/ });
});
