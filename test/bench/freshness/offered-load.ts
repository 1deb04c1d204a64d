import type { Random } from '@everwarm/testkit';
import type { Pool } from 'pg';
import { percentile } from '../rounds.ts';
import { seeded } from '../seed-blog.ts';
import type { Observer } from './observer.ts';

/** A load and what it is put on. */
export type OfferedLoad = {
  readonly pool: Pool;
  readonly observer: Observer;
  readonly random: Random;
  /** Writes per second. */
  readonly rate: number;
  readonly seconds: number;
};

/** What came of it. */
export type Offered = { readonly p50: number; readonly p99: number; readonly achieved: number };

/** A document that takes longer than this never comes: the run fails rather than leave it out of the figures. */
const patienceMs = 30_000;

let writes = 0;

/**
 * Offers single-row writes by schedule: whether or not earlier ones are through, at random intervals that average the rate
 * (a fixed interval would keep step with whoever polls at a multiple of it). Half of them add a comment, half edit a title.
 * The latency of a write counts from the moment its commit returned to the moment its text was readable in Redis.
 * Throws when a document never came.
 */
export async function offerLoad({ pool, observer, random, rate, seconds }: OfferedLoad): Promise<Offered> {
  const latencies: number[] = [];
  const running: Promise<void>[] = [];
  const start = performance.now();
  let last = start;
  const write = async () => {
    const text = `bench ${++writes}!`;
    const post = pickQuiet(random, observer);
    const readable = observer.readable(post, text);
    if (random.chance(0.5)) {
      await pool.query({
        name: 'add',
        text: `insert into comments (post_id, author_id, body, status) values ($1, 1, $2, 'approved')`,
        values: [post, `A remark of usual length, which also says that it is ${text}`],
      });
    } else {
      await pool.query({
        name: 'edit',
        text: 'update posts set title = $2, edited_at = now() where id = $1',
        values: [post, `Post ${text}`],
      });
    }
    last = performance.now();
    latencies.push((await readable) - last);
  };
  for await (const _due of schedule(start, rate, seconds, random)) running.push(write());
  await within(patienceMs, Promise.all(running), () => `${running.length - latencies.length} of ${running.length} writes`);
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), achieved: (running.length / (last - start)) * 1000 };
}

/** A post of which nothing is awaited, so that no write hides the one before it. */
function pickQuiet(random: Random, observer: Observer): number {
  for (;;) {
    const post = random.integer(1, seeded.posts);
    if (!observer.awaited(post)) return post;
  }
}

async function* schedule(start: number, rate: number, seconds: number, random: Random): AsyncGenerator<void> {
  const end = start + seconds * 1000;
  const gap = () => (-Math.log(1 - random.next()) / rate) * 1000;
  for (let due = start + gap(); due < end; due += gap()) {
    const wait = due - performance.now();
    if (wait > 0.5) await new Promise((resolve) => setTimeout(resolve, wait));
    yield;
  }
}

async function within(milliseconds: number, work: Promise<unknown>, missing: () => string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${missing()} were not readable in Redis ${milliseconds / 1000} s after the last of them was committed.`)),
      milliseconds,
    );
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
