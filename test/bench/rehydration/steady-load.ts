import { createRandom } from '@everwarm/testkit';
import { atRate } from '../at-rate.ts';
import { type Got, openGetter } from '../http-get.ts';
import type { Titles } from '../read/titles.ts';
import { percentile } from '../rounds.ts';

/**
 * One answer: when it was due, how long after that it came (milliseconds), from where, and for how long something it lacks was known.
 * Of a post that does not exist, which is no document, nobody says from where.
 */
export type Answer = {
  readonly due: number;
  readonly tookMs: number;
  readonly tier: string | null;
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

/** What is asked. `titles` says what answers lack, if anything is written; instead of one request of so many, several at once ask for one of `absent.posts` beyond the last. */
export type LoadParts = {
  readonly url: string;
  readonly posts: number;
  readonly perSecond: number;
  readonly connections: number;
  readonly titles?: Titles;
  readonly absent?: { readonly oneOf: number; readonly posts: number; readonly atOnce: number };
};

/** Begins to ask for random posts. The caller must stop it. */
export function startSteadyLoad({ url, posts, perSecond, connections, titles, absent }: LoadParts): SteadyLoad {
  const getter = openGetter(url, connections);
  const random = createRandom(perSecond);
  const answers: Answer[] = [];
  let stopping = false;
  const asking = atRate(
    perSecond,
    () => stopping,
    async (due) => {
      const isAbsent = absent !== undefined && random.chance(1 / absent.oneOf);
      const post = isAbsent ? posts + random.integer(1, absent.posts) : random.integer(1, posts);
      const askedAt = performance.now();
      const checked = (got: Got) => {
        if (isAbsent ? got.status === 404 : got.status === 200 && got.body.startsWith(`{"id":${post},`)) return got;
        throw new Error(`Post ${post} was answered with ${got.status}: ${got.body.slice(0, 200)}`);
      };
      const asked = Array.from({ length: isAbsent ? absent.atOnce : 1 }, () => getter.get(`/posts/${post}`));
      const [{ headers, body }] = (await Promise.all(asked.map((answer) => answer.then(checked)))) as [Got];
      const missedMs = isAbsent ? 0 : (titles?.missed(post, body, askedAt) ?? 0);
      const tier = isAbsent ? null : String(headers['everwarm-tier']);
      answers.push({ due, tookMs: performance.now() - due, tier, post, missedMs });
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
