import type { Redis } from 'ioredis';

/**
 * A page of a partition and what is known of the partition, all of one moment. KEYS[1] the sorted set, KEYS[2] the record of its entries,
 * both in one slot. ARGV[1] how many members, ARGV[2] `after` or `before` the member ARGV[3], or empty for the top. What follows are
 * fields of the record whose values are wanted too.
 * Returns nothing where the partition is not held, else depth, count and floor; the values; the members; and one on the other side.
 *
 * One command in place of a transaction of six, of which each costs a reader more than it costs Redis.
 */
const readPage = `
if not redis.call('ZSCORE', KEYS[1], '') then return false end
local facts = redis.call('HMGET', KEYS[2], 'depth', 'count', 'floor')
local held, other = {}, {}
if #ARGV > 3 then held = redis.call('HMGET', KEYS[2], unpack(ARGV, 4)) end
local beyond, from = '(' .. ARGV[3], '[' .. ARGV[3]
if ARGV[2] == 'before' then
  return { facts, held, redis.call('ZRANGE', KEYS[1], beyond, '(', 'BYLEX', 'REV', 'LIMIT', '0', ARGV[1]), redis.call('ZRANGE', KEYS[1], from, '+', 'BYLEX', 'LIMIT', '0', '1') }
end
if ARGV[2] == 'after' then other = redis.call('ZRANGE', KEYS[1], from, '(', 'BYLEX', 'REV', 'LIMIT', '0', '1') end
return { facts, held, redis.call('ZRANGE', KEYS[1], beyond, '+', 'BYLEX', 'LIMIT', '0', ARGV[1]), other }`;

/** Depth, count and floor of a partition's record, values of it, members of the page, and at most one on its other side. */
export type HeldPage = readonly [
  facts: readonly (Buffer | null)[],
  held: readonly (Buffer | null)[],
  found: readonly Buffer[],
  other: readonly Buffer[],
];

/** What reading pages adds to a connection. */
export interface PageCommands {
  everwarmReadPageBuffer(
    page: string,
    entries: string,
    members: number,
    side: 'after' | 'before' | '',
    member: Buffer | string,
    ...fields: string[]
  ): Promise<HeldPage | null>;
}

/** Teaches a connection the script of pages. */
export function withPageCommand(redis: Redis): Redis & PageCommands {
  redis.defineCommand('everwarmReadPage', { numberOfKeys: 2, lua: readPage, readOnly: true });
  return redis as Redis & PageCommands;
}
