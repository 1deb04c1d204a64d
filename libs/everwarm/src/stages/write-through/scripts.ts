import type { Redis } from 'ioredis';
import { unwrittenVersion } from '#contracts/version.ts';
import { beginPage, fillPage, setCount, setEntry } from './page-scripts.ts';

/*
 * Scripts touch one key, or the keys of one slot, so they run on Redis Cluster. Versions are compared as fixed-width text:
 * Lua's numbers lose order above 2^53. They are strings here, not files, since the package ships compiled JavaScript only.
 */

/**
 * Fenced set of a document, told of on the channel of changes: version, kind and, as the document's key goes on after what it has in
 * common with the channel, generation and key.
 * KEYS[1] the document. ARGV[1] version, ARGV[2] header and body, ARGV[3] seconds after which it may go, 0 for never (tombstones go),
 * or after `@` the millisecond since 1970 at which it goes,
 * ARGV[4] the channel.
 * Returns 1 when it was written, 0 when Redis holds this version or a newer one.
 *
 * It is told of first: a script that fails takes nothing back, and whoever repeats one that had written and then was refused the
 * channel would find the version held, and tell nobody. A change that is told and not written costs whoever hears it one look.
 */
const setDocument = `
local held = redis.call('GETRANGE', KEYS[1], 0, 23)
if held >= ARGV[1] then return 0 end
redis.call('PUBLISH', ARGV[4], string.sub(ARGV[2], 1, 25) .. string.sub(KEYS[1], #ARGV[4] - 6))
if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2])
elseif string.sub(ARGV[3], 1, 1) == '@' then redis.call('SET', KEYS[1], ARGV[2], 'PXAT', string.sub(ARGV[3], 2))
else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
return 1`;

/**
 * Forgets of a key of which Postgres holds nothing what readers lent each other (KEYS[2]), and what is older than that in KEYS[1]: a note
 * that there is no document goes, what was written once becomes the marker of an eviction. ARGV[1] a version drawn since, ARGV[2] the
 * channel of changes, on which this is told, whatever was held: memories may hold what has gone here by itself, and who watches has shown
 * something. ARGV[3] the marker, ARGV[4] seconds after which it may go.
 * Returns 1 when something was held, 0 when nothing was, or something newer.
 */
const forget = `
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('DEL', KEYS[2]) end
local held = redis.call('GETRANGE', KEYS[1], 0, 23)
if held >= ARGV[1] then return 0 end
redis.call('PUBLISH', ARGV[2], ARGV[1] .. 'e' .. string.sub(KEYS[1], #ARGV[2] - 6))
if held == '' then return 0 end
if held == '${unwrittenVersion}' then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4]) end
return 1`;

/** Takes away a document that nobody may read any more (KEYS[1]), unless it is newer than ARGV[1]. Returns 1 when there was one. */
const dropSpent = `
local held = redis.call('GETRANGE', KEYS[1], 0, 23)
if held == '' or held > ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/** Ends a rehydration. KEYS[1] its mark, KEYS[2] the mark of presence (the caller keeps both in one slot or one node). ARGV[1] token. */
const finishRehydration = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1])
return 1`;

/** The fenced writes as commands of a connection or a pipeline. */
export interface FencedCommands {
  everwarmSetDocument(key: string, version: string, value: Buffer | string, ttl: string, channel: string): Promise<number>;
  everwarmForget(key: string, lease: string, version: string, channel: string, marker: string, ttl: string): Promise<number>;
  everwarmDropSpent(key: string, version: string): Promise<number>;
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
  redis.defineCommand('everwarmForget', { numberOfKeys: 2, lua: forget });
  redis.defineCommand('everwarmDropSpent', { numberOfKeys: 1, lua: dropSpent });
  redis.defineCommand('everwarmSetEntry', { numberOfKeys: 2, lua: setEntry });
  redis.defineCommand('everwarmBeginPage', { numberOfKeys: 2, lua: beginPage });
  redis.defineCommand('everwarmFillPage', { numberOfKeys: 2, lua: fillPage });
  redis.defineCommand('everwarmSetCount', { numberOfKeys: 2, lua: setCount });
  redis.defineCommand('everwarmFinishRehydration', { numberOfKeys: 2, lua: finishRehydration });
  return redis as Redis & FencedCommands;
}
