import { createRandom } from '@everwarm/testkit';
import { atRate } from '../at-rate.ts';
import { openGetter } from '../http-get.ts';
import type { Titles } from '../read/titles.ts';
import { percentile } from '../rounds.ts';

/** One answer: when it was due, how long after that it came (milliseconds), from where, and for how long something it lacks was known. */
export type Answer = {
  readonly due: number;
  readonly tookMs: number;
  readonly tier: string;
  readonly post: number;
  readonly missedMs: number;
};

/** Readers that ask by schedule, however slow the answers are. */
export type SteadyLoad = {
  /** All answers so far, in the order in which they came. */
  readonly answers: readonly Answer[];
  /** Stops it. Rejects when a request failed or had no document for an answer. */
  stop(): Promise<void>;
};

/** What is asked. `titles` says what answers lack, if anything is written. */
export type LoadParts = {
  readonly url: string;
  readonly posts: number;
  readonly perSecond: number;
  readonly connections: number;
  readonly titles?: Titles;
};

/** Begins to ask for random posts. The caller must stop it. */
export function startSteadyLoad({ url, posts, perSecond, connections, titles }: LoadParts): SteadyLoad {
  const getter = openGetter(url, connections);
  const random = createRandom(perSecond);
  const answers: Answer[] = [];
  let stopping = false;
  const asking = atRate(
    perSecond,
    () => stopping,
    async (due) => {
      const post = random.integer(1, posts);
      const askedAt = performance.now();
      const { status, headers, body } = await getter.get(`/posts/${post}`);
      if (status !== 200 || !body.startsWith(`{"id":${post},`))
        throw new Error(`Post ${post} was answered with ${status}: ${body.slice(0, 200)}`);
      const missedMs = titles?.missed(post, body, askedAt) ?? 0;
      answers.push({ due, tookMs: performance.now() - due, tier: String(headers['everwarm-tier']), post, missedMs });
    },
  );
  // Heard by whoever stops it.
  asking.catch(() => undefined);
  return {
    answers,
    stop: async () => {
      stopping = true;
      await asking.finally(() => getter.close());
    },
  };
}

/** The 99th percentile of how long answers took that were due within a time. */
export function p99Within(answers: readonly Answer[], [from, to]: readonly [number, number]): number {
  return percentile(
    answers.filter(({ due }) => due >= from && due <= to).map(({ tookMs }) => tookMs),
    0.99,
  );
}

/** At most so many answers of one post that the sources gave were under way at a time: no fewer than the queries that gave them. */
export function mostFromSources(answers: readonly Answer[]): number {
  const derived = answers.filter(({ tier }) => tier === 'source');
  const overlaps = derived.map(
    (one) => derived.filter(({ post, due, tookMs }) => post === one.post && due <= one.due && due + tookMs > one.due).length,
  );
  return Math.max(0, ...overlaps);
}
