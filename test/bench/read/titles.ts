import type { Random } from '@everwarm/testkit';
import type { Pool } from 'pg';

/** Writes titles that say which write they are of, so that an answer tells what it has not seen yet. */
export type Titles = {
  /** Edits the title of a random post of which no write is under way; resolves when that is committed. */
  readonly write: () => Promise<void>;
  /** How long before it was asked a write had been committed that this answer lacks, in milliseconds; 0 where it lacks none. */
  readonly missed: (post: number, answer: string, askedAt: number) => number;
};

/** What titles are written with: `committed` is called right after each commit, and waited for by `write`. */
export type TitleParts = {
  readonly pool: Pool;
  readonly random: Random;
  readonly posts: number;
  readonly committed?: (post: number) => Promise<unknown>;
};

/** Numbers of writes are of the whole process, so that what an earlier round wrote is older than all of this one. */
let writes = 0;

/** Begins to remember what is written. Moments are those of `performance.now()`. */
export function writeTitles({ pool, random, posts, committed = async () => undefined }: TitleParts): Titles {
  const history = new Map<number, { readonly write: number; readonly at: number }[]>();
  const underWay = new Set<number>();
  return {
    async write() {
      let post = random.integer(1, posts);
      while (underWay.has(post)) post = random.integer(1, posts);
      underWay.add(post);
      try {
        const write = ++writes;
        const values = [post, `Post ${post}, write ${write}`];
        await pool.query({ name: 'title', text: 'update posts set title = $2, edited_at = now() where id = $1', values });
        const at = performance.now();
        const known = history.get(post) ?? [];
        known.push({ write, at });
        history.set(post, known);
        await committed(post);
      } finally {
        underWay.delete(post);
      }
    },
    missed(post, answer, askedAt) {
      const shown = Number(/"title":"Post \d+, write (\d+)"/.exec(answer)?.[1] ?? 0);
      const first = history.get(post)?.find(({ write }) => write > shown);
      return first === undefined ? 0 : Math.max(0, askedAt - first.at);
    },
  };
}
