import { randomUUID } from 'node:crypto';

/** What counting uses of a Redis client; one of ioredis fits. The caller opens and closes it. */
export interface ViewStore {
  eval(script: string, numberOfKeys: number, ...keysAndArguments: (string | number)[]): Promise<unknown>;
}

/** Views that were taken out of the counting together: how many of which post. */
export type ViewBatch = { readonly id: string; readonly views: ReadonlyMap<number, number> };

/*
 * Two hashes, of counts by post and an `id`: `waiting` takes views, `taken` is on its way to Postgres and does not change any more.
 * Both in one slot. The id is given when a hash begins to wait, not when it is taken: a Redis that restarts from a file in which the
 * hash still waits, though it was added since, brings it back under the id that Postgres knows.
 */
const waiting = 'blog:{views}:waiting';
const taken = 'blog:{views}:taken';

// #region count
/** KEYS[1] waiting. ARGV[1] a post, ARGV[2] the id that a new hash gets. */
const addScript = `
redis.call('HSETNX', KEYS[1], 'id', ARGV[2])
return redis.call('HINCRBY', KEYS[1], ARGV[1], 1)`;

/** Counts one view of a post in Redis. */
export async function addWaitingView(store: ViewStore, postId: number): Promise<void> {
  await store.eval(addScript, 1, waiting, postId, randomUUID());
}
// #endregion

/** KEYS[1] taken, KEYS[2] waiting. Returns what is taken, now or earlier; empty when nothing waits. */
const takeScript = `
if redis.call('EXISTS', KEYS[1]) == 0 and redis.call('EXISTS', KEYS[2]) == 1 then redis.call('RENAME', KEYS[2], KEYS[1]) end
return redis.call('HGETALL', KEYS[1])`;

/** KEYS[1] taken. ARGV[1] the id that it must have: another process may have dropped it and taken the next one. */
const dropScript = `
if redis.call('HGET', KEYS[1], 'id') == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

/** The batch that is to be added next: the one that was taken and not dropped yet, else all that waits; null when nothing does. Any number of processes may ask. */
export async function takeViews(store: ViewStore): Promise<ViewBatch | null> {
  const fields = (await store.eval(takeScript, 2, taken, waiting)) as readonly string[];
  let id: string | null = null;
  const views = new Map<number, number>();
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at] === 'id') id = fields[at + 1] ?? null;
    else views.set(Number(fields[at]), Number(fields[at + 1]));
  }
  return id === null ? null : { id, views };
}

/** Forgets a batch that is added. */
export async function dropViews(store: ViewStore, { id }: ViewBatch): Promise<void> {
  await store.eval(dropScript, 1, taken, id);
}
