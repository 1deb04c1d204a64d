import type { Generation } from '#contracts/compiled.ts';
import { lazyTerms } from '#contracts/lazy.ts';
import type { Transform } from '#contracts/transform.ts';
import { type StoredDocument, unwrittenVersion } from '#contracts/version.ts';
import type { RawDocument, ReadParts, Tier } from './read-parts.ts';

/** A document that was made and stored just now, and whether Redis was told of it; `document` null where there is none. */
export type Filled = { readonly document: RawDocument | null; readonly told: boolean };

/**
 * Makes the document of a lazy read model and stores it as a worker would. Undefined where that was not to be: somebody else is at it,
 * this role may not write, or the document cannot be made. Never rejects.
 */
export type Fill = (generation: Generation, key: string, transform: Transform | null) => Promise<Filled | undefined>;

type Aged = Pick<StoredDocument, 'version' | 'asOf'>;

/** Whether a document is so old that it is as if it were not there. What Redis keeps of a lazy model goes by itself at this age. */
export function isSpent({ lifecycle }: Generation, { version, asOf }: Aged): boolean {
  const terms = lazyTerms(lifecycle);
  return terms !== null && version !== unwrittenVersion && Date.now() - asOf >= terms.lastsMs;
}

/** Has a document made anew that a tier gives away although its time is over, by one process, while nobody waits for it. */
export function revalidate(
  parts: ReadParts,
  generation: Generation,
  key: string,
  { version, asOf }: Aged,
  transform: Transform | null,
  tier: Tier,
): void {
  const terms = lazyTerms(generation.lifecycle);
  if (terms === null || version === unwrittenVersion || Date.now() - asOf <= terms.freshMs) return;
  parts.stats.stale(generation, tier);
  void parts.lease.alone(generation, key, () => parts.fill(generation, key, transform));
}

/** The document of a lazy model, made, stored and given away; undefined where it was not stored, and for any other model. */
export async function fillLazy(
  { view, floors, stats, fill }: ReadParts,
  generation: Generation,
  key: string,
  transform: Transform | null,
): Promise<RawDocument | null | undefined> {
  // While Redis may hold something older that will be believed again, nothing is stored that it is not told of at once.
  if (lazyTerms(generation.lifecycle) === null || generation.state === 'building' || !view.trusted()) return undefined;
  const found = (filling: Filled | undefined) => (filling === undefined ? 0 : 1);
  const filled = await stats.asking(generation, 'source', fill(generation, key, transform), { keys: 1, found });
  if (filled?.document?.version && !filled.told) floors.raise(generation.id, key, filled.document.version);
  return filled?.document;
}
