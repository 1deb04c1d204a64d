import { type Generation, sourcesSql } from '#contracts/compiled.ts';
import { lazyTerms } from '#contracts/lazy.ts';
import { documentKey, projectionTable } from '#contracts/names.ts';
import type { Transform } from '#contracts/transform.ts';
import { decodeStored } from '#contracts/version.ts';
import type { AuditParts, Finding } from './verify.ts';

/** What comparing some keys gave. `inFlight` are keys that the ledger owed at that moment. */
export type AuditedKeys = { readonly findings: readonly Finding[]; readonly inFlight: readonly string[] };

type Row = {
  key: string;
  expected: string | null;
  stored: string | null;
  version: string | null;
  /** Whether a row is there, and has not been evicted. */
  kept: boolean;
  owed: boolean;
  misled: boolean;
};

/** Compares documents: the text derived from the sources alone and with what is kept of aggregates, the projection row and whether it is owed or its moment has come in one snapshot, then the bytes in Redis. */
export async function auditDocuments(
  { db, redis, space, transforms }: AuditParts,
  generation: Generation,
  keys: readonly string[],
): Promise<AuditedKeys> {
  const { recompute, fromSources } = generation.model;
  // What workers would derive now, where they do not read everything from the sources.
  const kept = fromSources === undefined ? '' : `left join (${recompute}) k on k.key = r.key`;
  const rows = await db.transaction(async (tx) => {
    const result = await tx.query<Row>(
      `select r.key, r.doc as expected, p.doc as stored, p.version, coalesce(p.as_of > '-infinity', false) as kept, l.key is not null or t.key is not null as owed, ${kept ? 'k.doc is distinct from r.doc' : 'false'} as misled
from (${sourcesSql(generation.model)}) r ${kept} left join everwarm.${projectionTable(generation.id)} p on p.key = r.key
left join everwarm.ledger l on l.generation = $2 and l.key = r.key
left join everwarm.timers t on t.generation = $2 and t.key = r.key and not t.asked and t.at <= now()`,
      [keys, generation.id],
    );
    return result.rows;
  });
  const held = await redis.mgetBuffer(rows.map((row) => documentKey(space, generation.id, row.key)));
  const findings: Finding[] = [];
  const transform = transforms.of(generation);
  const lazy = lazyTerms(generation.lifecycle);
  for (const [index, { key, expected: derived, stored, version, kept: isKept, owed, misled }] of rows.entries()) {
    if (owed) continue;
    const value = held[index] ?? null;
    // What is lazy and was not read is in neither store.
    if (lazy && !isKept) {
      if (holdsDocument(value, lazy.lastsMs)) findings.push({ key, layer: 'redis', cause: 'document that Postgres does not have' });
      continue;
    }
    if (misled) findings.push({ key, layer: 'postgres', cause: 'what is kept of an aggregate differs from its rows' });
    const expected = transformed(transform, key, derived);
    if (expected !== stored)
      findings.push({
        key,
        layer: 'postgres',
        cause:
          expected === fails
            ? 'its transform fails'
            : stored === null
              ? 'document missing'
              : expected === null
                ? 'document without a row'
                : 'text differs from the source',
      });
    const cause = lazy && value === null ? null : redisFault(value, stored, version);
    if (cause !== null) findings.push({ key, layer: 'redis', cause });
  }
  return { findings, inFlight: rows.filter((row) => row.owed).map((row) => row.key) };
}

const fails = Symbol('its transform fails');

/** What the document should be; where its transform fails, what no stored text equals. */
function transformed(transform: Transform | null, key: string, derived: string | null): string | null | typeof fails {
  if (transform === null || derived === null) return derived;
  try {
    return transform(key, derived);
  } catch {
    return fails;
  }
}

/** Whether there is a document that a reader would be shown. */
function holdsDocument(value: Buffer | null, lastsMs: number): boolean {
  if (value === null) return false;
  const { body, asOf } = decodeStored(value);
  return body !== null && Date.now() - asOf <= lastsMs;
}

function redisFault(value: Buffer | null, stored: string | null, version: string | null): string | null {
  if (value === null) return stored === null ? null : 'document missing';
  const held = decodeStored(value);
  if (held.body === null)
    return stored === null ? null : held.evicted ? 'document evicted that Postgres has' : 'tombstone of a document that Postgres has';
  if (stored === null) return 'document that Postgres does not have';
  if (!held.body.equals(Buffer.from(stored))) return 'bytes differ from Postgres';
  return held.version === version ? null : 'version differs from Postgres';
}
