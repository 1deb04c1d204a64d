import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '@everwarm/testkit';
import type { Pool } from 'pg';

/** A load of writes. */
export type WriteLoad = {
  readonly pool: Pool;
  readonly random: Random;
  /** Posts to write, from the first to the last. */
  readonly posts: readonly [first: number, last: number];
  /** Changed rows a second. */
  readonly perSecond: number;
  readonly seconds: number;
};

/** Rows that one transaction changes: so many writers at once as would take single rows are not to be had on one machine. */
const rowsPerWrite = 50;

/** Transactions that may be under way at once. What the database cannot take is left out, and told by the figure that comes back. */
const atOnce = 6;

let number = 0;

/** Changes the titles of random posts by schedule, whether or not the projector keeps up. Returns how many rows it changed. */
export async function writePosts({ pool, random, posts, perSecond, seconds }: WriteLoad): Promise<number> {
  const running = new Set<Promise<void>>();
  const start = performance.now();
  const total = Math.round((perSecond * seconds) / rowsPerWrite);
  let rows = 0;
  for (let write = 0; write < total; write++) {
    const due = start + (write * rowsPerWrite * 1000) / perSecond;
    if (performance.now() > start + seconds * 1000) break;
    if (due > performance.now()) await pause(due - performance.now());
    while (running.size >= atOnce) await Promise.race(running);
    const ids = Array.from({ length: rowsPerWrite }, () => random.integer(...posts));
    const one = rewrite(pool, ids).then((changed) => {
      rows += changed;
      running.delete(one);
    });
    running.add(one);
  }
  await Promise.all(running);
  return rows;
}

/** Changes the title of these posts in one transaction. Rows are taken in one order, so that two cannot deadlock. */
export async function rewrite(pool: Pool, ids: readonly number[]): Promise<number> {
  const { rowCount } = await pool.query({
    name: 'rewrite',
    text: `update posts p set title = 'Post ' || p.id || ', written ' || $2::text, edited_at = now()
from (select id from posts where id = any($1::integer[]) order by id for update) o where p.id = o.id`,
    values: [ids, ++number],
  });
  return rowCount ?? 0;
}

/** Writes one post so many times, each a transaction of its own, spread over some seconds or as fast as it goes. */
export async function writeAgain(pool: Pool, post: number, times: number, seconds: number): Promise<void> {
  const start = performance.now();
  for (let write = 0; write < times; write++) {
    const wait = start + (write / times) * seconds * 1000 - performance.now();
    if (wait > 1) await pause(wait);
    await pool.query({ name: 'again', text: 'update posts set title = $2 where id = $1', values: [post, `Hot ${write + 1}`] });
  }
}
