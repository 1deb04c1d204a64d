import { setTimeout as pause } from 'node:timers/promises';
import { postDetail } from '@everwarm/blog';
import { createRandom, createRedis, type NodeProcess, type TestRedis, waitFor } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { atRate } from '../at-rate.ts';
import { limit } from '../compare.ts';
import { askAtRandom, postRequests } from '../read/ask.ts';
import { startApi, urlOf } from '../read/servers.ts';
import { writeTitles } from '../read/titles.ts';
import type { Bench, Result, Scenario } from '../scenario.ts';
import { seeded } from '../seed-blog.ts';
import { formatNumber } from '../table.ts';
import { createWarmBlog, type WarmBlog } from '../warm-blog.ts';
import { p99Within, type SteadyLoad, startSteadyLoad } from './steady-load.ts';

const connections = 50;
const leadMs = 2000;
/** Answers must have come from Redis, all of them, for so long before it is held to be back. */
const calmMs = 1000;
const writesPerSecond = 20;
/** No store has these: posts that do not exist, for which several ask at once instead of one request of so many, and posts that are evicted when Redis is full again. */
const absent = { oneOf: 50, posts: 50, atOnce: 8 } as const;
const evicted = 200;
/** Has the API count its queries at the source tables. */
const counting = { NODE_OPTIONS: `--import=${new URL('source-queries.mjs', import.meta.url).href}` };

/** What readers notice when Redis loses everything, and when it is away. */
export const rehydration: Scenario = {
  name: 'rehydration',
  what: 'Redis emptied, and stopped for some seconds under writes, while the API is asked at half the rate it has without Redis',
  async run(bench) {
    const server = await createRedis({ persistent: true, servers: bench.servers });
    const ownBench: Bench = { ...bench, servers: { ...bench.servers, redisUrl: server.url } };
    const redis = new Redis(server.url, { retryStrategy: () => 20 });
    redis.on('error', () => undefined);
    const processes: NodeProcess[] = [];
    let blog: WarmBlog | null = null;
    try {
      blog = await createWarmBlog(ownBench, redis);
      processes.push(await blog.startWorker());
      const api = await startApi(ownBench, blog, counting);
      processes.push(api);
      const parts: Parts = { bench, blog, server, redis, api, url: await urlOf(api) };
      const perSecond = Math.round((await rateWithoutRedis(parts)) / 2);
      return [...(await emptied(parts, perSecond)), ...(await stopped(parts, perSecond))];
    } finally {
      for (const child of processes) await child.stop();
      redis.disconnect();
      await blog?.database.drop();
      await server.stop();
    }
  },
};

type Parts = {
  readonly bench: Bench;
  readonly blog: WarmBlog;
  readonly server: TestRedis;
  readonly redis: Redis;
  readonly api: NodeProcess;
  readonly url: string;
};

const tierOf = async (url: string) => (await fetch(`${url}/posts/1`)).headers.get('everwarm-tier');

const untilTier = (url: string, tier: string) =>
  waitFor(async () => (await tierOf(url)) === tier, { what: `answers from ${tier}`, timeoutMs: 60_000 });

/** How many requests a second the API answers from the projection tables. */
async function rateWithoutRedis({ bench, server, url }: Parts): Promise<number> {
  await server.stop();
  await untilTier(url, 'postgres');
  const rate = await askAtRandom({ url, requests: postRequests(seeded.posts), connections, seconds: bench.seconds ?? 8 });
  await server.start();
  await untilTier(url, 'redis');
  bench.log(`  ${formatNumber(rate)} requests/s without Redis; asked for half of that from here on`);
  return rate;
}

/** Waits until nothing came from anywhere but Redis for a while. Returns when the last other answer was due. */
async function untilCalm({ answers }: SteadyLoad, since: number): Promise<number> {
  let last = since;
  let seen = 0;
  await waitFor(
    () => {
      for (; seen < answers.length; seen++) {
        const { due, tier } = answers[seen]!;
        if (tier !== null && tier !== 'redis') last = Math.max(last, due);
      }
      return (answers.at(-1)?.due ?? since) > last + calmMs;
    },
    { what: 'Redis to answer everything again', timeoutMs: 120_000 },
  );
  return last;
}

/** How many queries for one document the API had at the source tables at once at most. Rejects when it never had one: then nothing was measured. */
async function mostSourceQueries(api: NodeProcess): Promise<number> {
  await api.waitForLine(/^source queries of one key/);
  return Math.max(...Array.from(api.output().matchAll(/^source queries of one key at once: (\d+)$/gm), ([, most]) => Number(most)));
}

async function emptied({ bench, blog, server, redis, api, url }: Parts, perSecond: number): Promise<readonly Result[]> {
  const evicting = createEverwarm({ postgres: blog.database.url, redis: server.url, readModels: [postDetail] });
  const load = startSteadyLoad({ url, posts: seeded.posts, perSecond, connections, absent });
  try {
    await pause(leadMs);
    const at = performance.now();
    await redis.flushall();
    const whole = await untilCalm(load, at);
    await evicting.evictMany(
      postDetail,
      Array.from({ length: evicted }, (_, index) => index + 1),
    );
    await untilCalm(load, performance.now());
    await load.stop();
    const most = await mostSourceQueries(api);
    const documents = load.answers.filter(({ tier }) => tier !== null);
    const none = load.answers.filter(({ tier }) => tier === null);
    const p99 = p99Within(documents, [at, whole]);
    bench.log(
      `  emptied: full again after ${formatNumber(whole - at)} ms; p99 before it ${formatNumber(p99Within(documents, [0, at]))} ms, of absent posts meanwhile ${formatNumber(p99Within(none, [at, whole]))} ms`,
    );
    return [
      limit('rehydration', `p99 while Redis is filled again, at ${formatNumber(perSecond)} requests/s`, 'ms', p99, 100),
      limit('rehydration', 'most source queries of a key at once', 'queries', most, 1),
    ];
  } finally {
    await load.stop().catch(() => undefined);
    await evicting.stop();
  }
}

async function stopped({ bench, blog, server, url }: Parts, perSecond: number): Promise<readonly Result[]> {
  const pool = new Pool({ connectionString: blog.database.urlFor('bench load'), max: 8 });
  const titles = writeTitles({ pool, random: createRandom(1), posts: seeded.posts });
  const load = startSteadyLoad({ url, posts: seeded.posts, perSecond, connections, titles });
  let over = false;
  const writing = atRate(
    writesPerSecond,
    () => over,
    () => titles.write(),
  );
  writing.catch(() => undefined);
  try {
    await pause(leadMs);
    await server.stop();
    const away = performance.now();
    await untilTier(url, 'postgres');
    await pause((bench.seconds ?? 8) * 1000);
    await server.start();
    const returned = performance.now();
    await untilTier(url, 'redis');
    const back = performance.now() - returned;
    await untilCalm(load, returned);
    over = true;
    await writing;
    await load.stop();
    const meanwhile = load.answers.filter(({ due }) => due >= away && due <= returned);
    bench.log(
      `  stopped: p99 ${formatNumber(p99Within(load.answers, [away, returned]))} ms; tiers ${tiersOf(meanwhile.map(({ tier }) => tier))}`,
    );
    return [
      limit('rehydration', 'first answer from Redis after its return', 'ms', back, 2000),
      limit(
        'rehydration',
        'longest that a write was known and not shown without Redis',
        'ms',
        Math.max(...meanwhile.map(({ missedMs }) => missedMs)),
        2000,
      ),
    ];
  } finally {
    over = true;
    await load.stop().catch(() => undefined);
    await writing.catch(() => undefined);
    await pool.end();
  }
}

function tiersOf(tiers: readonly (string | null)[]): string {
  return [...new Set(tiers)].map((tier) => `${tier} ${tiers.filter((one) => one === tier).length}`).join(', ');
}
