import type { TableName } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { Watch } from './watch-list.ts';

/** A captured table as it was when it was last looked at. `text` is the fingerprint as it is stored. */
export type Remembered = {
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly fingerprint: Fingerprint;
  readonly text: string;
};

/** All captured tables, by name. */
export async function rememberedTables(db: Database): Promise<Remembered[]> {
  const { rows } = await db.query<{ schema: string; name: string; columns: string[]; facts: string }>(
    'select schema_name as schema, table_name as name, columns, facts from everwarm.captured order by 1, 2',
  );
  return rows.map(({ schema, name, columns, facts }) => ({
    table: { schema, name },
    columns,
    fingerprint: JSON.parse(facts) as Fingerprint,
    text: facts,
  }));
}

/** Remembers how a table is now. */
export async function remember(db: Database, { table, columns }: Pick<Watch, 'table' | 'columns'>, now: Fingerprint): Promise<void> {
  await db.query(
    `insert into everwarm.captured (schema_name, table_name, columns, facts) values ($1, $2, $3, $4)
on conflict (schema_name, table_name) do update set columns = excluded.columns, facts = excluded.facts`,
    [table.schema, table.name, columns, JSON.stringify(now)],
  );
}

/** Forgets tables that no live model reads any more, and what was marked about them. */
export async function forgetOthers(db: Database, kept: readonly Pick<Watch, 'table'>[]): Promise<void> {
  const values = [kept.map(({ table }) => table.schema), kept.map(({ table }) => table.name)];
  for (const stored of ['captured', 'source_marks'] as const)
    await db.query(
      `delete from everwarm.${stored} where (schema_name, table_name) not in (select * from unnest($1::text[], $2::text[]))`,
      values,
    );
}
