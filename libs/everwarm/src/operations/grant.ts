import type { CompiledModel } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { identifier, qualified } from '#model/sql/literal.ts';

/** Gives the role of the workers and readers what it needs and no more: no DDL, no writes to the user's own tables. Idempotent. */
export async function grantRuntime(tx: Database, role: string, models: readonly CompiledModel[]): Promise<void> {
  const to = identifier(role);
  await tx.query(`grant usage on schema everwarm to ${to}`);
  await tx.query(`grant select, insert, update, delete, truncate on all tables in schema everwarm to ${to}`);
  await tx.query(`grant usage, select, update on all sequences in schema everwarm to ${to}`);
  await tx.query(
    `grant execute on function everwarm.serve(integer), everwarm.touch(text, text[]), everwarm.acknowledge(integer, text[], bigint[]), everwarm.owe_redis(integer, text[], bigint[], text), everwarm.inline(integer, integer, integer) to ${to}`,
  );
  await tx.query(`alter default privileges in schema everwarm grant select on tables to ${to}`);
  const tables = new Map(models.flatMap((model) => model.dependencies.map(({ table }) => [qualified(table), table] as const)));
  for (const [name, { schema }] of tables) {
    await tx.query(`grant usage on schema ${identifier(schema)} to ${to}`);
    await tx.query(`grant select on ${name} to ${to}`);
  }
}
