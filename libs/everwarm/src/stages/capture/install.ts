import type { Source } from '#contracts/change.ts';
import type { TableName } from '#contracts/compiled.ts';
import type { Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { captureFunction, captureTriggerPrefix } from '#contracts/names.ts';
import { identifier, qualified } from '#model/sql/literal.ts';
import { type MemberFacts, readFacts, type TableFacts } from './facts.ts';
import { changedUnseen, fingerprintOf } from './fingerprint.ts';
import { inspectTable, isSessionDependent } from './inspect.ts';
import { seeMovesSql } from './moved-rows.ts';
import { offTriggers } from './problems.ts';
import { forgetOthers, remember, rememberedTables } from './remembered.ts';
import { type CapturedTable, captureEvents, captureFunctionSql, createTriggerSql, triggerName } from './trigger-sql.ts';
import type { Watch } from './watch-list.ts';

/** How often installing a trigger is tried while writers hold the table, and how long each try waits. */
const lockTries = { count: 50, timeoutMs: 200, pauseMs: 100 } as const;

/** A table whose capture was installed or changed. `unseen`: writes may have gone by unseen before. */
export type InstalledCapture = { readonly table: TableName; readonly unseen: boolean };

/**
 * Installs the capture of each watched table and of all its partitions: functions replaced, triggers added where missing and put
 * right where somebody switched them off; and takes it off tables that are watched no more. One table per transaction with a
 * short lock timeout and retries, so that no writer ever queues behind it. Idempotent. `role` is the one that computes documents.
 * Returns the tables it changed, and those that something happened to since they were last looked at.
 * Throws E_POSTGRES_UNFIT for a table that capture cannot follow.
 */
export async function installCapture(db: Transactions, watches: readonly Watch[], role: string | null = null): Promise<InstalledCapture[]> {
  const changed: InstalledCapture[] = [];
  const remembered = await rememberedTables(db);
  for (const watch of watches) {
    const facts = await inspectTable(db, watch, role);
    const now = fingerprintOf(facts);
    const last = remembered.find(({ table }) => table.schema === watch.table.schema && table.name === watch.table.name);
    // The root first: its row triggers come down to the partitions.
    const members = Object.values(facts.members).toSorted((a, b) => Number(b.isRoot) - Number(a.isRoot));
    const source = await sourceOf(db, watch);
    const table: CapturedTable = {
      source,
      primaryKey: facts.primaryKey,
      sessionDependent: isSessionDependent(watch, facts),
      aggregates: watch.aggregates ?? [],
      basis: new Map(Object.entries(facts.columns).flatMap(([name, { basis }]) => (basis ? [[name, basis]] : []))),
    };
    const isOff = members.some((member) => offTriggers(facts, member).length > 0);
    const isCurrent = !isOff && (await hasFunctions(db, table));
    if (!isCurrent) for (const member of members) await withLockRetries(qualified(member.table), () => install(db, table, facts, member));
    const after = isCurrent ? now : fingerprintOf(await inspectTable(db, watch, role));
    const unseen = isOff || (last !== undefined && changedUnseen(last.fingerprint, now)) || after.relation !== now.relation;
    await remember(db, watch, after);
    if (unseen || !isCurrent) changed.push({ table: watch.table, unseen });
  }
  await removeStray(db, watches);
  await forgetOthers(db, watches);
  return changed;
}

function install(db: Transactions, table: CapturedTable, facts: TableFacts, member: MemberFacts): Promise<void> {
  const off = offTriggers(facts, member);
  return db.transaction(async (tx) => {
    await tx.query(`set local lock_timeout = ${lockTries.timeoutMs}`);
    for (const event of captureEvents) {
      await tx.query(captureFunctionSql(table, event));
      await tx.query(`revoke execute on function everwarm.${identifier(captureFunction(table.source.table, event))}() from public`);
      if (off.includes(triggerName(event)))
        for (const statement of createTriggerSql(table.source, event, member.table)) await tx.query(statement);
    }
    if (facts.movesUnseen) for (const statement of seeMovesSql(table, member, off)) await tx.query(statement);
  });
}

/** Takes our triggers off tables that nobody watches: partitions that were detached, tables renamed, models that are gone. */
async function removeStray(db: Transactions, watches: readonly Watch[]): Promise<void> {
  const wanted = (await readFacts(db, watches)).flatMap(({ members }) => Object.keys(members));
  const { rows } = await db.query<{ schema: string; name: string; triggers: string[] }>(
    `select n.nspname as schema, c.relname as name, array_agg(t.tgname::text) as triggers
     from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_namespace f on f.oid = p.pronamespace and f.nspname = 'everwarm'
     join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
     where t.tgname like $1 and t.tgparentid = 0 and c.oid <> all($2::oid[]) group by 1, 2`,
    [`${captureTriggerPrefix}%`, wanted],
  );
  for (const table of rows) {
    await withLockRetries(qualified(table), () =>
      db.transaction(async (tx) => {
        await tx.query(`set local lock_timeout = ${lockTries.timeoutMs}`);
        for (const trigger of table.triggers) await tx.query(`drop trigger if exists ${identifier(trigger)} on ${qualified(table)}`);
      }),
    );
  }
}

/** Whether each function's body is the one that would be written. */
async function hasFunctions(db: Transactions, table: CapturedTable): Promise<boolean> {
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
