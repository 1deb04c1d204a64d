import { createRandom, type TestDatabase } from '@everwarm/testkit';
import { Pool } from 'pg';
import { atRate } from '../at-rate.ts';
import { compare } from '../compare.ts';
import { openGetter } from '../http-get.ts';
import { inTurns, type Measures } from '../rounds.ts';
import type { Bench, Result } from '../scenario.ts';
import { createBlogDatabase } from '../seed-blog.ts';
import { startProcess, stopProcess } from '../start-process.ts';
import { formatNumber } from '../table.ts';
import type { WarmBlog } from '../warm-blog.ts';
import { askAtRandom, postRequests } from './ask.ts';
import { openBento } from './bento.ts';
import { connections } from './question.ts';
import { memoryEnv, startApi, urlOf } from './servers.ts';
import { type Titles, writeTitles } from './titles.ts';

const writesPerSecond = 200;
const probesPerSecond = 400;
const warmUpSeconds = 3;
const ttl = '60s';
/** An answer that lacks a write committed so long before it was asked for is stale, whoever gives it. */
const staleAfterMs = 1000;

/** A server that answers while others write, with whatever it needs to hear of what they write. */
type Side = {
  readonly database: TestDatabase;
  /** Starts it. `stop` must end all of it. */
  readonly start: () => Promise<{ readonly url: string; readonly committed?: (post: number) => Promise<unknown>; stop(): Promise<void> }>;
};

/**
 * Reads under writes against bentocache, which is told of each write as its users tell it: by whoever writes, right after the commit.
 * Its database has no capture; Everwarm's worker runs. Both serve from memory what they may.
 */
export async function askUnderWrites(bench: Bench, blog: WarmBlog, posts: number): Promise<readonly Result[]> {
  const plain = await createBlogDatabase(bench.servers);
  try {
    bench.log(`  post detail under ${writesPerSecond} writes/s`);
    const sides = { everwarm: everwarmSide(bench, blog), bentocache: bentoSide(bench, plain) };
    const measured = await inTurns(
      bench.rounds,
      Object.entries(sides).map(([name, side]) => ({ name, measure: (round) => measure(bench, side, posts, round) })),
      (name, round, measures) => bench.log(`    round ${round}  ${name.padEnd(22)}  ${describe(measures)}`),
    );
    const row = (text: string, unit: string, better: Result['better'], name: string) =>
      compare({
        scenario: 'read',
        row: `post detail under ${writesPerSecond} writes/s: ${text}`,
        unit,
        better,
        measure: name,
        everwarm: measured.get('everwarm'),
        against: `bentocache, ttl ${ttl}`,
        other: measured.get('bentocache'),
      });
    return [
      row('rate', 'requests/s', 'higher', 'requests'),
      row(`stale by over ${staleAfterMs} ms`, 'of a million', 'lower', 'stale'),
      row('longest known to the database and not shown', 'ms', 'lower', 'longest'),
    ];
  } finally {
    await plain.drop();
  }
}

function everwarmSide(bench: Bench, blog: WarmBlog): Side {
  return {
    database: blog.database,
    start: async () => {
      const worker = await blog.startWorker();
      const api = await startApi(bench, blog, memoryEnv).catch(async (error: unknown) => {
        await worker.stop();
        throw error;
      });
      return {
        url: await urlOf(api),
        stop: async () => {
          await api.stop();
          await stopProcess(worker);
        },
      };
    },
  };
}

function bentoSide({ servers }: Bench, database: TestDatabase): Side {
  return {
    database,
    start: async () => {
      const env = { DATABASE_URL: database.url, REDIS_URL: servers.redisUrl, BENTO_TTL: ttl, BENTO_AS_THEY_ARE: 'no' };
      const server = await startProcess('test/bench/processes/bento.ts', { env });
      const writers = openBento(servers.redisUrl, ttl, { asTheyAre: false });
      return {
        url: await urlOf(server),
        committed: (post) => writers.delete({ key: String(post) }),
        stop: async () => {
          await writers.disconnect();
          await server.stop();
        },
      };
    },
  };
}

async function measure({ seconds = 8 }: Bench, side: Side, posts: number, round: number): Promise<Measures> {
  const random = createRandom(round);
  const pool = new Pool({ connectionString: side.database.urlFor('bench load'), max: 8 });
  const server = await side.start();
  try {
    const titles = writeTitles({ pool, random, posts, ...(server.committed && { committed: server.committed }) });
    const asked = { url: server.url, requests: postRequests(posts), connections };
    const end = performance.now() + (warmUpSeconds + seconds) * 1000;
    const isOver = () => performance.now() >= end;
    const writing = heard(atRate(writesPerSecond, isOver, () => titles.write()));
    await askAtRandom({ ...asked, seconds: warmUpSeconds });
    const probing = heard(probe(server.url, posts, titles, isOver));
    const requests = await askAtRandom({ ...asked, seconds });
    await writing;
    return { requests, ...(await probing) };
  } finally {
    await pool.end();
    await server.stop();
  }
}

/** Asks for random posts beside the load, and counts what their answers lack. */
async function probe(url: string, posts: number, titles: Titles, isOver: () => boolean): Promise<{ stale: number; longest: number }> {
  const random = createRandom(posts);
  const getter = openGetter(url, 8);
  const missed: number[] = [];
  try {
    await atRate(probesPerSecond, isOver, async () => {
      const post = random.integer(1, posts);
      const askedAt = performance.now();
      const { status, body } = await getter.get(`/posts/${post}`);
      if (status !== 200) throw new Error(`${url}/posts/${post} was answered with ${status}.`);
      missed.push(titles.missed(post, body, askedAt));
    });
  } finally {
    getter.close();
  }
  const stale = missed.filter((ms) => ms > staleAfterMs).length;
  return { stale: (stale / missed.length) * 1e6, longest: Math.max(...missed) };
}

/** A promise that is awaited later: until then its failure is no unhandled one. */
function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function describe({ requests = 0, stale = 0, longest = 0 }: Measures): string {
  return `${formatNumber(requests)} requests/s   ${formatNumber(stale)} of a million stale   the longest by ${formatNumber(longest)} ms`;
}
