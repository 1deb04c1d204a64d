import type { Redis } from 'ioredis';

/*
 * Scripts touch one key, or the keys of one slot, so they run on Redis Cluster. Versions are compared as fixed-width text:
 * Lua's numbers lose order above 2^53. They are strings here, not files, since the package ships compiled JavaScript only.
 */

/**
 * Fenced set of a document.
 * KEYS[1] the document. ARGV[1] version, ARGV[2] header and body, ARGV[3] seconds after which it may go, 0 for never (tombstones go).
 * Returns 1 when it was written, 0 when Redis holds this version or a newer one.
 */
const setDocument = `
local held = redis.call('GETRANGE', KEYS[1], 0, 23)
if held >= ARGV[1] then return 0 end
if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
return 1`;

/**
 * Fenced set of one list entry: its version stands beside its member, removed entries included, so that a late add cannot bring
 * back what moved away. KEYS[1] the page, KEYS[2] the entries. ARGV[1] item key, ARGV[2] version, ARGV[3] member, empty for removed.
 * Returns 1 when the page is whole (its sentinel, the empty member, is there), 0 when it must be loaded from Postgres.
 */
const setEntry = `
local field = 'k' .. ARGV[1]
local held = redis.call('HGET', KEYS[2], field)
if not held or string.sub(held, 1, 24) < ARGV[2] then
  local before = held and string.sub(held, 25) or ''
  if before ~= '' and before ~= ARGV[3] then redis.call('ZREM', KEYS[1], before) end
  if ARGV[3] ~= '' then redis.call('ZADD', KEYS[1], 0, ARGV[3]) end
  redis.call('HSET', KEYS[2], field, ARGV[2] .. ARGV[3])
end
return redis.call('ZSCORE', KEYS[1], '') and 1 or 0`;

/**
 * Ends the loading of a page. KEYS as above. ARGV[1] the token that the loading put under the empty field when it began: gone
 * when Redis was emptied meanwhile, another one when somebody else loads. Returns 1 when the page is now whole.
 */
const finishPage = `
if redis.call('HGET', KEYS[2], '') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[2], '')
redis.call('ZADD', KEYS[1], 0, '')
return 1`;

/** Ends a rehydration. KEYS[1] its mark, KEYS[2] the mark of presence (the caller keeps both in one slot or one node). ARGV[1] token. */
const finishRehydration = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1])
return 1`;

/** The fenced writes as commands of a connection or a pipeline. */
export interface FencedCommands {
  everwarmSetDocument(key: string, version: string, value: Buffer | string, ttl: string): Promise<number>;
  everwarmSetEntry(page: string, entries: string, key: string, version: string, member: Buffer | string): Promise<number>;
  everwarmFinishPage(page: string, entries: string, token: string): Promise<number>;
  everwarmFinishRehydration(mark: string, presence: string, token: string): Promise<number>;
}

/** Teaches a connection the fenced writes. Idempotent. */
export function withFencedCommands(redis: Redis): Redis & FencedCommands {
  redis.defineCommand('everwarmSetDocument', { numberOfKeys: 1, lua: setDocument });
  redis.defineCommand('everwarmSetEntry', { numberOfKeys: 2, lua: setEntry });
  redis.defineCommand('everwarmFinishPage', { numberOfKeys: 2, lua: finishPage });
  redis.defineCommand('everwarmFinishRehydration', { numberOfKeys: 2, lua: finishRehydration });
  return redis as Redis & FencedCommands;
}
