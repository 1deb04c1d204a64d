import type { Generation } from '#contracts/compiled.ts';
import { entriesKey, pageKey, projectionTable } from '#contracts/names.ts';
import { partitionsOf } from '#stages/write-through/partitions.ts';
import type { AuditParts, Finding } from './verify.ts';

/**
 * Compares pages: what Redis holds of each partition is exactly its first entries in the projection table, in order, as far as it
 * says to hold it; and the counts are those of the entries. Partitions that Redis does not hold are not a fault, since Postgres
 * serves them. What differs is looked at again after settling.
 */
export async function auditPages(parts: AuditParts, generation: Generation): Promise<Finding[]> {
  const suspects: string[] = [];
  for await (const partition of partitionsOf(parts.db, generation.id))
    if ((await faultsOf(parts, generation, partition)).length > 0) suspects.push(partition);
  suspects.push(...(await countedWithoutEntries(parts, generation)));
  if (suspects.length > 0) await parts.settle();
  const findings: Finding[] = [];
  for (const partition of suspects) findings.push(...(await faultsOf(parts, generation, partition)));
  return findings;
}

type Row = { entries: string; counted: string };

async function faultsOf(parts: AuditParts, generation: Generation, partition: string): Promise<Finding[]> {
  const { db, redis, space } = parts;
  const [page, entries] = [pageKey(space, generation.id, partition), entriesKey(space, generation.id, partition)];
  const replies =
    (await redis.multi().zscore(page, '').hmgetBuffer(entries, 'depth', 'count').zrangeBuffer(page, '(', '+', 'BYLEX').exec()) ?? [];
  const [sentinel, facts, held] = replies.map(([, reply]) => reply) as [unknown, (Buffer | null)[], Buffer[]];
  const [depth, count] = facts;
  const findings: Finding[] = [];
  if (sentinel !== null && depth && !(await isFirst(parts, generation, partition, held, depth)))
    findings.push({ key: partition, layer: 'redis', cause: 'page differs from Postgres' });
  if (!generation.model.list?.count) return findings;
  const { rows } = await db.query<Row>(
    `select (select count(*) from everwarm.${projectionTable(generation.id)} where partition = $1 and member is not null)::text as entries,
  (select coalesce(sum(n), 0) from everwarm.list_counts where generation = $2 and partition = $1)::text as counted`,
    [partition, generation.id],
  );
  const row = rows[0];
  if (row && row.entries !== row.counted) findings.push({ key: partition, layer: 'postgres', cause: 'count differs from the entries' });
  if (row && sentinel !== null && count && count.toString('latin1', 19) !== row.entries)
    findings.push({ key: partition, layer: 'redis', cause: 'count differs from the entries' });
  return findings;
}

/** Whether these members are the partition's first, all of it where the depth is empty, and none is missing up to the depth. */
async function isFirst(
  { db }: AuditParts,
  generation: Generation,
  partition: string,
  held: readonly Buffer[],
  depth: Buffer,
): Promise<boolean> {
  const { rows } = await db.query<{ member: Buffer }>(
    `select member from everwarm.${projectionTable(generation.id)} where partition = $1 and member is not null order by member limit $2`,
    [partition, held.length + 1],
  );
  const next = rows[held.length]?.member;
  if (held.length > (generation.model.list?.keep ?? 0) || (next && (depth.length === 0 || Buffer.compare(next, depth) <= 0))) return false;
  return held.every((member, index) => rows[index]?.member.equals(member));
}

/** Partitions that are counted and have no entries, or that Redis would show something of. */
async function countedWithoutEntries({ db }: AuditParts, { id, model }: Generation): Promise<string[]> {
  if (!model.list?.count) return [];
  const { rows } = await db.query<{ partition: string }>(
    `select partition from everwarm.list_counts c where generation = $1
  and not exists (select from everwarm.${projectionTable(id)} p where p.partition = c.partition and p.member is not null)
group by partition having sum(n) <> 0`,
    [id],
  );
  return rows.map((row) => row.partition);
}
