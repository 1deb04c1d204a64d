import type { Generation } from '#contracts/compiled.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { documentKey, documentPrefix } from '#contracts/names.ts';
import type { Transform } from '#contracts/transform.ts';
import { decodeStored, type StoredDocument, unwrittenVersion } from '#contracts/version.ts';
import { isSpent, revalidate } from './lazy-reads.ts';
import type { RawDocument, ReadParts } from './read-parts.ts';
import { askForOne, askPostgres } from './stored-documents.ts';
import { refuse, type Unmade } from './unmade.ts';

/**
 * One document by its key's text: from Redis while it is trusted, else from the projection table, else (a key never projected, or a
 * generation still building) derived from the sources, by the model's transform if it has one. Null when there is no such document.
 * Never shows less than this process has shown before. Throws E_POSTGRES, E_OVERLOADED when it is for Postgres to answer and it does not, E_DOCUMENT or E_TRANSFORM when
 * no store has it and it cannot be made from what its rows say.
 */
export async function readDocument(
  parts: ReadParts,
  generation: Generation,
  key: string,
  transform: Transform | null = null,
): Promise<RawDocument | null> {
  const { view, getTogether, mostRead, stats, memory } = parts;
  const startedAt = stats.timed() ? performance.now() : 0;
  mostRead.count(generation.id, key);
  if (generation.state !== 'building' && view.trusted()) {
    const asking = memory?.ask(`${generation.id}:${key}`) ?? null;
    let shown: StoredDocument | null = null;
    try {
      const held = await getTogether(documentKey(view.space, generation.id, key));
      if (held && view.trusted()) {
        const stored = decodeStored(held);
        if (!isSpent(generation, stored) && mayShow(parts, generation, key, stored)) {
          stats.hit(generation, 'redis', startedAt);
          shown = stored;
          revalidate(parts, generation, key, stored, transform, 'redis');
          return fromRedis(stored);
        }
      }
      stats.miss(generation, 'redis');
    } catch (error) {
      stats.error(generation, 'redis');
      failed(parts, error);
    } finally {
      if (asking) memory?.settle(asking, shown);
    }
  }
  return shared(parts, generation, key, transform);
}

/**
 * Several documents by their keys' texts, in that order: one round trip to Redis, at most two to Postgres for what it lacks. `unmade`
 * hears of documents that no store has and that cannot be made; if it does not throw, they are null.
 */
export async function readDocuments(
  parts: ReadParts,
  generation: Generation,
  keys: readonly string[],
  transform: Transform | null = null,
  unmade: Unmade = refuse,
): Promise<(RawDocument | null)[]> {
  if (keys.length === 0) return [];
  const found: (RawDocument | null | undefined)[] = [];
  const { view, redis, stats, memory } = parts;
  const startedAt = performance.now();
  if (generation.state !== 'building' && view.trusted()) {
    const askings = memory === null ? [] : keys.map((key) => memory.ask(`${generation.id}:${key}`));
    const shown: (StoredDocument | null)[] = [];
    try {
      const prefix = documentPrefix(view.space, generation.id);
      const held = await redis.mgetBuffer(keys.map((key) => prefix + key));
      // What came in one answer may be given away together, or not at all.
      const trusted = view.trusted();
      let hits = 0;
      for (let index = 0; trusted && index < keys.length; index++) {
        const key = keys[index]!;
        const value = held[index];
        if (!value) continue;
        const stored = decodeStored(value);
        if (isSpent(generation, stored) || !mayShow(parts, generation, key, stored)) continue;
        if (memory !== null) shown[index] = stored;
        revalidate(parts, generation, key, stored, transform, 'redis');
        found[index] = fromRedis(stored);
        hits++;
      }
      stats.hit(generation, 'redis', startedAt, hits);
      stats.miss(generation, 'redis', keys.length - hits);
    } catch (error) {
      stats.error(generation, 'redis');
      failed(parts, error);
    } finally {
      for (const [index, asking] of askings.entries()) if (asking) memory?.settle(asking, shown[index] ?? null);
    }
  }
  const missing = [...new Set(keys.filter((_, index) => found[index] === undefined))];
  if (missing.length === 0) return found as (RawDocument | null)[];
  const asked = await askPostgres(parts, generation, missing, transform, unmade);
  const answers = new Map(missing.map((key, index) => [key, asked[index] ?? null]));
  return keys.map((key, index) => {
    const held = found[index];
    return held === undefined ? (answers.get(key) ?? null) : held;
  });
}

/**
 * What to do when Redis fails a read: Postgres answers this one, and the next ones without asking Redis first, unless Redis did
 * answer, with an error about this key alone. A value that Everwarm never wrote is somebody's mistake and says so.
 */
export function failed({ view }: ReadParts, error: unknown): void {
  if (error instanceof EverwarmError) throw error;
  if (!(error instanceof Error && error.name === 'ReplyError')) view.distrust();
}

/** Whether what Redis holds of a key is an answer, and not below what was shown of it. */
export function mayShow(
  { floors, flights, lease }: ReadParts,
  { id }: Generation,
  key: string,
  { version, evicted }: Pick<StoredDocument, 'version' | 'evicted'>,
): boolean {
  if (evicted || (version === unwrittenVersion && lease.own.refusesAbsence(id, key))) return false;
  if (!floors.none) {
    const floor = floors.of(id, key);
    if (floor !== null && version < floor) return false;
    if (floor !== null && !flights.has(`${id}:${key}`)) floors.drop(id, key);
  }
  // A question to Postgres that began earlier may be answered with less than this: whoever joins it shall not be shown that.
  if (flights.size !== 0 && flights.has(`${id}:${key}`)) floors.raise(id, key, version);
  return true;
}

function fromRedis({ body, version, asOf }: StoredDocument): RawDocument | null {
  return body && { body, version, asOf, tier: 'redis', pending: null };
}

/** What Redis does not answer. Readers of one key in this process share one answer while it is under way: a cold key costs one query. */
function shared(parts: ReadParts, generation: Generation, key: string, transform: Transform | null): Promise<RawDocument | null> {
  const name = `${generation.id}:${key}`;
  const known = parts.flights.get(name);
  if (known) {
    parts.stats.wait(generation, 'postgres');
    return known;
  }
  const flight = askForOne(parts, generation, key, transform).finally(() => parts.flights.delete(name));
  parts.flights.set(name, flight);
  return flight;
}
