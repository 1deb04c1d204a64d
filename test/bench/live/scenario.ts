import type { NodeProcess } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { compare, limit } from '../compare.ts';
import { memoryOf } from '../memory-of.ts';
import { startApi, urlOf } from '../read/servers.ts';
import { inTurns, type Measures, median } from '../rounds.ts';
import type { Result, Scenario } from '../scenario.ts';
import { startProcess } from '../start-process.ts';
import { formatNumber } from '../table.ts';
import { createWarmBlog, type WarmBlog } from '../warm-blog.ts';
import { subscribe } from './subscribers.ts';

const count = 2000;
const changes = 10;
const toldWithinMs = 30_000;
const channel = 'bench:live';
const post = 1;

/** What it costs that many readers watch one document. */
export const live: Scenario = {
  name: 'live',
  what: `${count} subscribers of one post over server-sent events: their memory, their connections to Redis, and when the last is told`,
  async run(bench) {
    const redis = new Redis(bench.servers.redisUrl);
    const running: NodeProcess[] = [];
    let blog: WarmBlog | null = null;
    try {
      blog = await createWarmBlog(bench, redis);
      running.push(await blog.startWorker());
      const { database, prefix } = blog;
      const edit = async (text: string) => {
        await database.pool.query('update posts set title = $2 where id = $1', [post, text]);
        return performance.now();
      };
      const publish = async (text: string) => {
        const document = (await redis.get(prefix + post)) ?? '';
        await redis.publish(channel, document.slice(document.indexOf('{')).replace(/"title":"[^"]*"/, `"title":"${text}"`));
        return performance.now();
      };
      const env = { REDIS_URL: bench.servers.redisUrl, LIVE_CHANNEL: channel };
      const sides = {
        everwarm: { start: () => startApi(bench, { database }), path: `/posts/${post}/live`, change: edit },
        'bare streams': { start: () => startProcess('test/bench/processes/bare-live.ts', { env }), path: '/', change: publish },
      };
      const measured = await inTurns(
        bench.rounds,
        Object.entries(sides).map(([name, side]) => ({ name, measure: () => measure(redis, side) })),
        (name, round, measures) => bench.log(`  round ${round}  ${name.padEnd(12)}  ${describe(measures)}`),
      );
      return resultsOf(measured);
    } finally {
      for (const child of running) await child.stop();
      redis.disconnect();
      await blog?.database.drop();
    }
  },
};

type Side = {
  readonly start: () => Promise<NodeProcess>;
  readonly path: string;
  /** Changes the post; resolves with the moment at which that was done. */
  readonly change: (text: string) => Promise<number>;
};

/** The worker subscribes to nothing, so all subscriptions there are belong to the server. */
async function measure(redis: Redis, { start, path, change }: Side): Promise<Measures> {
  const server = await start();
  try {
    const url = (await urlOf(server)) + path;
    // One is there before memory is looked at: what the first of all costs is no subscriber's.
    const first = await subscribe(url, 1);
    const before = await memoryOf(server.pid);
    const subscribers = await subscribe(url, count);
    try {
      const memory = await memoryOf(server.pid);
      const delays: number[] = [];
      for (let number = 0; number < changes; number++) {
        const text = `Change ${performance.now()}`;
        const told = subscribers.all(text, toldWithinMs);
        told.catch(() => undefined);
        const at = await change(text);
        delays.push((await told) - at);
      }
      return { memory: memory - before, subscriptions: await subscriptions(redis), delay: median(delays) };
    } finally {
      subscribers.close();
      first.close();
    }
  } finally {
    await server.stop();
  }
}

/** How many connections to Redis subscribe to anything. */
async function subscriptions(redis: Redis): Promise<number> {
  const clients = String(await redis.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
  return clients.split('\n').filter((line) => line.trim() !== '').length;
}

function resultsOf(measured: ReadonlyMap<string, readonly Measures[]>): readonly Result[] {
  const [everwarm, other] = [measured.get('everwarm'), measured.get('bare streams')];
  const sides = { scenario: 'live', better: 'lower', against: 'bare streams', everwarm, other } as const;
  return [
    compare({ ...sides, row: `memory of ${count} idle subscribers`, unit: 'MB', measure: 'memory' }),
    compare({ ...sides, row: `a change until the last of ${count} is told`, unit: 'ms', measure: 'delay' }),
    limit(
      'live',
      `connections to Redis that subscribe for ${count} readers`,
      'connections',
      Math.max(...(everwarm ?? []).map((round) => round['subscriptions'] ?? 0)),
      1,
    ),
  ];
}

function describe({ memory = 0, subscriptions: count_ = 0, delay = 0 }: Measures): string {
  return `${formatNumber(memory)} MB   ${count_} subscribing   last told after ${formatNumber(delay)} ms`;
}
