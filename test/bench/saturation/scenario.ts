import { postDetail } from '@everwarm/blog';
import { createRandom, type NodeProcess } from '@everwarm/testkit';
import { createEverwarm, type Everwarm } from 'everwarm';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { askAtRandom, postRequests } from '../read/ask.ts';
import { barePrefix, copyBareDocuments, startApi, urlOf } from '../read/servers.ts';
import { buildNaively } from '../recompute/naive.ts';
import { median } from '../rounds.ts';
import type { Bench, Result, Scenario } from '../scenario.ts';
import { createBlogDatabase } from '../seed-blog.ts';
import { startProcess, stopProcess } from '../start-process.ts';
import { formatNumber } from '../table.ts';
import { createWarmBlog, type WarmBlog } from '../warm-blog.ts';
import { watchCanaries } from './canaries.ts';
import { type Waits, waitsBehindOpenWriter } from './open-writer.ts';
import { statusBehindOpenWriter } from './pending-status.ts';
import { watch } from './watch.ts';
import { rewrite, writeAgain, writePosts } from './write-load.ts';

const wholeSeconds = 180;
const hotWrites = 10_000;
const pendingKeys = 1_000_000;
const openSeconds = 300;
/** Posts 1 to 20 are canaries, the next one is hot, the others are written at random. */
const canaryCount = 20;
const hotPost = 21;
const readPosts = 1000;
const readSeconds = 4;
const naivePosts = 5000;

/** What happens when more is written than can be projected: nothing grows, lag says so, reads go on, and all of it is worked off. */
export const saturation: Scenario = {
  name: 'saturation',
  what: `${wholeSeconds} s of writes at twice what the projector takes, then none: memory, lag, reads, drain, a hot key; a writer open for five minutes; 1,000,000 pending keys`,
  async run(bench) {
    const seconds = bench.seconds ?? wholeSeconds;
    // A short run is for seeing that it runs: it has less of everything.
    const share = Math.min(1, seconds / wholeSeconds);
    const posts = share < 1 ? 3000 : 20_000;
    const redis = new Redis(bench.servers.redisUrl);
    const blog = await createWarmBlog(bench, redis, { posts });
    const servers: NodeProcess[] = [];
    const everwarm = createEverwarm({ postgres: blog.database.url, redis: bench.servers.redisUrl, readModels: [postDetail] });
    try {
      const worker = await blog.startWorker();
      servers.push(worker);
      const reads = await startReaders(bench, blog, redis, servers);
      const capacity = await measureCapacity(everwarm, blog, posts);
      bench.log(`  the projector takes ${formatNumber(capacity)} documents/s`);
      const load = await saturate({ bench, blog, everwarm, worker, reads, perSecond: 2 * capacity, seconds, posts, share });
      const waits = await measureOpenWriter({ bench, blog, everwarm, posts, perSecond: capacity / 4, seconds: openSeconds * share });
      const pending = Math.round(pendingKeys * share);
      const statusMs = await statusBehindOpenWriter(bench, blog.database, pending);
      await stopProcess(worker);
      const naive = await naiveRate(bench, Math.round(naivePosts * Math.max(share, 0.1)));
      return resultsOf({ ...load, naive, waits, openSeconds: openSeconds * share, statusMs, pending, seconds });
    } finally {
      for (const server of servers) await server.stop();
      await everwarm.stop();
      redis.disconnect();
      await blog.database.drop();
    }
  },
};

type Readers = { readonly ours: string; readonly bare: string };

async function startReaders(bench: Bench, blog: WarmBlog, redis: Redis, servers: NodeProcess[]): Promise<Readers> {
  await copyBareDocuments(redis, blog.prefix, readPosts);
  const listening = (server: NodeProcess) => {
    servers.push(server);
    return urlOf(server);
  };
  const env = { REDIS_URL: bench.servers.redisUrl, BARE_PREFIX: barePrefix };
  return {
    ours: await listening(await startApi(bench, blog)),
    bare: await listening(await startProcess('test/bench/processes/bare-redis.ts', { env })),
  };
}

/** Documents a second when every post changed once. */
async function measureCapacity(everwarm: Everwarm, { database }: WarmBlog, posts: number): Promise<number> {
  await everwarm.settled({ timeoutMs: 120_000 });
  const start = performance.now();
  for (let first = 1; first <= posts; first += 500) {
    await rewrite(
      database.pool,
      Array.from({ length: Math.min(500, posts - first + 1) }, (_, index) => first + index),
    );
  }
  await everwarm.settled({ timeoutMs: 300_000 });
  return posts / ((performance.now() - start) / 1000);
}

type Saturated = {
  readonly bench: Bench;
  readonly blog: WarmBlog;
  readonly everwarm: Everwarm;
  readonly worker: NodeProcess;
  readonly reads: Readers;
  readonly perSecond: number;
  readonly seconds: number;
  readonly posts: number;
  readonly share: number;
};

async function saturate({ bench, blog, everwarm, worker, reads, perSecond, seconds, posts, share }: Saturated) {
  const pool = new Pool({ connectionString: blog.database.urlFor('bench load'), max: 10 });
  const canaries = await watchCanaries(bench.servers.redisUrl, pool, blog.prefix, canaryCount, hotPost);
  const finish = watch(everwarm, worker.pid, canaries);
  const hot = Math.round(hotWrites * share);
  const start = performance.now();
  try {
    const rates: { ours: number[]; bare: number[] } = { ours: [], bare: [] };
    const reading = readInTurns(reads, seconds, rates);
    const [changes] = await Promise.all([
      writePosts({ pool, random: createRandom(1), posts: [hotPost + 1, posts], perSecond, seconds }),
      writeAgain(pool, hotPost, hot, seconds * 0.8),
      reading,
    ]);
    const written = performance.now();
    await everwarm.settled({ timeoutMs: 600_000 });
    const drained = performance.now();
    const seen = await finish();
    // The last canaries are through with everything else.
    const { differing } = await everwarm.verify(postDetail);
    if (differing > 0) throw new Error(`${differing} documents differ from their rows when all was settled.`);
    bench.log(
      `  ${formatNumber(changes / ((written - start) / 1000))} changes/s written; lag up to ${formatNumber(seen.longestLagMs / 1000)} s, held against ${seen.compared} canaries; status up to ${formatNumber(seen.slowestStatusMs)} ms`,
    );
    return {
      ...seen,
      hot,
      hotSets: canaries.hotSets(),
      sustained: (changes + hot) / ((drained - start) / 1000),
      drainSeconds: (drained - written) / 1000,
      ours: median(rates.ours),
      bare: median(rates.bare),
    };
  } finally {
    await finish().catch(() => undefined);
    canaries.stop();
    await pool.end();
  }
}

type Loaded = Pick<Saturated, 'bench' | 'blog' | 'everwarm' | 'posts' | 'perSecond' | 'seconds'>;

/** A quarter of what the projector takes: so much that both outboxes and the ledger are never empty, and so little that Postgres keeps up with tables that it cannot vacuum. */
async function measureOpenWriter({ bench, blog, everwarm, posts, perSecond, seconds }: Loaded): Promise<Waits> {
  const pool = new Pool({ connectionString: blog.database.urlFor('bench load'), max: 10 });
  const canaries = await watchCanaries(bench.servers.redisUrl, pool, blog.prefix, canaryCount, hotPost);
  try {
    const load = { random: createRandom(2), posts: [hotPost + 1, posts], perSecond, seconds } as const;
    return await waitsBehindOpenWriter({ pool, everwarm, canaries, ...load });
  } finally {
    canaries.stop();
    await pool.end();
  }
}

/** Asks both servers, one after the other, as long as writes come; both have at least one turn. */
async function readInTurns({ ours, bare }: Readers, seconds: number, rates: { ours: number[]; bare: number[] }): Promise<void> {
  const end = performance.now() + seconds * 1000;
  const requests = postRequests(readPosts);
  const ask = (url: string) => askAtRandom({ url, requests, connections: 20, seconds: readSeconds });
  do {
    rates.ours.push(await ask(ours));
    rates.bare.push(await ask(bare));
  } while (performance.now() < end - 2 * readSeconds * 1000);
}

async function naiveRate(bench: Bench, posts: number): Promise<number> {
  const database = await createBlogDatabase(bench.servers);
  try {
    return await buildNaively(bench.servers, database, Math.min(posts, 3000));
  } finally {
    await database.drop();
  }
}

type Figures = Awaited<ReturnType<typeof saturate>> & {
  readonly naive: number;
  readonly waits: Waits;
  readonly openSeconds: number;
  readonly statusMs: number;
  readonly pending: number;
  readonly seconds: number;
};

function resultsOf(figures: Figures): readonly Result[] {
  const { seconds, hot, pending, waits, openSeconds: open } = figures;
  const row = (
    text: string,
    unit: string,
    [everwarm, against, other]: readonly [number, string, number],
    better: Result['better'],
  ): Result => ({ scenario: 'saturation', row: text, unit, everwarm, against, other, ratio: everwarm / other, better, rounds: 1 });
  return [
    row('sustained, drain included', 'changes/s', [figures.sustained, 'naive projector', figures.naive], 'higher'),
    row('reads meanwhile, 20 connections', 'requests/s', [figures.ours, 'bare Redis route', figures.bare], 'higher'),
    row(`recomputes of a key written ${hot} times`, 'recomputes', [figures.hotSets, 'writes', hot], 'lower'),
    row(`worked off after ${seconds} s of writes`, 's', [figures.drainSeconds, 'the load', seconds], 'lower'),
    row('most memory of the worker', 'MB', [figures.mostMemory, 'the limit', 300], 'lower'),
    row('least lag told', 'of the truth', [figures.leastLagShare, 'canaries', 1], 'higher'),
    row(`a write beside a load, p99, while a writer is open for ${open} s`, 'ms', [waits.behind, 'before it', waits.before], 'lower'),
    row(`status with ${pending} pending keys behind an open writer`, 'ms', [figures.statusMs, 'the limit', 50], 'lower'),
  ];
}
