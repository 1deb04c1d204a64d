import type { Pool, PoolClient } from 'pg';
import type { Row, Rows } from './naive.ts';

/** A column as the catalogue has it. */
export type Column = {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly labels: readonly string[];
  readonly generated: boolean;
};

/** A table as the catalogue has it: all that random writes need to know. */
export type Table = {
  /** `schema.table`, unquoted: what the expectation calls it. */
  readonly id: string;
  /** The quoted name. */
  readonly sql: string;
  readonly columns: readonly Column[];
  readonly key: readonly string[];
};

/** A quoted identifier. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** What makes the text of a value one text, whatever the database's defaults are. */
const settings = `set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
set local bytea_output = 'hex'; set local extra_float_digits = 1`;

/** The tables of the user's schemas. */
export async function readCatalogue(pool: Pool): Promise<Table[]> {
  const { rows } = await pool.query<{ schema: string; name: string; columns: Column[]; key: string[] }>(
    `select n.nspname as schema, c.relname as name,
       (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', not a.attnotnull, 'generated', a.attgenerated <> '', 'labels',
          (select coalesce(json_agg(e.enumlabel order by e.enumsortorder), '[]') from pg_enum e join pg_type t on t.oid = a.atttypid
           where e.enumtypid in (t.oid, t.typelem))) order by a.attnum)
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
       (select json_agg(a.attname order by k.place) from pg_index i, unnest(i.indkey::int2[]) with ordinality k (number, place)
        join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number where i.indrelid = c.oid and i.indisprimary) as key
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'everwarm') order by 1, 2`,
  );
  return rows.map(({ schema, name, columns, key }) => ({
    id: `${schema}.${name}`,
    sql: `${quoteName(schema)}.${quoteName(name)}`,
    columns,
    key,
  }));
}

/** All rows of all tables in one snapshot, every value as text; each table in the order of its key. */
export async function readRows(pool: Pool, tables: readonly Table[]): Promise<Rows> {
  const client = await pool.connect();
  try {
    await client.query(`begin isolation level repeatable read read only; ${settings}`);
    const clock = await client.query<{ now: string }>('select clock_timestamp()::text as now');
    const found = new Map<string, readonly Row[]>();
    for (const table of tables) found.set(table.id, await readTable(client, table));
    await client.query('commit');
    const of = (id: string): readonly Row[] => {
      const rows = found.get(id);
      if (!rows) throw new Error(`The oracle asks for the table ${id}, which is not there. Tables: ${[...found.keys()].join(', ')}.`);
      return rows;
    };
    return Object.assign(of, { now: clock.rows[0]?.now ?? '' });
  } finally {
    client.release();
  }
}

async function readTable(client: PoolClient, { sql, columns, key }: Table): Promise<Row[]> {
  const list = columns.map(({ name }) => `${quoteName(name)}::text as ${quoteName(name)}`).join(', ');
  const order = key.map((column) => `t.${quoteName(column)}`).join(', ');
  return (await client.query<Row>(`select ${list} from ${sql} t order by ${order}`)).rows;
}
