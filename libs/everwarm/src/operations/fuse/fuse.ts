import type { Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import type { HeldChange } from '#contracts/fuse.ts';
import { logOperation } from '#operations/operator-log.ts';

const heldSql = `select f.id::text, g.name as model, f.generation, f.path, coalesce(s.schema_name || '.' || s.table_name, 'unknown') as "table",
  f.xid::text, f.since, f.changes::integer, coalesce(f.estimate, 0)::float8 as keys
from everwarm.fan_outs f join everwarm.generations g on g.id = f.generation left join everwarm.sources s on s.id = f.source
where f.state = 'held' and g.state <> 'dropped' and ($1::text[] is null or f.id::text = any($1)) order by f.id`;

/** The changes that are held because they dirty more keys than the fuse allows, oldest first. Writes nothing. */
export async function listHeld(db: Pick<Transactions, 'query'>): Promise<HeldChange[]> {
  return (await db.query<HeldChange>(heldSql, [null])).rows;
}

/**
 * Lets held changes through: their keys are found and owed in steps, behind whatever is single, and never held again for this. Says
 * so in the operator log. `dryRun` only tells which. Throws E_USAGE, before anything is done, when one of these is not held.
 */
export function releaseHeld(db: Transactions, ids: readonly string[], options: HeldOptions = {}): Promise<HeldChange[]> {
  return decide(db, 'fuse release', `update everwarm.fan_outs set state = 'open', released = true where id::text = any($1)`, ids, options);
}

/**
 * Drops held changes: their documents stay as they are until something else changes them, or a rebuild. Says so in the operator
 * log. `dryRun` only tells which. Throws E_USAGE, before anything is done, when one of these is not held.
 */
export function discardHeld(db: Transactions, ids: readonly string[], options: HeldOptions = {}): Promise<HeldChange[]> {
  return decide(db, 'fuse discard', 'delete from everwarm.fan_outs where id::text = any($1)', ids, options);
}

/** `by`: whoever asked, where that is known better than by the process. */
export type HeldOptions = { readonly dryRun?: boolean | undefined; readonly by?: string | undefined };

function decide(
  db: Transactions,
  verb: string,
  sql: string,
  ids: readonly string[],
  { dryRun = false, by }: HeldOptions,
): Promise<HeldChange[]> {
  return db.transaction(async (tx) => {
    const { rows } = await tx.query<HeldChange>(`${heldSql} for update of f`, [ids]);
    const missing = ids.filter((id) => !rows.some((held) => held.id === id));
    if (missing.length > 0) {
      throw new EverwarmError('E_USAGE', `Nothing is held under ${missing.join(', ')}. everwarm fuse list tells what is.`);
    }
    if (dryRun || rows.length === 0) return rows;
    await tx.query(sql, [ids]);
    await logOperation(tx, { verb, args: { ids, models: [...new Set(rows.map(({ model }) => model))] }, by });
    return rows;
  });
}
