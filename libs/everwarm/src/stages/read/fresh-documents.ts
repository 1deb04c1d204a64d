import type { Generation } from '#contracts/compiled.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { lifecycleKind } from '#contracts/lifecycle.ts';
import type { Transform } from '#contracts/transform.ts';
import { readDocuments } from './document-reader.ts';
import { judge } from './judge-freshness.ts';
import { nextFlight } from './next-flight.ts';
import type { Freshness } from './read-options.ts';
import type { RawDocument, ReadParts } from './read-parts.ts';
import { askSources } from './stored-documents.ts';
import { refuse, type Unmade } from './unmade.ts';

/**
 * Several documents by their keys' texts, in that order, each as fresh as was asked: from the usual stores where these have it, after a
 * wait where that is worth it, else from the sources. Throws E_TOKEN, E_STALE, and what reading without a wish throws.
 */
export async function readFreshDocuments(
  parts: ReadParts,
  generation: Generation,
  keys: readonly string[],
  freshness: Freshness,
  transform: Transform | null,
  unmade: Unmade = refuse,
): Promise<(RawDocument | null)[]> {
  if (keys.length === 0) return [];
  const judged = await judge(parts, generation, keys, freshness);
  const of = (where: 'stores' | 'sources') => [...new Set(keys.filter((_, index) => judged[index]?.from === where))];
  const found = new Map<string, RawDocument | null>();
  const take = (some: readonly string[], documents: readonly (RawDocument | null)[]) => {
    for (const [index, key] of some.entries()) found.set(key, documents[index] ?? null);
  };
  const stored = of('stores');
  take(stored, await readDocuments(parts, generation, stored, transform, unmade));
  // Of a lazy model it may be another reader's word that there is none, from before the change, which nobody had to take back.
  const doubted = lifecycleKind(generation.lifecycle) === 'lazy' ? stored.filter((key) => found.get(key) === null) : [];
  const derived = [...of('sources'), ...doubted];
  take(derived, await freshOrStale(parts, generation, derived, freshness, transform, unmade));
  return keys.map((key, index) => {
    const document = found.get(key) ?? null;
    const pending = judged[index]?.pending ?? null;
    if (document && pending) parts.stats.stale(generation, document.tier);
    // What Postgres said of the key is from before the document was read, so only what is known to be missing is told anew.
    return document && pending !== null ? { ...document, pending: document.pending || pending } : document;
  });
}

/** What the sources give; who takes what is stale is given that where the sources cannot make it. */
async function freshOrStale(
  parts: ReadParts,
  generation: Generation,
  keys: readonly string[],
  { onTimeout }: Freshness,
  transform: Transform | null,
  unmade: Unmade,
): Promise<(RawDocument | null)[]> {
  const ask = async () => {
    const found = new Map<string, RawDocument | null>();
    await askSources(parts, generation, keys, found, { transform, unmade });
    return keys.map((key) => found.get(key) ?? null);
  };
  const [key] = keys;
  try {
    if (key === undefined || keys.length > 1 || unmade !== refuse) return await ask();
    return [await nextFlight(parts.flights, `${generation.id}:${key}`, async () => (await ask())[0] ?? null)];
  } catch (error) {
    if (onTimeout !== 'stale' || !(error instanceof EverwarmError)) throw error;
    const stale = await readDocuments(parts, generation, keys, transform, unmade);
    return stale.map((document) => document && { ...document, pending: true });
  }
}
