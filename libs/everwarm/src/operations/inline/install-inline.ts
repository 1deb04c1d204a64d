import type { Source } from '#contracts/change.ts';
import type { Database } from '#contracts/database.ts';
import { identifier } from '#model/sql/literal.ts';
import { changedKeysSql, type InlineGeneration } from './changed-keys-sql.ts';
import { dispatchSql } from './dispatch-sql.ts';
import type { FunctionSql } from './function-sql.ts';
import { writeKeysSql } from './write-keys-sql.ts';

/**
 * Installs what writing inline runs in Postgres, for every generation whose lifecycle says so, and takes away what no generation needs any
 * more. As capture's functions, they are made of the stored definitions, and executed whatever code runs. Idempotent. Called when every
 * table is captured: only what a trigger records under a source that is known here can be followed.
 */
export async function installInline(tx: Database): Promise<void> {
  const { rows: generations } = await tx.query<InlineGeneration>(
    `select id, model from everwarm.generations where lifecycle = '"inline"' and state <> 'dropped' order by id`,
  );
  const { rows: sources } = await tx.query<Source>(
    `select id, jsonb_build_object('schema', schema_name, 'name', table_name) as "table", links, columns from everwarm.sources order by id`,
  );
  const { rows: paths } = await tx.query<{ path: string[] }>('select current_schemas(false)::text[] as path');
  const path = paths[0]?.path ?? [];
  const wanted = [
    ...generations.flatMap((generation) => [...changedKeysSql(generation, sources, path), ...writeKeysSql(generation, path)]),
    dispatchSql(generations),
  ];
  const { rows: installed } = await tx.query<{ name: string; source: string; signature: string }>(
    `select p.proname as name, p.prosrc as source, p.oid::regprocedure::text as signature from pg_proc p
join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'everwarm' and (p.proname = 'inline' or p.proname ~ '^inline_[0-9]+_')`,
  );
  const isCurrent = ({ name, source }: FunctionSql) => installed.some((found) => found.name === name && found.source === source);
  for (const stray of installed.filter(({ name }) => !wanted.some((one) => one.name === name)))
    await tx.query(`drop function ${stray.signature}`);
  for (const one of wanted.filter((each) => !isCurrent(each))) {
    await tx.query(one.sql);
    await tx.query(`revoke execute on function everwarm.${identifier(one.name)} from public`);
  }
}
