import { shardCount } from './names.ts';

/** The shard of a key: 32-bit FNV-1a (Fowler, Noll, Vo) of its UTF-16 units, modulo the number of shards. Writers of one shard take turns. */
export function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash >>> 0) % shardCount;
}
