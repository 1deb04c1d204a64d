import { createDatabase, createRedis, seededRandom, type TestDatabase, type TestRedis, waitFor } from '@everwarm/testkit';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Redis } from 'ioredis';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  addViews,
  type BlogDatabase,
  countView,
  createCategory,
  createDraft,
  deletePost,
  migrateBlog,
  publish,
  register,
  schema,
  type ViewStore,
} from '../index.ts';

const template = { key: 'blog', build: migrateBlog };
let database: TestDatabase;
let server: TestRedis;
let redis: Redis;
let db: BlogDatabase;
let draft: () => Promise<number>;
let posts: number[];

beforeEach(async () => {
  [database, server] = await Promise.all([createDatabase({ template }), createRedis({ persistent: true })]);
  redis = new Redis(server.url, { maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  onTestFinished(async () => {
    redis.disconnect();
    await server.stop();
    await database.drop();
  });
  db = drizzle({ client: database.pool, schema });
  const author = await register(db, { name: 'Ann' });
  const category = await createCategory(db, { slug: 'news', name: 'News' });
  draft = async () => (await createDraft(db, { authorId: author.id, categoryId: category.id, title: 'Title', body: 'Body' })).id;
  posts = [];
  for (let n = 0; n < 3; n++) posts.push((await publish(db, { postId: await draft() })).id);
});

/** Views in Postgres, by post. */
const added = async () => {
  const { rows } = await database.pool.query<{ id: number; n: number }>(
    'select post_id as id, sum(count)::int as n from post_views group by 1',
  );
  return Object.fromEntries(rows.map(({ id, n }) => [id, n]));
};
const view = async (postId: number, times: number) => {
  await Promise.all(Array.from({ length: times }, () => countView(redis, { postId })));
};
/** A store on which the process "dies" at its nth command, before or after Redis has done it. */
const dyingAt = (command: number, when: 'before' | 'after'): ViewStore => {
  let commands = 0;
  return {
    eval: async (script, keys, ...rest) => {
      const dies = ++commands === command;
      if (dies && when === 'before') throw new Error('died');
      const answer = await redis.eval(script, keys, ...rest);
      if (dies) throw new Error('died');
      return answer;
    },
  };
};
const addAll = async () => {
  while ((await addViews(redis, db)) !== null);
};

test('views of many clients at once reach Postgres as one batch, of each post in one row', async () => {
  await Promise.all([view(posts[0]!, 50), view(posts[1]!, 7)]);
  expect(await added()).toEqual({});
  expect(await addViews(redis, db)).toBe(57);
  expect(await added()).toEqual({ [posts[0]!]: 50, [posts[1]!]: 7 });
  expect(await addViews(redis, db)).toBeNull();
  await view(posts[1]!, 3);
  expect(await addViews(redis, db)).toBe(3);
  expect(await added()).toEqual({ [posts[0]!]: 50, [posts[1]!]: 10 });
  expect((await database.pool.query('select from post_views')).rowCount).toBe(2);
  expect(await redis.keys('*')).toEqual([]);
});

test.each([
  ['before it takes a batch', 1, 'before'],
  ['after it took one', 1, 'after'],
  ['after Postgres has it', 2, 'before'],
  ['after Redis has forgotten it', 2, 'after'],
] as const)('a process that dies %s loses no view and adds none twice', async (_, command, when) => {
  await view(posts[0]!, 5);
  await expect(addViews(dyingAt(command, when), db)).rejects.toThrow('died');
  await view(posts[0]!, 2);
  await addAll();
  expect(await added()).toEqual({ [posts[0]!]: 7 });
});

test('a process that dies inside the transaction has added nothing, and the next one adds all of it', async () => {
  await view(posts[0]!, 5);
  const dies = new Error('died');
  const dying = db.transaction(async (tx) => {
    await addViews(
      { eval: (script, keys, ...rest) => (script.includes('DEL') ? Promise.reject(dies) : redis.eval(script, keys, ...rest)) },
      tx,
    );
  });
  await expect(dying).rejects.toThrow('died');
  expect(await added()).toEqual({});
  await addAll();
  expect(await added()).toEqual({ [posts[0]!]: 5 });
});

test('if Postgres did not remember the batch, it would be added twice', async () => {
  await view(posts[0]!, 5);
  await expect(addViews(dyingAt(2, 'before'), db)).rejects.toThrow('died');
  await database.pool.query('delete from view_batches');
  await addAll();
  expect(await added()).toEqual({ [posts[0]!]: 10 });
});

test('processes that add at once add each view once', async () => {
  const random = seededRandom('counted views');
  const counted = new Map<number, number>();
  const writing = async () => {
    for (let n = 0; n < 100; n++) {
      const postId = random.pick(posts);
      await view(postId, 1);
      counted.set(postId, (counted.get(postId) ?? 0) + 1);
    }
  };
  const writers = Promise.all([writing(), writing()]);
  let isDone = false;
  void writers.finally(() => {
    isDone = true;
  });
  const adding = async () => {
    while (!isDone) await addViews(redis, db);
  };
  await Promise.all([writers, adding(), adding(), adding()]);
  await addAll();
  expect(await added()).toEqual(Object.fromEntries(counted));
});

test('a Redis that is killed and comes back with views that were added since has them dropped', async () => {
  await view(posts[0]!, 5);
  const asBefore = (await redis.dumpBuffer('blog:{views}:waiting')) as Buffer | null;
  await addAll();
  // Its file ends before the batch was taken.
  await redis.restore('blog:{views}:waiting', 0, asBefore ?? '');
  await addAll();
  expect(await added()).toEqual({ [posts[0]!]: 5 });
});

test('a Redis that is killed keeps what waits, and counting goes on', async () => {
  // Else it puts off writing its file while the disk is slow, for up to two seconds.
  await redis.config('SET', 'appendfsync', 'always');
  await view(posts[0]!, 4);
  await server.kill();
  await expect(addViews(redis, db)).rejects.toBeInstanceOf(Error);
  await server.start();
  const answers = () =>
    redis.ping().then(
      () => true,
      () => false,
    );
  await waitFor(answers, { what: 'the client to be connected again' });
  await addAll();
  expect(await added()).toEqual({ [posts[0]!]: 4 });
});

test('without Postgres views wait, in one batch and what comes after it', async () => {
  await view(posts[0]!, 4);
  await database.pool.query('alter table post_views rename to away');
  await expect(addViews(redis, db)).rejects.toBeInstanceOf(Error);
  await view(posts[0]!, 3);
  await expect(addViews(redis, db)).rejects.toBeInstanceOf(Error);
  await database.pool.query('alter table away rename to post_views');
  expect(await addViews(redis, db)).toBe(4);
  expect(await addViews(redis, db)).toBe(3);
});

test('views of drafts and of posts that are gone are dropped, and hold up no others', async () => {
  const gone = (await publish(db, { postId: await draft() })).id;
  for (const postId of [await draft(), gone, 2_147_483_647, posts[2]!]) await view(postId, 2);
  await deletePost(db, { postId: gone });
  expect(await addViews(redis, db)).toBe(2);
  expect(await added()).toEqual({ [posts[2]!]: 2 });
  await expect(countView(redis, { postId: 0 })).rejects.toMatchObject({ code: 'invalid' });
});

test('batches are remembered for a day', async () => {
  await view(posts[0]!, 1);
  await addAll();
  await database.pool.query(`update view_batches set added_at = now() - interval '25 hours'`);
  await view(posts[0]!, 1);
  await addAll();
  expect((await database.pool.query(`select from view_batches`)).rowCount).toBe(1);
});
