import { type KeptAggregate, keptAggregates } from '#contracts/aggregates.ts';
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
 * Trusts the bases of all aggregates but these no more: the triggers are about to be written without them. Should one be asked for
 * again, it begins as a new one. Commits before the triggers are touched, whatever happens to the migration then.
 */
export async function distrustOthers(db: Database, told: readonly KeptAggregate[]): Promise<void> {
  await db.query(
    'update everwarm.aggregates set ready = false, resets = resets + 1, installed_xid = null where installed_xid is not null and id <> all($1)',
    [told.map(({ id }) => id)],
  );
}

/**
 * Lets the bases of those of these aggregates be set that the triggers are new to, once every transaction has ended that began
 * before; and the bases of those be set anew whose tables changed unseen. To be called in a transaction of its own after the
 * triggers were told of all of them.
 */
export async function releaseAggregates(tx: Database, told: readonly KeptAggregate[], unseen: readonly TableName[]): Promise<void> {
  await tx.query(
    `update everwarm.aggregates a set installed_xid = pg_current_xact_id(), ready = false, resets = resets + 1, not_before = now() from (
  select id from everwarm.aggregates where id = any($1) and (installed_xid is null
    or (definition -> 'table' ->> 'schema', definition -> 'table' ->> 'name') in (select * from unnest($2::text[], $3::text[]))) order by id for update) o
where a.id = o.id`,
    [told.map(({ id }) => id), unseen.map(({ schema }) => schema), unseen.map(({ name }) => name)],
  );
}
