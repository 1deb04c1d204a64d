import type { Redis } from 'ioredis';
import { beginPage, fillPage, setCount, setEntry } from './page-scripts.ts';

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

/** Ends a rehydration. KEYS[1] its mark, KEYS[2] the mark of presence (the caller keeps both in one slot or one node). ARGV[1] token. */
const finishRehydration = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1])
return 1`;

/** The fenced writes as commands of a connection or a pipeline. */
export interface FencedCommands {
  everwarmSetDocument(key: string, version: string, value: Buffer | string, ttl: string): Promise<number>;
  everwarmSetEntry(
    page: string,
    entries: string,
    key: string,
    version: string,
    member: Buffer | string,
    keep: string,
    filled: string,
  ): Promise<number>;
  everwarmBeginPage(page: string, entries: string, era: string, afresh: string): Promise<string>;
  everwarmFillPage(
    page: string,
    entries: string,
    era: string,
    keep: string,
    depth: Buffer | string,
    floor: string,
    count: string,
    ...keysVersionsMembers: (Buffer | string)[]
  ): Promise<number>;
  everwarmSetCount(page: string, entries: string, count: string): Promise<number>;
  everwarmFinishRehydration(mark: string, presence: string, token: string): Promise<number>;
}

/** Teaches a connection the fenced writes. Idempotent. */
export function withFencedCommands(redis: Redis): Redis & FencedCommands {
  redis.defineCommand('everwarmSetDocument', { numberOfKeys: 1, lua: setDocument });
  redis.defineCommand('everwarmSetEntry', { numberOfKeys: 2, lua: setEntry });
  redis.defineCommand('everwarmBeginPage', { numberOfKeys: 2, lua: beginPage });
  redis.defineCommand('everwarmFillPage', { numberOfKeys: 2, lua: fillPage });
  redis.defineCommand('everwarmSetCount', { numberOfKeys: 2, lua: setCount });
  redis.defineCommand('everwarmFinishRehydration', { numberOfKeys: 2, lua: finishRehydration });
  return redis as Redis & FencedCommands;
}
