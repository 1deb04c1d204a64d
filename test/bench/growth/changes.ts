import { setTimeout as pause } from 'node:timers/promises';
import { createEverwarm, type Everwarm } from 'everwarm';
import type { Pool } from 'pg';
import { categoryCard, categoryPages, growthModels, page } from './read-models.ts';
import { categoryOf, postOf, renamedAuthor, sizes } from './seed-sizes.ts';

/** What the changes are made with. */
export type ChangeParts = { readonly pool: Pool; readonly everwarm: Everwarm };

/** Everwarm as whoever waits for it has it: no pipeline of its own. */
export const openObserver = (postgres: string, redis: string) => createEverwarm({ postgres, redis, readModels: growthModels });

let made = 0;

/** A document that is written more often than every 400 ms is recomputed for several writes together: that wait is not what is measured. */
const restMs = 450;

/** Milliseconds that one change takes, on average: each is made when the one before has rested. */
async function costOf(count: number, change: (done: number) => Promise<void>): Promise<number> {
  let cost = 0;
  for (let done = 0; done < count; done++) {
    await pause(restMs);
    const start = performance.now();
    await change(done);
    cost += performance.now() - start;
  }
  return cost / count;
}

/** Waits as a reader would who asks again and again. Throws after a minute. */
async function until(seen: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await seen())) {
    if (performance.now() > deadline) throw new Error('A change was not readable a minute after its commit.');
    await pause(1);
  }
}

/** Milliseconds per comment: `count` of them on one post, each its own transaction and awaited in the document before the next. */
export async function addComments({ pool, everwarm }: ChangeParts, index: number, count: number): Promise<number> {
  const post = postOf(index);
  return costOf(count, async () => {
    const text = `Remark ${++made}!`;
    await pool.query(`insert into comments (post_id, author_id, body, status) values ($1, 4, $2, 'approved')`, [post, text]);
    await until(async () => (await everwarm.reader.raw(page, post))?.body.includes(text) === true);
  });
}

/** Milliseconds per publication: `count` posts published in one category, each its own transaction, and awaited in list and count. */
export async function publishPosts({ pool, everwarm }: ChangeParts, index: number, count: number): Promise<number> {
  const category = categoryOf(index);
  const { rows } = await pool.query<{ id: number }>(
    `insert into posts (author_id, category_id, title, body, status) select 4, $1, 'Draft', 'Short.', 'draft' from generate_series(1, $2) returning id`,
    [category, count],
  );
  await everwarm.settled();
  let posts = (await everwarm.reader.get(categoryCard, category))?.postCount ?? 0;
  const cost = await costOf(rows.length, async (done) => {
    const id = rows[done]?.id;
    await pool.query(`update posts set status = 'published', published_at = clock_timestamp() where id = $1`, [id]);
    posts++;
    await until(async () => (await everwarm.reader.get(categoryCard, category))?.postCount === posts);
    await until(async () => (await everwarm.reader.list(categoryPages, category, { limit: 1 })).items[0]?.id === id);
  });
  // The category stays as large as it was.
  await pool.query('delete from posts where id = any($1)', [rows.map((row) => row.id)]);
  await everwarm.settled();
  return cost;
}

/** Milliseconds per document: one author renamed, and awaited in every document that shows the name. */
export async function renameAuthor({ pool, everwarm }: ChangeParts, index: number, count: number): Promise<number> {
  const cost = await costOf(count, async () => {
    await pool.query('update users set name = $2 where id = $1', [renamedAuthor(index), `Renamed ${++made}`]);
    await everwarm.settled();
  });
  return cost / (sizes.renames[index] ?? 1);
}
