import { shardCount } from './names.ts';

/** Neighbours among whole-number keys that share a shard, as a power of two: rows that were written together lie together. */
const neighbours = 4;

/**
 * The shard of a key: 32-bit FNV-1a (Fowler, Noll, Vo) of its UTF-16 units, modulo the number of shards. Writers of one shard take
 * turns. Of a whole number only what is above its last bits counts, so that a batch of few shards reads few pages.
 */
export function shardOf(key: string): number {
  const number = /^\d{1,15}$/.test(key) ? Math.floor(Number(key) / 2 ** neighbours) : null;
  const text = number === null ? key : String(number);
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0) % shardCount;
}
