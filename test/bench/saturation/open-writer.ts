import { setTimeout as pause } from 'node:timers/promises';
import { postDetail } from '@everwarm/blog';
import type { Random } from '@everwarm/testkit';
import type { Everwarm } from 'everwarm';
import type { Pool } from 'pg';
import { percentile } from '../rounds.ts';
import type { Canaries } from './canaries.ts';
import { writePosts } from './write-load.ts';

/** What is measured on. Nobody else writes meanwhile. */
export type OpenWriterParts = {
  readonly pool: Pool;
  readonly everwarm: Everwarm;
  readonly canaries: Canaries;
  readonly random: Random;
  /** The load beside it: posts from the first to the last, and how many changed rows a second. */
  readonly posts: readonly [first: number, last: number];
  readonly perSecond: number;
  /** For how long the writer stays open. */
  readonly seconds: number;
};

/** The 99th percentile of how long single writes waited to be seen, in milliseconds. */
export type Waits = { readonly before: number; readonly behind: number };

const everyMs = 100;

/**
 * How long writes wait that are made beside a load, first without and then with a transaction that wrote and stays open. Throws when
 * something differs while it is open, when what it wrote shows before it has committed, or does not show after.
 */
export async function waitsBehindOpenWriter(parts: OpenWriterParts): Promise<Waits> {
  const { pool, everwarm, seconds } = parts;
  const before = await slowest(parts, seconds / 5);
  const writer = await pool.connect();
  try {
    await writer.query('begin');
    const { rows } = await writer.query<{ id: number }>(`insert into posts (author_id, category_id, title, body, status, published_at)
select author_id, category_id, 'Open', 'Open', 'published', now() from posts where id = 1 returning id`);
    const { id } = rows[0]!;
    const behind = await slowest(parts, seconds);
    await everwarm.settled({ timeoutMs: 600_000 });
    const { differing } = await everwarm.verify(postDetail);
    if (differing > 0) throw new Error(`${differing} documents differ from their rows behind an open writer.`);
    if ((await everwarm.reader.get(postDetail, id)) !== null) throw new Error(`Post ${id} shows before it is committed.`);
    await writer.query('commit');
    await everwarm.settled({ timeoutMs: 600_000 });
    if ((await everwarm.reader.raw(postDetail, id))?.tier !== 'redis') throw new Error(`Post ${id} is not in Redis after its commit.`);
    return { before, behind };
  } finally {
    writer.release(true);
  }
}

async function slowest({ pool, canaries, random, posts, perSecond }: OpenWriterParts, seconds: number): Promise<number> {
  canaries.waits();
  const loading = writePosts({ pool, random, posts, perSecond, seconds });
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    await canaries.write();
    await pause(everyMs);
  }
  await loading;
  return percentile(canaries.waits(), 0.99);
}
