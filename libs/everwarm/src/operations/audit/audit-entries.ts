import { type Generation, sourcesSql } from '#contracts/compiled.ts';
import { projectionTable } from '#contracts/names.ts';
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
left join everwarm.timers t on t.generation = $2 and t.key = k.key and not t.asked and t.at <= now()`,
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
