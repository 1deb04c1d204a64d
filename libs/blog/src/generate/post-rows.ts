import type { CopyValue } from '../copy-text.ts';
import { phrase, prose } from './prose.ts';
import { type Random, randomOf } from './random.ts';
import { countFor, type Volumes } from './volumes.ts';

/** A generated post and what hangs on it. Authors, categories and tags are indexes into the community; comments know each other by index. */
export type GeneratedPost = {
  readonly index: number;
  readonly author: number;
  readonly category: number;
  readonly tags: readonly number[];
  readonly title: string;
  readonly body: string;
  readonly status: 'draft' | 'scheduled' | 'published';
  readonly at: Date;
  readonly scheduledFor: Date | null;
  readonly comments: readonly GeneratedComment[];
  readonly votes: readonly GeneratedVote[];
};

/** A comment; `parent` is the index of an earlier one of the same post. */
export type GeneratedComment = {
  readonly author: number;
  readonly parent: number | null;
  readonly body: string;
  readonly status: 'approved' | 'pending' | 'spam';
  readonly at: Date;
  readonly votes: readonly GeneratedVote[];
};

/** A vote; a null user is anonymous. */
export type GeneratedVote = { readonly user: number | null; readonly value: CopyValue; readonly at: Date };

const HOUR = 3_600_000;
const BEGIN = Date.UTC(2024, 0, 1);
const YEARS = 2 * 365 * 24 * HOUR;
/** Far enough to stay scheduled. */
const SCHEDULED = Date.UTC(2099, 0, 1);

/** Post `index` of a community: the same for the same seed and volumes. */
export function generatePost(seed: number, index: number, volumes: Volumes): GeneratedPost {
  const random = randomOf(seed, 'post', index);
  const at = new Date(Math.floor(BEGIN + ((index + random.unit()) / volumes.posts) * YEARS));
  const fate = random.unit();
  const status = fate < 0.03 ? 'draft' : fate < 0.05 ? 'scheduled' : 'published';
  const tags = new Set(Array.from({ length: 1 + random.below(4) }, () => random.rank(volumes.tags)));
  const post = {
    index,
    author: random.rank(volumes.users),
    category: random.rank(volumes.categories),
    tags: [...tags],
    title: phrase(random, 3 + random.below(7)),
    body: prose(random, 40 + random.below(260)),
    status,
    at,
    scheduledFor: status === 'scheduled' ? new Date(SCHEDULED) : null,
  } as const;
  if (status !== 'published') return { ...post, comments: [], votes: [] };
  return {
    ...post,
    comments: generateComments(random, countFor(index, volumes.posts, 6, random.unit()), at, volumes),
    votes: generateVotes(random, countFor(index, volumes.posts, 10, random.unit()), at, volumes),
  };
}

function generateComments(random: Random, count: number, since: Date, volumes: Volumes): GeneratedComment[] {
  return Array.from({ length: count }, (_, index) => {
    const at = new Date(since.getTime() + Math.floor((index + random.unit()) * 2 * HOUR) + 1_000);
    const fate = random.unit();
    return {
      author: random.rank(volumes.users),
      parent: index > 0 && random.unit() < 0.4 ? random.below(index) : null,
      body: prose(random, 3 + random.below(50)),
      status: fate < 0.9 ? 'approved' : fate < 0.96 ? 'pending' : 'spam',
      at,
      votes: random.unit() < 0.3 ? generateVotes(random, 1 + random.rank(8), at, volumes) : [],
    };
  });
}

/** Different members, from a random one on; when there are not enough of them the rest is anonymous. */
function generateVotes(random: Random, count: number, since: Date, volumes: Volumes): GeneratedVote[] {
  const first = random.below(volumes.users);
  return Array.from({ length: count }, (_, index) => ({
    user: index < volumes.users ? (first + index) % volumes.users : null,
    value: random.unit() < 0.85 ? 1 : -1,
    at: new Date(since.getTime() + Math.floor(random.unit() * 72 * HOUR)),
  }));
}
