import type { Redis } from 'ioredis';

/*
 * One key for each document that no store has and that somebody asks the sources for: first the lease, a token that begins with `L`,
 * then for a moment the loan, what the sources said, as a value of a document is written. Both go by themselves.
 */

/**
 * Takes the lease. KEYS[1] the key. ARGV[1] token, ARGV[2] milliseconds, ARGV[3] `1` where a loan will do.
 * Returns the loan, somebody else's token, or the caller's own: it is for the caller to ask the sources then.
 */
const takeLease = `
local held = redis.call('GET', KEYS[1])
if held and (ARGV[3] == '1' or string.sub(held, 1, 1) == 'L') then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]`;

/**
 * Ends a lease, by nobody but its holder: who took too long may have been overtaken by a change, or by a later lease. KEYS[1] the key,
 * KEYS[2] the document. ARGV[1] token, ARGV[2] the loan, empty for none, ARGV[3] its milliseconds, ARGV[4] what says for so many
 * seconds as ARGV[5] that there is no document, where Redis knows nothing of it, or empty.
 * Returns 1, or 0 when the lease was lost.
 */
const endLease = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
if ARGV[4] ~= '' then redis.call('SET', KEYS[2], ARGV[4], 'NX', 'EX', ARGV[5]) end
return 1`;

/** What a reader may write to Redis, as commands of a connection. */
export interface LeaseCommands {
  everwarmTakeLeaseBuffer(lease: string, token: string, ms: string, borrows: '0' | '1'): Promise<Buffer>;
  everwarmEndLease(
    lease: string,
    document: string,
    token: string,
    loan: Buffer | string,
    loanMs: string,
    absent: string,
    absentSeconds: string,
  ): Promise<number>;
}

/** Teaches a connection the scripts of leases. Idempotent. */
export function withLeaseCommands(redis: Redis): Redis & LeaseCommands {
  redis.defineCommand('everwarmTakeLease', { numberOfKeys: 1, lua: takeLease });
  redis.defineCommand('everwarmEndLease', { numberOfKeys: 2, lua: endLease });
  return redis as Redis & LeaseCommands;
}
