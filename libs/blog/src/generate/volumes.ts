/** How many of each there are for so many posts. */
export type Volumes = { readonly posts: number; readonly users: number; readonly categories: number; readonly tags: number };

/** A community of this many posts: a member for every five, categories and tags that grow more slowly. */
export function volumesFor(posts: number): Volumes {
  return {
    posts,
    users: Math.max(20, Math.ceil(posts / 5)),
    categories: Math.min(60, Math.max(5, Math.ceil(Math.sqrt(posts) / 3))),
    tags: Math.min(2_000, Math.max(20, Math.ceil(Math.sqrt(posts) * 2))),
  };
}

/** No post has more comments or votes than this, however popular. */
const MOST = 5_000;

/**
 * How many of something (comments, votes) post `index` has when there are `mean` per post in all. Popularity is Zipf-distributed
 * over the posts: the post of rank r gets 1 / r of what the first gets. Ranks are scattered over the indexes, and rounding is by
 * chance, so that a long tail has a few rather than none. `luck` is in [0, 1).
 */
export function countFor(index: number, posts: number, mean: number, luck: number): number {
  const harmonic = Math.log(posts) + 0.5772;
  return Math.min(MOST, Math.floor((mean * posts) / Math.max(1, harmonic) / rankOf(index, posts) + luck));
}

/** A permutation of 1 to `posts`: multiplying by a number without common divisor visits every rank once. */
function rankOf(index: number, posts: number): number {
  let step = Math.max(1, Math.floor(posts * 0.618));
  while (gcd(step, posts) !== 1) step += 1;
  return ((index * step) % posts) + 1;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
