import { Redis } from 'ioredis';
import type { Pool } from 'pg';

/** Posts that are written so seldom that each write can be waited for, and one that is watched for how often it is set. */
export type Canaries = {
  /** Writes to a post of which nothing is awaited, if there is one. */
  readonly write: () => Promise<void>;
  /** When the oldest write of those that no reader can see yet was committed (`performance.now()`), or null. */
  readonly oldest: () => number | null;
  /** How long those waited from their commit until readers could see them that were seen since this was asked last, in milliseconds. */
  readonly waits: () => readonly number[];
  /** How often the document of the hot post was set in Redis. */
  readonly hotSets: () => number;
  readonly stop: () => void;
};

/** Watches posts 1 to `count`, and the hot one, by Redis's keyspace events. Nobody else may write the first. */
export async function watchCanaries(redisUrl: string, pool: Pool, prefix: string, count: number, hot: number): Promise<Canaries> {
  const reader = new Redis(redisUrl);
  const subscriber = new Redis(redisUrl);
  const awaited = new Map<number, { readonly text: string; committed: number }>();
  let waits: number[] = [];
  let hotSets = 0;
  let written = 0;
  await reader.config('SET', 'notify-keyspace-events', 'K$');
  const channel = `__keyspace@0__:${prefix}`;
  const look = async (post: number) => {
    const canary = awaited.get(post);
    if (canary === undefined || !(await reader.getBuffer(prefix + post))?.includes(canary.text) || awaited.get(post) !== canary) return;
    awaited.delete(post);
    waits.push(Math.max(0, performance.now() - canary.committed));
  };
  subscriber.on('message', (name: string) => {
    const post = Number(name.slice(channel.length));
    if (post === hot) hotSets++;
    // A failed look leaves the canary awaited, and lag is held to be larger than it is: the run fails rather than flatter.
    else void look(post).catch(() => undefined);
  });
  await subscriber.subscribe(...Array.from({ length: count }, (_, index) => `${channel}${index + 1}`), `${channel}${hot}`);
  return {
    write: async () => {
      const post = Array.from({ length: count }, (_, index) => index + 1).find((candidate) => !awaited.has(candidate));
      if (post === undefined) return;
      const text = `canary ${++written}!`;
      awaited.set(post, { text, committed: Number.POSITIVE_INFINITY });
      await pool.query({ name: 'canary', text: 'update posts set title = $2 where id = $1', values: [post, text] });
      const mine = awaited.get(post);
      if (mine?.text === text) mine.committed = performance.now();
    },
    oldest: () => {
      const oldest = Math.min(...[...awaited.values()].map(({ committed }) => committed));
      return oldest === Number.POSITIVE_INFINITY ? null : oldest;
    },
    waits: () => {
      const told = waits;
      waits = [];
      return told;
    },
    hotSets: () => hotSets,
    stop: () => {
      reader.disconnect();
      subscriber.disconnect();
    },
  };
}
