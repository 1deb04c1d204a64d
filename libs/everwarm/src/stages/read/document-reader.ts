import type { Redis } from 'ioredis';
import { type Generation, sourcesSql } from '#contracts/compiled.ts';
import type { Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { documentKey, type KeySpace, projectionTable } from '#contracts/names.ts';
import type { Transform } from '#contracts/transform.ts';
import { decodeStored } from '#contracts/version.ts';

/** Where an answer came from. */
export type Tier = 'redis' | 'postgres' | 'source';

/** A document's bytes and what they are worth. */
export type RawDocument = {
  /** The JSON text as UTF-8. */
  readonly body: Buffer;
  /** The fence's version; null when the answer was derived just now and is not stored. */
  readonly version: string | null;
  /** Milliseconds since 1970: the document shows the database at least as of then. */
  readonly asOf: number;
  readonly tier: Tier;
};

/** What reading works with. */
export type ReadParts = { readonly db: Transactions; readonly redis: Redis; readonly space: KeySpace };

/**
 * One document by its key's text: from Redis, else from the projection table, else (a key never projected, or a generation
 * still building) derived from the sources, by the model's transform if it has one. Null when there is no such document. When Redis fails, Postgres answers.
 */
export async function readDocument(
  parts: ReadParts,
  generation: Generation,
  key: string,
  transform: Transform | null = null,
): Promise<RawDocument | null> {
  if (generation.state !== 'building') {
    try {
      const held = await parts.redis.getBuffer(documentKey(parts.space, generation.id, key));
      if (held) return fromRedis(held);
    } catch (error) {
      // Redis is away: Postgres answers. A value that Everwarm never wrote is somebody's mistake and says so.
      if (error instanceof EverwarmError) throw error;
    }
  }
  return readBehindRedis(parts, generation, key, transform);
}

/** Several documents by their keys' texts, in that order: one round trip to Redis, one to Postgres for what it lacks. */
export async function readDocuments(
  parts: ReadParts,
  generation: Generation,
  keys: readonly string[],
  transform: Transform | null = null,
): Promise<(RawDocument | null)[]> {
  const found = new Map<string, RawDocument | null>();
  if (keys.length === 0) return [];
  if (generation.state !== 'building') {
    const held = await parts.redis
      .mgetBuffer(keys.map((key) => documentKey(parts.space, generation.id, key)))
      .catch(() => keys.map(() => null));
    for (const [index, key] of keys.entries()) {
      const value = held[index];
      if (value) found.set(key, fromRedis(value));
    }
    const missing = keys.filter((key) => !found.has(key));
    const stored = await readProjected(parts, generation, missing);
    for (const [index, key] of missing.entries()) {
      const document = stored[index];
      if (document !== undefined) found.set(key, document);
    }
  }
  for (const key of keys) if (!found.has(key)) found.set(key, await deriveDocument(parts, generation, key, transform));
  return keys.map((key) => found.get(key) ?? null);
}

function fromRedis(value: Buffer): RawDocument | null {
  const { body, version, asOf } = decodeStored(value);
  return body && { body, version, asOf, tier: 'redis' };
}

/** What the projection table says of each key: a document, null for a tombstone, undefined for a key it never had. */
async function readProjected(
  { db }: ReadParts,
  generation: Generation,
  keys: readonly string[],
): Promise<(RawDocument | null | undefined)[]> {
  if (keys.length === 0) return [];
  const { rows } = await db.query<{ key: string; doc: string | null; version: string; asOf: number }>(
    `select key, doc, version, extract(epoch from as_of)::float8 * 1000 as "asOf" from everwarm.${projectionTable(generation.id)} where key = any($1)`,
    [keys],
  );
  const byKey = new Map(rows.map((row) => [row.key, row]));
  return keys.map((key) => {
    const row = byKey.get(key);
    return (
      row &&
      (row.doc === null
        ? null
        : { body: Buffer.from(row.doc), version: row.version, asOf: Math.round(row.asOf), tier: 'postgres' as const })
    );
  });
}

const flights = new WeakMap<Generation, Map<string, Promise<RawDocument | null>>>();

/** What Redis does not have. Readers of one key in this process share one answer while it is under way: a cold key costs one query. */
function readBehindRedis(parts: ReadParts, generation: Generation, key: string, transform: Transform | null): Promise<RawDocument | null> {
  const flying = flights.get(generation) ?? new Map<string, Promise<RawDocument | null>>();
  flights.set(generation, flying);
  const known = flying.get(key);
  if (known) return known;
  const flight = readPostgres(parts, generation, key, transform).finally(() => flying.delete(key));
  flying.set(key, flight);
  return flight;
}

async function readPostgres(
  parts: ReadParts,
  generation: Generation,
  key: string,
  transform: Transform | null,
): Promise<RawDocument | null> {
  const [stored] = generation.state === 'building' ? [] : await readProjected(parts, generation, [key]);
  return stored === undefined ? deriveDocument(parts, generation, key, transform) : stored;
}

/** Derives a document from the sources now. */
function deriveDocument({ db }: ReadParts, generation: Generation, key: string, transform: Transform | null): Promise<RawDocument | null> {
  const asOf = Date.now();
  return db.transaction(async (tx) => {
    const { rows } = await tx.query<{ doc: string | null }>(sourcesSql(generation.model), [[key]]);
    const doc = rows[0]?.doc ?? null;
    return doc === null ? null : { body: Buffer.from(transform ? transform(key, doc) : doc), version: null, asOf, tier: 'source' };
  });
}
