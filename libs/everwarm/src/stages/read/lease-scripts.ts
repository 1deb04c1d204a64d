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

/** What a reader may write to Redis. */
export type LeaseCommands = {
  take(lease: string, token: string, ms: number, borrows: boolean): Promise<Buffer>;
  end(lease: string, document: string, token: string, left: LeftBehind): Promise<number>;
};

/** What the end of a lease leaves: the loan, empty for none, and what says that there is no document, or empty. */
type LeftBehind = { readonly loan: Buffer | string; readonly loanMs: number; readonly absent: string; readonly absentSeconds: number };

/**
 * The scripts of leases on a connection. They are sent as texts, which is little beside what a question to the sources costs: commands
 * that are defined on a connection are copied to each of its pipelines, and there is one for every page that is read.
 */
export function leaseCommands(redis: Redis): LeaseCommands {
  return {
    take: (lease, token, ms, borrows) => redis.callBuffer('EVAL', takeLease, 1, lease, token, ms, borrows ? '1' : '0') as Promise<Buffer>,
    end: (lease, document, token, { loan, loanMs, absent, absentSeconds }) =>
      redis.eval(endLease, 2, lease, document, token, loan, loanMs, absent, absentSeconds) as Promise<number>,
  };
}
