import type { Source } from '#contracts/change.ts';
import type { TableName } from '#contracts/compiled.ts';
import type { Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { captureFunction } from '#contracts/names.ts';
import { qualified } from '#model/literal.ts';
import { inspectTable, type TableFacts } from './inspect.ts';
import { type CapturedTable, captureEvents, captureFunctionSql, createTriggerSql, triggerName } from './trigger-sql.ts';
import type { Watch } from './watch-list.ts';

/** How often installing a trigger is tried while writers hold the table, and how long each try waits. */
const lockTries = { count: 50, timeoutMs: 200, pauseMs: 100 } as const;

/** A table whose capture was installed or changed. `unseen`: a trigger was missing or off, so writes may have gone by unseen. */
export type InstalledCapture = { readonly table: TableName; readonly unseen: boolean };

/**
 * Installs the capture of each watched table: functions replaced, triggers added where missing and put right where somebody
 * switched them off. One table per transaction with a short lock timeout and retries, so that no writer ever queues behind it.
 * Idempotent. Returns the tables it changed. Throws E_POSTGRES_UNFIT for a table that capture cannot follow.
 */
export async function installCapture(db: Transactions, watches: readonly Watch[]): Promise<InstalledCapture[]> {
  const changed: InstalledCapture[] = [];
  for (const watch of watches) {
    const facts = await inspectTable(db, watch);
    const source = await sourceOf(db, watch);
    const table: CapturedTable = { source, primaryKey: facts.primaryKey, sessionDependent: facts.sessionDependent };
    if (await isInstalled(db, table, facts)) continue;
    await withLockRetries(qualified(watch.table), () => install(db, table, facts));
    changed.push({ table: watch.table, unseen: captureEvents.some((event) => !facts.triggers.has(triggerName(event))) });
  }
  return changed;
}

function install(db: Transactions, table: CapturedTable, facts: TableFacts): Promise<void> {
  return db.transaction(async (tx) => {
    await tx.query(`set local lock_timeout = ${lockTries.timeoutMs}`);
    for (const event of captureEvents) {
      await tx.query(captureFunctionSql(table, event));
      await tx.query(
        `revoke execute on function everwarm."${captureFunction(table.source.table, event).replaceAll('"', '""')}"() from public`,
      );
      if (!facts.triggers.has(triggerName(event))) for (const statement of createTriggerSql(table.source, event)) await tx.query(statement);
    }
  });
}

/** A table is captured as wanted when each function's body is the one that would be written. */
async function isInstalled(db: Transactions, table: CapturedTable, facts: TableFacts): Promise<boolean> {
  if (captureEvents.some((event) => !facts.triggers.has(triggerName(event)))) return false;
  const names = captureEvents.map((event) => captureFunction(table.source.table, event));
  const { rows } = await db.query<{ name: string; body: string }>(
    `select p.proname as name, p.prosrc as body from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'everwarm' and p.proname = any($1)`,
    [names],
  );
  return captureEvents.every((event, index) => {
    const found = rows.find((row) => row.name === names[index]);
    return found !== undefined && captureFunctionSql(table, event).includes(found.body);
  });
}

async function sourceOf(db: Transactions, watch: Watch): Promise<Source> {
  const values = [watch.table.schema, watch.table.name, watch.links, watch.columns];
  await db.query(
    'insert into everwarm.sources (schema_name, table_name, links, columns) values ($1, $2, $3, $4) on conflict do nothing',
    values,
  );
  const { rows } = await db.query<{ id: number }>(
    'select id from everwarm.sources where schema_name = $1 and table_name = $2 and links = $3 and columns = $4',
    values,
  );
  const id = rows[0]?.id;
  if (id === undefined)
    throw new EverwarmError('E_POSTGRES', `The source row of ${qualified(watch.table)} vanished while it was being written.`);
  return { id, ...watch };
}

async function withLockRetries(table: string, action: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      const busy = error instanceof Error && 'code' in error && (error.code === '55P03' || error.code === '40P01');
      if (!busy) throw error;
      if (attempt >= lockTries.count) {
        throw new EverwarmError(
          'E_TIMEOUT',
          `Triggers could not be put on ${table}: other transactions held it during ${attempt} tries of ${lockTries.timeoutMs} ms. End them, then run migrate again.`,
          { cause: error },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, lockTries.pauseMs));
    }
  }
}
