import { durationMs } from '#contracts/duration.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { type Commit, decodeToken, type Token } from '#contracts/token.ts';

/** How fresh an answer must be, and what it is worth waiting for that. Without any of it: whatever is there, which is seldom older than some milliseconds. */
export type ReadOptions = {
  /** The answer shows these commits, and all that was committed before them; tokens come from `everwarm.token(tx)`. */
  readonly after?: Token | readonly Token[] | undefined;
  /** How long `after` is waited for. Default 1000. */
  readonly timeoutMs?: number | undefined;
  /** What is done then: ask the source tables (the default), give what there is, or throw E_STALE. */
  readonly onTimeout?: 'source' | 'stale' | 'error' | undefined;
  /** The answer shows at least what was committed that long ago, as milliseconds or as text: `'2s'`. What is older is asked of the source tables. */
  readonly maxStaleness?: string | number | undefined;
};

/** The same, checked. */
export type Freshness = {
  readonly commits: readonly Commit[];
  readonly timeoutMs: number;
  readonly onTimeout: 'source' | 'stale' | 'error';
  readonly maxStalenessMs: number | null;
};

/** Each is looked for at every look: one read has seen no more commits than it can name one by one. */
const mostTokens = 16;

const defaultTimeoutMs = 1000;

/** A timer that is set for longer ends at once. */
const longestTimerMs = 2 ** 31 - 1;

/** What is left for a second question, and no less than one look takes. */
const leastMs = 100;

/** The same wish for the second part of a read that began then: both parts together keep to the time. */
export function withinRest(freshness: Freshness, startedAt: number): Freshness {
  const { timeoutMs } = freshness;
  return { ...freshness, timeoutMs: Math.max(timeoutMs - (performance.now() - startedAt), Math.min(timeoutMs, leastMs)) };
}

/** What options ask of an answer; null where that is nothing. Throws E_TOKEN, E_CONFIG, and asks nobody. */
export function freshnessOf(options: ReadOptions | undefined): Freshness | null {
  const { after, timeoutMs = defaultTimeoutMs, onTimeout = 'source', maxStaleness } = options ?? {};
  const tokens = after === undefined ? [] : typeof after === 'string' ? [after] : after;
  if (tokens.length === 0 && maxStaleness === undefined) return null;
  if (tokens.length > mostTokens)
    throw new EverwarmError(
      'E_TOKEN',
      `A read was given ${tokens.length} tokens; it takes at most ${mostTokens}. Of commits made one after the other, the last one is enough.`,
    );
  if (!['source', 'stale', 'error'].includes(onTimeout))
    throw new EverwarmError('E_CONFIG', `onTimeout is ${JSON.stringify(onTimeout)}. It is 'source', 'stale' or 'error'.`);
  return {
    commits: tokens.map(decodeToken),
    timeoutMs: Math.min(durationMs(timeoutMs, 'timeoutMs'), longestTimerMs),
    onTimeout,
    maxStalenessMs: maxStaleness === undefined ? null : durationMs(maxStaleness, 'maxStaleness'),
  };
}
