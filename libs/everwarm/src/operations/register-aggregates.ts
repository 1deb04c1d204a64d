import { keptAggregates } from '#contracts/aggregates.ts';
import type { CompiledModel, TableName } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';

/**
 * Makes the aggregates of these models known, before the triggers are told of them; those known already stay as they are.
 * The caller holds the migration lock. Throws E_DEFINITION should two definitions have one digest.
 */
export async function registerAggregates(tx: Database, models: readonly CompiledModel[]): Promise<void> {
  for (const aggregate of keptAggregates(models)) {
    const definition = JSON.stringify(aggregate);
    const { rows } = await tx.query<{ same: boolean }>(
      `with made as (insert into everwarm.aggregates (id, definition) values ($1, $2) on conflict do nothing)
select definition = $2::jsonb as same from everwarm.aggregates where id = $1`,
      [aggregate.id, definition],
    );
    if (rows[0]?.same === false)
      throw new EverwarmError(
        'E_DEFINITION',
        `An aggregate over "${aggregate.table.name}" has the digest ${aggregate.id} of another one. Change its condition in form, for instance by parentheses.`,
        { context: { aggregate: aggregate.id } },
      );
  }
}

/**
 * Lets the bases of new aggregates be set, once every transaction has ended that began before the triggers knew them; and those
 * over tables whose changes went by unseen be set anew. To be called in a transaction of its own after the triggers are installed.
 */
export async function releaseAggregates(tx: Database, unseen: readonly TableName[]): Promise<void> {
  await tx.query(
    `update everwarm.aggregates a set installed_xid = pg_current_xact_id(), ready = false, resets = resets + 1, not_before = now() from (
  select id from everwarm.aggregates where installed_xid is null
    or (definition -> 'table' ->> 'schema', definition -> 'table' ->> 'name') in (select * from unnest($1::text[], $2::text[])) order by id for update) o
where a.id = o.id`,
    [unseen.map(({ schema }) => schema), unseen.map(({ name }) => name)],
  );
}
