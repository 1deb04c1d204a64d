import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ask, askOn, expectProblem } from './fixtures/ask.ts';
import { type RunningBlog, startBlog } from './fixtures/running-blog.ts';

let blog: RunningBlog;
let ask: Ask;
let ann: number;
let bob: number;
let news: number;
let red: number;

beforeAll(async () => {
  blog = await startBlog();
  ask = askOn(blog.url);
  ann = await made('/users', { name: 'Ann' });
  bob = await made('/users', { name: 'Bob' });
  news = await made('/categories', { slug: 'news', name: 'News' });
  red = await made('/tags', { name: 'red' });
}, 120_000);

afterAll(() => blog?.stop());

/** The id of what a POST makes. */
const made = async (path: string, body: unknown) => {
  const answer = await ask('POST', path, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return (answer.body as { id: number }).id;
};
const done = async (method: string, path: string, body?: unknown) => {
  const { status, body: said } = await ask(method, path, body);
  expect([status, said], `${method} ${path}`).toEqual([204, null]);
};
const refused = async (method: string, path: string, body: unknown, status = 400, code = 'invalid') =>
  expectProblem(await ask(method, path, body), { status, code });
/** A row as its command left it. */
const row = async (table: string, id: number) => (await blog.database.pool.query(`select * from ${table} where id = $1`, [id])).rows[0];
/** A document as a reader sees it once everything is written. */
const read = async (path: string) => {
  await blog.settled();
  return (await ask('GET', path)).body;
};

const draft = () => made('/posts', { authorId: ann, categoryId: news, title: 'Title', body: 'Body', tagIds: [red] });
const publishedPost = async () => {
  const id = await draft();
  await done('POST', `/posts/${id}/publish`);
  return id;
};

test('a client that hands on the token of its command reads what it wrote', async () => {
  const id = await made('/users', { name: 'Name 0' });
  for (let turn = 1; turn <= 20; turn++) {
    const { headers } = await ask('PATCH', `/users/${id}`, { name: `Name ${turn}` });
    const token = headers.get('everwarm-token') ?? '';
    const { body } = await ask('GET', `/authors/${id}`, undefined, { 'everwarm-after': token });
    expect(body).toMatchObject({ id, name: `Name ${turn}` });
  }
  expect((await ask('PATCH', `/users/${id}`, { name: '' })).headers.has('everwarm-token')).toBe(false);
});

test('members are registered, renamed and deleted', async () => {
  const answer = await ask('POST', '/users', { name: 'Cleo' });
  const { id } = answer.body as { id: number };
  expect([answer.status, answer.headers.get('location'), answer.body]).toEqual([201, `/authors/${id}`, { id }]);
  await done('PATCH', `/users/${id}`, { name: 'Cléo' });
  expect(await read(`/authors/${id}`)).toMatchObject({ id, name: 'Cléo', postCount: 0 });
  await done('DELETE', `/users/${id}`);
  await blog.settled();
  await refused('GET', `/authors/${id}`, undefined, 404, 'not_found');

  await refused('POST', '/users', { name: '' });
  await refused('POST', '/users', { name: 'x', admin: true });
  await refused('PATCH', `/users/${ann}`, { name: 7 });
  await refused('PATCH', '/users/0', { name: 'x' });
  await refused('PATCH', '/users/4000', { name: 'x' }, 404, 'not_found');
  await refused('DELETE', '/users/4000', undefined, 404, 'not_found');
});

test('categories and tags are added', async () => {
  const category = await ask('POST', '/categories', { slug: 'art', name: 'Art' });
  const { id } = category.body as { id: number };
  expect([category.status, category.headers.get('location')]).toEqual([201, `/categories/${id}`]);
  expect(await read(`/categories/${id}`)).toEqual({ id, slug: 'art', name: 'Art', postCount: 0 });
  const tag = await ask('POST', '/tags', { name: 'green' });
  expect([tag.status, tag.headers.get('location')]).toEqual([201, `/tags/${(tag.body as { id: number }).id}/posts`]);

  await refused('POST', '/categories', { slug: 'art', name: 'Again' }, 409, 'conflict');
  await refused('POST', '/categories', { slug: 'two words', name: 'x' });
  await refused('POST', '/tags', { name: 'red' }, 409, 'conflict');
  await refused('POST', '/tags', {});
});

test('a post is drafted, published, edited, filed and deleted', async () => {
  const answer = await ask('POST', '/posts', { authorId: ann, categoryId: news, title: 'Title', body: 'Body' });
  const { id } = answer.body as { id: number };
  expect([answer.status, answer.headers.get('location')]).toEqual([201, `/posts/${id}`]);
  await refused('GET', `/posts/${id}`, undefined, 404, 'not_found');
  await done('POST', `/posts/${id}/publish`);
  await done('PATCH', `/posts/${id}`, { title: 'New title' });
  await done('PUT', `/posts/${id}/tags`, { tagIds: [red] });
  const other = await made('/categories', { slug: 'other', name: 'Other' });
  await done('PUT', `/posts/${id}/category`, { categoryId: other });
  const expected = { id, title: 'New title', body: 'Body', category: { id: other }, tags: [{ id: red, name: 'red' }], author: { id: ann } };
  expect(await read(`/posts/${id}`)).toMatchObject(expected);
  expect(await read(`/categories/${other}`)).toMatchObject({ postCount: 1 });
  await done('DELETE', `/posts/${id}`);
  await blog.settled();
  await refused('GET', `/posts/${id}`, undefined, 404, 'not_found');

  await refused('POST', '/posts', { authorId: ann, categoryId: news, title: 'x'.repeat(301), body: 'b' });
  await refused('POST', '/posts', { authorId: 4000, categoryId: news, title: 't', body: 'b' }, 404, 'not_found');
  await refused('PATCH', `/posts/${await draft()}`, {});
  await refused('PUT', `/posts/${await draft()}/tags`, { tagIds: 'red' });
  await refused('PUT', `/posts/${await draft()}/category`, { categoryId: 4000 }, 404, 'not_found');
  await refused('DELETE', '/posts/4000', undefined, 404, 'not_found');
});

test('a post is published now, later, or when it is due', async () => {
  const id = await publishedPost();
  await refused('POST', `/posts/${id}/publish`, undefined, 409, 'conflict');
  await refused('POST', '/posts/one/publish', undefined);

  const later = await draft();
  await done('POST', `/posts/${later}/schedule`, { scheduledFor: '2999-01-01T00:00:00Z' });
  expect(await row('posts', later)).toMatchObject({ status: 'scheduled', published_at: null });
  await refused('POST', `/posts/${later}/schedule`, { scheduledFor: 'tomorrow' });

  expect(await ask('POST', '/posts/publish-due')).toMatchObject({ status: 200, body: { postIds: [] } });
  expect(await ask('POST', '/posts/publish-due', { limit: 5 })).toMatchObject({ status: 200, body: { postIds: [] } });
  await refused('POST', '/posts/publish-due', { limit: 0 });
});

test('comments are written, moderated, edited and deleted', async () => {
  const post = await publishedPost();
  const answer = await ask('POST', `/posts/${post}/comments`, { authorId: bob, body: 'First' });
  const { id } = answer.body as { id: number };
  expect([answer.status, answer.headers.get('location')]).toEqual([201, `/posts/${post}`]);
  const reply = await made(`/posts/${post}/comments`, { authorId: ann, body: 'Reply', parentId: id });
  expect(await read(`/posts/${post}`)).toMatchObject({ comments: [], commentCount: 0 });
  await done('POST', `/comments/${id}/moderation`, { status: 'approved' });
  await done('POST', `/comments/${reply}/moderation`, { status: 'approved' });
  await done('PATCH', `/comments/${id}`, { body: 'Edited' });
  const comments = [
    { id: reply, parentId: id },
    { id, body: 'Edited', author: { id: bob, name: 'Bob' } },
  ];
  expect(await read(`/posts/${post}`)).toMatchObject({ comments, commentCount: 2 });
  await done('DELETE', `/comments/${id}`);
  expect(await read(`/posts/${post}`)).toMatchObject({ comments: [], commentCount: 0 });

  await refused('POST', `/posts/${post}/comments`, { authorId: bob, body: 'x'.repeat(30_001) });
  await refused('POST', `/posts/${post}/comments`, { authorId: bob, body: ' \n ' });
  await refused('POST', `/posts/${post}/comments`, { authorId: bob, body: 'a\u0000b' });
  await refused('POST', `/posts/${await draft()}/comments`, { authorId: bob, body: 'x' }, 409, 'conflict');
  await refused('POST', `/comments/${id}/moderation`, { status: 'liked' });
  await refused('PATCH', `/comments/${id}`, { body: 'x' }, 404, 'not_found');
  await refused('DELETE', `/comments/${id}`, undefined, 404, 'not_found');
});

test.each(['posts', 'comments'] as const)('votes on %s are set, changed, taken back, and added by strangers', async (noun) => {
  const post = await publishedPost();
  const id = noun === 'posts' ? post : await made(`/posts/${post}/comments`, { authorId: bob, body: 'Vote on me' });
  const table = noun === 'posts' ? 'post_votes' : 'comment_votes';
  const column = noun === 'posts' ? 'post_id' : 'comment_id';
  const score = async () =>
    (await blog.database.pool.query(`select coalesce(sum(value), 0)::int as score from ${table} where ${column} = $1`, [id])).rows[0].score;

  await done('PUT', `/${noun}/${id}/votes/${bob}`, { value: 1 });
  await done('PUT', `/${noun}/${id}/votes/${bob}`, { value: -1 });
  expect(await score()).toBe(-1);
  await done('POST', `/${noun}/${id}/votes`, { value: 1 });
  await done('POST', `/${noun}/${id}/votes`, { value: 1 });
  expect(await score()).toBe(1);
  await done('DELETE', `/${noun}/${id}/votes/${bob}`);
  expect(await score()).toBe(2);
  if (noun === 'posts') expect(await read(`/posts/${id}/card`)).toMatchObject({ score: 2 });

  await refused('PUT', `/${noun}/${id}/votes/${bob}`, { value: 2 });
  await refused('POST', `/${noun}/${id}/votes`, { value: '1' });
  await refused('DELETE', `/${noun}/${id}/votes/${bob}`, undefined, 404, 'not_found');
  await refused('PUT', `/${noun}/4000/votes/${bob}`, { value: 1 }, 404, 'not_found');
});
