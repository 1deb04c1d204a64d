import type { Generation } from '#contracts/compiled.ts';
import type { Database, Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { lifecycleKind } from '#contracts/lifecycle.ts';
import { documentPrefix, type KeySpace, projectionTable } from '#contracts/names.ts';
import { canCompute, type Transforms } from '#contracts/transform.ts';
import type { Redis } from '#platform/clients.ts';
import { type AuditedKeys, auditDocuments } from './audit-documents.ts';
import { auditEntries } from './audit-entries.ts';
import { auditPages } from './audit-pages.ts';
import { type Audit, judging } from './judge.ts';

/** One disagreement: which key, which copy is wrong, and how. */
export type Finding = { readonly key: string; readonly layer: 'postgres' | 'redis'; readonly cause: string };

/** What verifying one read model found. `inFlight` keys were owed while they were looked at and are not judged. */
export type Verified = {
  readonly name: string;
  readonly generation: number;
  readonly checked: number;
  readonly differing: number;
  readonly inFlight: number;
  readonly findings: readonly Finding[];
};

/** What an audit works with. `settle` waits until what was committed before is written. */
export type AuditParts = {
  readonly db: Transactions;
  readonly redis: Redis;
  readonly space: KeySpace;
  readonly transforms: Transforms;
  readonly settle: () => Promise<void>;
  readonly onProgress?: ((checked: number) => void) | undefined;
};

/** How many keys one step compares, and how many findings are listed. */
const stepKeys = 500;
const listedFindings = 100;

/**
 * Compares every key of a read model: the source's own answer, computed afresh in one statement with the projection row it is
 * held against, and the projection row against the bytes in Redis. Keys are those of the source and those of the projection,
 * and documents in Redis that no row stands for are found too. Quarantined keys differ as such. What differs is looked at again once everything committed so
 * far is written, so a change on its way is never called a fault. Changes nothing.
 */
export async function verify(parts: AuditParts, generation: Generation): Promise<Verified> {
  if (!canCompute(parts.transforms, generation))
    throw new EverwarmError(
      'E_TRANSFORM',
      `Generation ${generation.id} of "${generation.name}" needs the transform of revision ${generation.model.transform?.revision}, which this code does not have. Verify it from code that does.`,
      { context: { model: generation.name, generation: generation.id } },
    );
  const audit = judging(generation.model.kind === 'document' ? auditDocuments : auditEntries);
  let checked = 0;
  const suspects: string[] = [];
  for await (const keys of keysOf(parts.db, generation)) {
    const result = await audit(parts, generation, keys);
    checked += keys.length;
    suspects.push(...result.inFlight, ...new Set(result.findings.map((finding) => finding.key)));
    parts.onProgress?.(checked);
  }
  const extra = generation.model.kind === 'document' ? await extraInRedis(parts, generation) : [];
  const again = await lookAgain(parts, generation, [...new Set([...suspects, ...extra])], audit);
  const pages = generation.model.kind === 'list' ? await auditPages(parts, generation) : [];
  const findings = [...again.findings, ...pages];
  return {
    name: generation.name,
    generation: generation.id,
    checked,
    differing: new Set(findings.map((finding) => finding.key)).size,
    inFlight: again.inFlight.length,
    findings: findings.slice(0, listedFindings),
  };
}

async function lookAgain(parts: AuditParts, generation: Generation, keys: readonly string[], audit: Audit): Promise<AuditedKeys> {
  if (keys.length === 0) return { findings: [], inFlight: [] };
  await parts.settle();
  const findings: Finding[] = [];
  const inFlight: string[] = [];
  for (let start = 0; start < keys.length; start += stepKeys) {
    const result = await audit(parts, generation, keys.slice(start, start + stepKeys));
    findings.push(...result.findings);
    inFlight.push(...result.inFlight);
  }
  return { findings, inFlight };
}

/** All keys that a generation has or should have, in steps; of a lazy one, those it has. */
async function* keysOf(db: Database & Transactions, generation: Generation): AsyncGenerator<string[]> {
  let position: string[] | null = null;
  const isLazy = lifecycleKind(generation.lifecycle) === 'lazy';
  while (!isLazy) {
    const rows: { key: string; position: string[] }[] = await db.transaction(
      async (tx) => (await tx.query<{ key: string; position: string[] }>(generation.model.enumerate, [position, stepKeys])).rows,
    );
    if (rows.length > 0) yield rows.map((row) => row.key);
    position = rows.at(-1)?.position ?? null;
    if (rows.length < stepKeys) break;
  }
  // Documents whose row is gone: projected keys that the walk above did not find.
  const live = generation.model.kind === 'document' ? 'doc' : 'member';
  let after: string | null = null;
  for (;;) {
    const page: { key: string }[] = (
      await db.query<{ key: string }>(
        `select distinct key from everwarm.${projectionTable(generation.id)} where ${live} is not null and ($1::text is null or key > $1) order by key limit ${stepKeys}`,
        [after],
      )
    ).rows;
    const keys = page.map((row) => row.key);
    const known = isLazy
      ? []
      : await db.transaction(async (tx) => (await tx.query<{ key: string }>(generation.model.present, [keys])).rows);
    const inSource = new Set(known.map((row) => row.key));
    const orphans = keys.filter((key) => !inSource.has(key));
    if (orphans.length > 0) yield orphans;
    after = keys.at(-1) ?? null;
    if (page.length < stepKeys) return;
  }
}

/** Keys of documents in Redis that the projection table has no row for. */
async function extraInRedis({ db, redis, space }: AuditParts, generation: Generation): Promise<string[]> {
  const prefix = documentPrefix(space, generation.id);
  const pattern = `${prefix.replace(/[\\*?[\]]/g, '\\$&')}*`;
  const extra: string[] = [];
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 1000);
    cursor = next;
    const keys = found.map((name) => name.slice(prefix.length));
    const { rows } = await db.query<{ key: string }>(`select key from everwarm.${projectionTable(generation.id)} where key = any($1)`, [
      keys,
    ]);
    const known = new Set(rows.map((row) => row.key));
    extra.push(...keys.filter((key) => !known.has(key)));
  } while (cursor !== '0');
  return extra;
}
