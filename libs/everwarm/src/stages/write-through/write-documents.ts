import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { projectionTable } from '#contracts/names.ts';
import type { FailedKey, Transform } from '#contracts/transform.ts';
import type { Version } from '#contracts/version.ts';

/** A document as it now stands in Postgres; `doc` null is a tombstone, and of no moment (`asOf` -Infinity) where it was evicted. */
export type WrittenDocument = { readonly key: string; readonly doc: string | null; readonly version: Version; readonly asOf: number };

/** A key of which Postgres holds nothing, as a batch of this version found. */
export type AbsentKey = { readonly key: string; readonly version: Version };

/**
 * The columns of a document generation's table. `doc` null is a tombstone: a version like any other. Its moment `-infinity` says that
 * the document was evicted: nothing is known of the key, but that nothing below this version may come back.
 */
export const documentTableSql = (generation: number): string => `create table if not exists everwarm.${projectionTable(generation)} (
  key text collate "C" primary key, version text collate "C" not null, as_of timestamptz not null, doc text collate "C"
) with (fillfactor = 85)`;

/** How large a document may be at most, in bytes, where the configuration does not say. */
const defaultMaxDocumentBytes = 8 * 1024 * 1024;

/**
 * What writing a batch gave; `failed` are keys whose transform failed or whose document is too large: nothing of theirs was written.
 * `absent` are keys that have no document and never had one.
 */
export type WrittenBatch = {
  readonly documents: readonly WrittenDocument[];
  readonly absent: readonly AbsentKey[];
  readonly failed: readonly FailedKey[];
};

type Batch = { readonly generation: Generation; readonly keys: readonly string[]; readonly version: Version };

/**
 * Derives the documents of these keys and writes those whose bytes changed. Returns every document of the batch as it now
 * stands, changed or not, and where the fence refused it the one that is there: a version never leaves here with other bytes
 * than Postgres has under it. Keys that never had a document are left out.
 * In one statement, but where a transform makes the documents: then the derived texts come here first, within the transaction.
 * The caller holds the locks of the keys' shards and drew `version` after them. `all` writes unchanged documents too: their moment,
 * from which a lazy one ages, is a new one.
 */
export async function writeDocuments(
  tx: Database,
  batch: Batch,
  transform: Transform | null = null,
  maxBytes: number = defaultMaxDocumentBytes,
  which: 'changed' | 'all' = 'changed',
): Promise<WrittenBatch> {
  const { generation, keys, version } = batch;
  if (transform !== null) return writeTransformed(tx, batch, transform, maxBytes, which);
  const { rows } = await tx.query<WrittenRow>({
    name: `everwarm_write_${which}_${generation.id}`,
    text: writeSql(generation.id, generation.model.recompute, '$3', momentOf(generation), which),
    values: [keys, version, maxBytes],
  });
  return sorted(batch, rows, maxBytes, []);
}

/**
 * The moment of a document: that of the snapshot it was derived from; and where it looks at the time, that of the transaction's begin, which
 * is the time that it saw, since between the two there may be seconds on a link that falters.
 */
const momentOf = ({ model }: Generation): string => (model.moments === undefined ? 'statement_timestamp()' : 'now()');

/** Too large documents come back as their size alone: their bytes are not worth the way. */
type WrittenRow = WrittenDocument & { readonly excess: number | null };

function sorted(
  { generation, keys, version }: Batch,
  rows: readonly WrittenRow[],
  maxBytes: number,
  failed: readonly FailedKey[],
): WrittenBatch {
  const known = new Set([...rows, ...failed].map(({ key }) => key));
  const absent = known.size === keys.length ? [] : keys.filter((key) => !known.has(key)).map((key) => ({ key, version }));
  if (!rows.some(({ excess }) => excess !== null)) return { documents: rows, absent, failed };
  const { name } = generation;
  const tooLarge = rows.flatMap(({ key, excess }): FailedKey[] => {
    if (excess === null) return [];
    const message = `The document of ${name} for the key ${JSON.stringify(key)} has ${excess} bytes; "maxDocumentBytes" is ${maxBytes}. Give its collections a limit, or raise the maximum.`;
    return [{ key, error: new EverwarmError('E_DOCUMENT', message, { context: { model: name, key } }) }];
  });
  return { documents: rows.filter(({ excess }) => excess === null), absent, failed: [...failed, ...tooLarge] };
}

async function writeTransformed(
  tx: Database,
  batch: Batch,
  transform: Transform,
  maxBytes: number,
  which: 'changed' | 'all',
): Promise<WrittenBatch> {
  const { generation, keys, version } = batch;
  // The moment of a document is that of the snapshot it was derived from, not of the statement that writes it; and not that of this
  // statement either: a select has its snapshot when it is bound, and `statement_timestamp()` is when it is executed, later.
  const derived = await tx.query<{ key: string; doc: string | null; at: string }>({
    name: `everwarm_derive_${generation.id}`,
    text: `select r.key, r.doc, now()::text as at from (${generation.model.recompute}) r`,
    values: [keys],
  });
  const made: { key: string; doc: string | null }[] = [];
  const failed: FailedKey[] = [];
  for (const { key, doc } of derived.rows) {
    try {
      made.push({ key, doc: doc === null ? null : transform(key, doc) });
    } catch (error) {
      failed.push({ key, error });
    }
  }
  const { rows } = await tx.query<WrittenRow>({
    name: `everwarm_write_${which}_${generation.id}`,
    text: writeSql(
      generation.id,
      'select m.key, m.doc from unnest($1::text[], $3::text[]) as m (key, doc)',
      '$5',
      '$4::timestamptz',
      which,
    ),
    values: [made.map(({ key }) => key), version, made.map(({ doc }) => doc), derived.rows[0]?.at, maxBytes],
  });
  return sorted(batch, rows, maxBytes, failed);
}

/**
 * The statement that derives documents and writes those whose bytes changed, of `$1 text[]` keys; the caller guarantees what {@link writeDocuments}
 * asks for. Insert-or-nothing plus a guarded update, because `on conflict do update … where` locks and logs unchanged rows too. What is
 * stored is looked for once, and found again by its place, which the locks keep: where no vacuum cleans up, each look by key passes all dead versions of it. The fence
 * is in the update. `input` is SQL that gives (key, doc), `$2` the version, `max` and `asOf` are parameters or expressions.
 */
export function writeSql(generation: number, input: string, max: string, asOf: string, which: 'changed' | 'all' = 'changed'): string {
  const table = `everwarm.${projectionTable(generation)}`;
  const differs = which === 'all' ? 'true' : `(k.old is distinct from k.doc or k.as_of = '-infinity')`;
  return `with input as materialized (${input}),
known as materialized (
  select i.key, i.doc, octet_length(i.doc) > ${max}::integer as "isTooLarge", p.ctid as place, p.doc as old, p.version, p.as_of
  from input i left join ${table} p on p.key = i.key
),
inserted as (
  insert into ${table} (key, version, as_of, doc) select key, $2, ${asOf}, doc from known where place is null and not "isTooLarge"
  on conflict (key) do nothing returning key
),
updated as (
  update ${table} p set version = $2, as_of = ${asOf}, doc = k.doc from known k
  where p.ctid = k.place and ${differs} and p.version < $2 and "isTooLarge" is not true returning p.key
),
written as (select key from inserted union all select key from updated)
select k.key, case when "isTooLarge" then null when w.key is null then k.old else k.doc end as doc, case when w.key is null then k.version else $2 end as version,
       extract(epoch from case when w.key is null then k.as_of else ${asOf} end)::float8 * 1000 as "asOf",
       case when "isTooLarge" then octet_length(k.doc) end as excess
from known k left join written w on w.key = k.key
where w.key is not null or k.place is not null or "isTooLarge"`;
}
