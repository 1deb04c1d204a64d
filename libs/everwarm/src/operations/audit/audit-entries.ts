import { type Generation, sourcesSql } from '#contracts/compiled.ts';
import { pageKey, projectionTable } from '#contracts/names.ts';
import type { AuditedKeys } from './audit-documents.ts';
import type { AuditParts, Finding } from './verify.ts';

type Row = { key: string; expected: string | null; stored: string | null; owed: boolean };

/** Compares the entries of items: what the sources give and what the projection table holds, in one snapshot. */
export async function auditEntries({ db }: AuditParts, generation: Generation, keys: readonly string[]): Promise<AuditedKeys> {
  const rows = await db.transaction(async (tx) => {
    const entries = `string_agg(encode(convert_to(partition, 'UTF8'), 'hex') || ':' || encode(member, 'hex'), ',' order by partition collate "C", member)`;
    const result = await tx.query<Row>(
      `select k.key, e.entries as expected, s.entries as stored, l.key is not null or t.key is not null as owed from unnest($1::text[]) as k (key)
left join (select key, ${entries} as entries from (${sourcesSql(generation.model)}) r group by key) e on e.key = k.key
left join (select key, ${entries} as entries from everwarm.${projectionTable(generation.id)} where key = any($1::text[]) and member is not null group by key) s on s.key = k.key
left join everwarm.ledger l on l.generation = $2 and l.key = k.key
left join everwarm.timers t on t.generation = $2 and t.key = k.key and t.at <= now()`,
      [keys, generation.id],
    );
    return result.rows;
  });
  const findings = rows
    .filter((row) => !row.owed && row.expected !== row.stored)
    .map(
      ({ key, expected, stored }): Finding => ({
        key,
        layer: 'postgres',
        cause: stored === null ? 'entry missing' : expected === null ? 'entry without a row' : 'entries differ from the source',
      }),
    );
  return { findings, inFlight: rows.filter((row) => row.owed).map((row) => row.key) };
}

/**
 * Compares whole pages: the members of each partition in the projection table and in Redis, in order. Pages that Redis does not
 * hold whole are not a fault, since Postgres serves them. What differs is looked at again after settling.
 */
export async function auditPages(parts: AuditParts, generation: Generation): Promise<Finding[]> {
  const { rows } = await parts.db.query<{ partition: string }>(`select distinct partition from everwarm.${projectionTable(generation.id)}`);
  const differing: string[] = [];
  for (const { partition } of rows) if (!(await pageAgrees(parts, generation, partition))) differing.push(partition);
  if (differing.length > 0) await parts.settle();
  const findings: Finding[] = [];
  for (const partition of differing)
    if (!(await pageAgrees(parts, generation, partition)))
      findings.push({ key: partition, layer: 'redis', cause: 'page differs from Postgres' });
  return findings;
}

async function pageAgrees({ db, redis, space }: AuditParts, generation: Generation, partition: string): Promise<boolean> {
  const page = pageKey(space, generation.id, partition);
  const { rows } = await db.query<{ member: Buffer }>(
    `select member from everwarm.${projectionTable(generation.id)} where partition = $1 and member is not null order by member`,
    [partition],
  );
  const held = await redis.zrangeBuffer(page, '(', '+', 'BYLEX');
  if (held.length === 0 && (await redis.zscore(page, '')) === null) return true;
  return held.length === rows.length && rows.every((row, index) => held[index]?.equals(row.member));
}
