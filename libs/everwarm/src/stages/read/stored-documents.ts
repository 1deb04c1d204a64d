import { type Generation, sourcesSql } from '#contracts/compiled.ts';
import { lastsMs } from '#contracts/lazy.ts';
import { millisecondsSql } from '#contracts/milliseconds.ts';
import { projectionTable } from '#contracts/names.ts';
import type { Transform } from '#contracts/transform.ts';
import { floorAbove } from './floors.ts';
import { fillLazy, revalidate } from './lazy-reads.ts';
import type { RawDocument, ReadParts } from './read-parts.ts';
import { askApart, refuse, type Unmade, unmakeable } from './unmade.ts';

/** Whether Redis may lack what Postgres has of a key: it is owed, or was until it failed so often that it was set apart. */
const owedSql = (
  generation: number,
  key: string,
) => `(exists (select from everwarm.ledger l where l.generation = ${generation} and l.key = ${key})
  or exists (select from everwarm.quarantine q where q.generation = ${generation} and q.key = ${key}))`;

type Stored = { doc: string | null; version: string; asOf: number; owed: boolean };
type Derived = {
  key: string;
  doc: string | null;
  at: number;
  stored: string | null;
  version: string | null;
  asOf: number;
  owed: boolean;
  drawn: string;
};

/** How often a key is asked for again because Redis showed a newer version of it meanwhile. */
const attempts = 5;

/**
 * The documents of these keys from Postgres: what the projection table holds, and where it holds nothing or less than was shown
 * before, what the sources give now. Null where there is no document, and where `unmade` lets one pass that cannot be made. Leaves a floor under what Redis may have older.
 */
export async function askPostgres(
  parts: ReadParts,
  generation: Generation,
  keys: readonly string[],
  transform: Transform | null,
  unmade: Unmade = refuse,
): Promise<(RawDocument | null)[]> {
  const found = await askProjection(parts, generation, keys, transform);
  await askSources(parts, generation, keys, found, { transform, unmade });
  return keys.map((key) => found.get(key) ?? null);
}

/** The same for one key; the sources are asked for it by one reader at a time, over all processes. */
export async function askForOne(
  parts: ReadParts,
  generation: Generation,
  key: string,
  transform: Transform | null,
): Promise<RawDocument | null> {
  const found = await askProjection(parts, generation, [key], transform);
  const stored = found.get(key);
  if (stored !== undefined) return stored;
  const document = await parts.lease.ask(generation, key, async () => {
    const filled = await fillLazy(parts, generation, key, transform);
    if (filled !== undefined) return filled;
    await askSources(parts, generation, [key], found, { transform, unmade: refuse });
    return found.get(key) ?? null;
  });
  parts.memory?.outdateAll(generation.id, new Map([[key, document]]));
  return document;
}

/** What is found by key; a generation that is being built is not read. */
async function askProjection(
  parts: ReadParts,
  generation: Generation,
  keys: readonly string[],
  transform: Transform | null,
): Promise<Map<string, RawDocument | null>> {
  if (generation.state === 'building') return new Map();
  const stored = readStored(parts, generation, keys);
  const found = await parts.stats.asking(generation, 'postgres', stored, { keys: keys.length, found: ({ size }) => size });
  parts.memory?.outdateAll(generation.id, found);
  for (const [key, document] of found)
    if (document?.version) revalidate(parts, generation, key, { version: document.version, asOf: document.asOf }, transform, 'postgres');
  return found;
}

/** Adds to what was `found` what the sources say of the other keys. */
export async function askSources(
  parts: ReadParts,
  generation: Generation,
  keys: readonly string[],
  found: Map<string, RawDocument | null>,
  how: { readonly transform: Transform | null; readonly unmade: Unmade },
): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const missing = keys.filter((key) => !found.has(key));
    if (missing.length === 0) return;
    const derived = derive(parts, generation, missing, { ...how, last: attempt === attempts - 1 });
    const documents = await parts.stats.asking(generation, 'source', derived, { keys: missing.length, found: ({ size }) => size });
    for (const [key, document] of documents) found.set(key, document);
    parts.memory?.outdateAll(generation.id, documents);
  }
}

/** What the projection table says, tombstones included, of the keys that it has and that are not below their floor. */
async function readStored(
  { db, view, floors }: ReadParts,
  { id, lifecycle }: Generation,
  keys: readonly string[],
): Promise<Map<string, RawDocument | null>> {
  const lasts = lastsMs(lifecycle);
  const unspent = Number.isFinite(lasts) ? ` and p.as_of > statement_timestamp() - ${Math.round(lasts)} * interval '1 millisecond'` : '';
  const { rows } = await db.query<Stored & { key: string }>({
    text: `select p.key, p.doc, p.version, ${millisecondsSql('p.as_of')} as "asOf",
  ${owedSql(id, 'p.key')} as owed
from everwarm.${projectionTable(id)} p where p.key = any($1) and p.as_of > '-infinity'${unspent}`,
    values: [keys],
  });
  const found = new Map<string, RawDocument | null>();
  for (const { key, doc, version, asOf, owed } of rows) {
    const floor = floors.of(id, key);
    if (floors.blind || (floor !== null && version < floor)) continue;
    // While nobody has heard of the copy lately, the ledger alone does not tell what Redis lacks; nor of what was written inline.
    if (owed || lifecycle === 'inline' || !view.informed()) floors.raise(id, key, version);
    else if (floor !== null) floors.drop(id, key);
    found.set(key, doc === null ? null : { body: Buffer.from(doc), version, asOf: Math.round(asOf), tier: 'postgres', pending: owed });
  }
  return found;
}

/**
 * Derives documents from the sources, as of when the transaction begins (a select's snapshot is older than its `statement_timestamp()`,
 * since it is taken when it is bound), and compares them in the same snapshot with what is stored. Where the ledger owes the key,
 * or what is stored is something else, a batch may be under way that looked at the sources earlier: only what is drawn later than the
 * snapshot may be shown after this. Where it is the same, this is the stored document. Leaves out keys of which something else was
 * shown meanwhile, unless it is the `last` time.
 */
async function derive(
  { db, view, floors, lease }: ReadParts,
  generation: Generation,
  keys: readonly string[],
  { transform, unmade, last }: { readonly transform: Transform | null; readonly unmade: Unmade; readonly last: boolean },
): Promise<Map<string, RawDocument | null>> {
  const { id, model, lifecycle } = generation;
  const seen = new Map(keys.map((key) => [key, floors.of(id, key)]));
  const sql = `select r.key, r.doc, extract(epoch from now())::float8 * 1000 as at, p.doc as stored, p.version,
  extract(epoch from p.as_of)::float8 * 1000 as "asOf", ${owedSql(id, 'r.key')} as owed, s.last_value::text as drawn
from (${sourcesSql(model)}) r cross join everwarm.version_seq s left join everwarm.${projectionTable(id)} p on p.key = r.key`;
  const ask = async (some: readonly string[]) => (await db.transaction((tx) => tx.query<Derived>(sql, [some]))).rows;
  const rows = await askApart(generation, keys, ask, unmade);
  // What cannot be made is as if it were not, where it is let pass.
  const found = new Map<string, RawDocument | null>(rows.length < keys.length ? keys.map((key) => [key, null]) : []);
  for (const { key, doc, at, stored, version, asOf, owed, drawn } of rows) {
    const floor = floors.of(id, key);
    if (!last && floor !== seen.get(key) && floor !== null && (version === null || version < floor)) {
      found.delete(key);
      continue;
    }
    lease.own.note(id, key, doc !== null);
    const text = doc === null || transform === null ? doc : made(() => transform(key, doc), generation, key, unmade);
    const isStored = version !== null && text === stored;
    if (isStored) {
      floors.settle(id, key, seen.get(key) ?? null, version);
      if (owed || lifecycle === 'inline' || !view.informed()) floors.raise(id, key, version);
    } else if (owed || version !== null || seen.get(key)) floors.raise(id, key, floorAbove(view.space.epoch, BigInt(drawn)), true);
    const body = text === null ? null : Buffer.from(text);
    // Nobody reads what a generation that is being built has stored, be it the same.
    const isRead = isStored && generation.state !== 'building';
    found.set(
      key,
      body &&
        (isRead
          ? { body, version, asOf: Math.round(asOf), tier: 'postgres', pending: false }
          : { body, version: null, asOf: Math.round(at), tier: 'source', pending: false }),
    );
  }
  return found;
}

function made(make: () => string, generation: Generation, key: string, unmade: Unmade): string | null {
  try {
    return make();
  } catch (error) {
    unmade(unmakeable(generation, key, error));
    return null;
  }
}
