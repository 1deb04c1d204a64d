import type { Generation } from '#contracts/compiled.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { checkEpoch, epochIn } from '#contracts/token.ts';
import type { Freshness } from './read-options.ts';
import type { ReadParts } from './read-parts.ts';
import type { Verdict } from './token-watch.ts';

/** Where a key is to be read from, and whether what is found there is known to lack something; null where nobody knows. */
export type Judged = { readonly from: 'stores' | 'sources'; readonly pending: boolean | null };

const stale: Judged = { from: 'stores', pending: true };
const fresh: Judged = { from: 'stores', pending: false };
const sources: Judged = { from: 'sources', pending: null };

/**
 * Where each of these keys must be read from to be as fresh as was asked, null for the order of a list; waits where that is worth it.
 * Throws E_TOKEN, E_STALE, and E_POSTGRES when Postgres does not answer and nothing that may be stale is wanted.
 */
export async function judge(
  parts: ReadParts,
  generation: Generation,
  keys: readonly (string | null)[],
  freshness: Freshness,
): Promise<readonly Judged[]> {
  const { commits, onTimeout } = freshness;
  const epoch = epochIn(parts.view.space);
  for (const commit of commits) checkEpoch(commit, epoch);
  try {
    const met = commits.length === 0 ? keys.map(() => null) : await awaitCommits(parts, generation, keys, freshness);
    return await notTooStale(parts, generation, keys, met, freshness);
  } catch (error) {
    const isAway = error instanceof EverwarmError && error.code === 'E_POSTGRES';
    // Nobody can say what it lacks, and it is wanted all the same.
    if (isAway && onTimeout === 'stale') return keys.map(() => ({ from: 'stores', pending: null }));
    throw error;
  }
}

async function awaitCommits(
  { view, tokens, stats }: ReadParts,
  generation: Generation,
  keys: readonly (string | null)[],
  { commits, timeoutMs, onTimeout }: Freshness,
): Promise<readonly Judged[]> {
  // Without Redis it is Postgres that answers; that something is also on its way there is nothing to wait for.
  const patient = view.trusted() || onTimeout !== 'source';
  if (!tokens.knows(generation.id, commits)) stats.wait(generation, 'redis');
  const verdicts = await tokens.wait(generation.id, keys, commits, { timeoutMs, patient, sure: onTimeout === 'source' });
  return verdicts.map((verdict, index) => judgedBy(verdict, generation, keys[index] ?? null, { timeoutMs, onTimeout }));
}

function judgedBy(
  verdict: Verdict,
  { name }: Generation,
  key: string | null,
  { timeoutMs, onTimeout }: Pick<Freshness, 'timeoutMs' | 'onTimeout'>,
): Judged {
  if (verdict === 'met') return fresh;
  if (verdict === 'apart' || (verdict === 'late' && onTimeout === 'source')) return sources;
  if (onTimeout === 'stale') return stale;
  const what = key === null ? `The order of ${name}` : `The document of ${name} for the key ${JSON.stringify(key)}`;
  throw new EverwarmError(
    'E_STALE',
    verdict === 'open'
      ? `${what} was asked for after a transaction that has not ended after ${timeoutMs} ms. Commit before the token is used.`
      : `${what} does not show what the token names after ${timeoutMs} ms. Wait longer, or let the sources answer.`,
    { context: { model: name, key, open: verdict === 'open' } },
  );
}

/** The same, but where the stores may be further behind than is wanted and Postgres owes the key something of that age. */
async function notTooStale(
  { staleness }: ReadParts,
  { id }: Generation,
  keys: readonly (string | null)[],
  met: readonly (Judged | null)[],
  { maxStalenessMs }: Freshness,
): Promise<readonly Judged[]> {
  const judged = met.map((one): Judged => one ?? { from: 'stores', pending: null });
  const asked = [...judged.keys()].filter((index) => judged[index]?.from === 'stores');
  if (maxStalenessMs === null || asked.length === 0) return judged;
  const owed = await staleness.owed(
    id,
    asked.map((index) => keys[index] ?? null),
    maxStalenessMs,
  );
  for (const [place, index] of asked.entries()) if (owed[place]) judged[index] = sources;
  return judged;
}
