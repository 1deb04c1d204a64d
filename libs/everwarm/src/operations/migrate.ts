import type { CompiledModel } from '#contracts/compiled.ts';
import type { Database, Transactions } from '#contracts/database.ts';
import { migrationLock } from '#contracts/names.ts';
import { definitionHash } from '#model/compile.ts';
import { differences } from '#model/explain/difference.ts';
import { enterEpoch } from '#platform/epoch.ts';
import { migrateSchema } from '#platform/migrate-schema.ts';
import { type InstalledCapture, installCapture } from '#stages/capture/install.ts';
import { watchList } from '#stages/capture/watch-list.ts';
import { documentTableSql } from '#stages/write-through/write-documents.ts';
import { entryTableSql } from '#stages/write-through/write-entries.ts';
import { checkReach } from './check-reach.ts';
import { grantRuntime } from './grant.ts';
import { installInline } from './inline/install-inline.ts';
import { leaveOutdated, type Stored } from './outdated.ts';
import { distrustOthers, registerAggregates, releaseAggregates } from './register-aggregates.ts';
import { rehearse } from './rehearse.ts';
import { type LifecycleChange, setLifecycles } from './set-lifecycles.ts';

/** What a migration did, or with `dryRun` would do. */
export type Migration = {
  /** Steps of the engine's own schema. */
  readonly schema: readonly string[];
  /** Read models that got a new generation. */
  readonly generations: readonly string[];
  /** Tables whose triggers were installed or changed. */
  readonly captured: readonly string[];
  /** Read models whose documents are written at other times from now on. */
  readonly lifecycles: readonly LifecycleChange[];
  /** For each of those that another definition serves until the new one is built: what became of it, in sentences. */
  readonly differences: readonly { readonly name: string; readonly changes: readonly string[] }[];
  /** With `dryRun` the SQL that would be run, in order; else empty. Ids in it are those that this database would give now. */
  readonly sql: readonly string[];
};

/** How to migrate: whether only to tell, and the role that is to run the workers when it is another one. */
export type MigrateOptions = { readonly dryRun?: boolean; readonly runtimeRole?: string | undefined };

/**
 * Brings a database to what these models need: the engine's schema, a generation for each definition that has none, triggers
 * for the union of all live generations. Idempotent. The caller sees to it that no other one runs (see `alone`). A new generation is filled by
 * the relay, and only once every transaction has ended that may have written before its triggers were there; one that serves
 * is walked again in place where a trigger it needs had been missing or switched off.
 * Throws E_DEFINITION for a model that this database cannot keep right, before anything of it is stored.
 */
export async function migrate(
  db: Transactions,
  models: readonly CompiledModel[],
  { dryRun = false, runtimeRole }: MigrateOptions = {},
): Promise<Migration> {
  if (!dryRun) return { ...(await migrateNow(db, models, runtimeRole)), sql: [] };
  const { result, sql } = await rehearse(db, (rehearsal) => migrateNow(rehearsal, models, runtimeRole));
  // What runs every time, such as a new look at every generation, is told of only where there is something to migrate.
  const isNews = [result.schema, result.generations, result.captured, result.lifecycles].some((names) => names.length > 0);
  return { ...result, sql: isNews ? sql : [] };
}

async function migrateNow(
  db: Transactions,
  models: readonly CompiledModel[],
  runtimeRole: string | undefined,
): Promise<Omit<Migration, 'sql'>> {
  const schema = await migrateSchema(db);
  await enterEpoch(db);
  const missing = await withoutGeneration(db, models);
  for (const model of missing) await checkReach(db, model);
  const differing = await fromServing(db, missing);
  const lifecycles = await db.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1, $2)', [...migrationLock]);
    for (const model of await withoutGeneration(tx, models)) await createGeneration(tx, model);
    await serveKnown(tx, models);
    await registerAggregates(tx, models);
    return setLifecycles(tx, models);
  });
  const { rows } = await db.query<Stored>(`select id, hash, model from everwarm.generations where state <> 'dropped' order by id`);
  // In transactions, whose isolation is not the database's own: a walk or a fold may write the same rows.
  const live = await db.transaction((tx) => leaveOutdated(tx, rows, models));
  const watches = watchList(live.map(({ model }) => model));
  const told = watches.flatMap(({ aggregates = [] }) => aggregates);
  await db.transaction((tx) => distrustOthers(tx, told));
  const installed = await installCapture(db, watches, runtimeRole);
  await db.transaction(async (tx) => {
    // The walk over a generation's keys waits until every transaction older than this one is over.
    await tx.query(
      `update everwarm.generations set installed_xid = pg_current_xact_id(), reconcile_phase = 'source', reconcile_position = null, reconcile_seq = null
where id = any($1) or (installed_xid is null and state = 'building')`,
      [live.filter(({ model }) => missedWrites(model, installed)).map(({ id }) => id)],
    );
    await releaseAggregates(
      tx,
      told,
      installed.filter(({ unseen }) => unseen).map(({ table }) => table),
    );
    await installInline(tx);
    await tx.query('update everwarm.relay set revision = revision + 1');
    if (runtimeRole !== undefined)
      await grantRuntime(
        tx,
        runtimeRole,
        live.map(({ model }) => model),
      );
  });
  const captured = installed.map(({ table }) => `${table.schema}.${table.name}`);
  return { schema, generations: missing.map((model) => model.name), captured, lifecycles, differences: differing };
}

/** What becomes of the definitions that serve now. */
async function fromServing(db: Database, missing: readonly CompiledModel[]): Promise<Migration['differences']> {
  const { rows } = await db.query<{ name: string; model: CompiledModel }>(
    `select name, model from everwarm.generations where state = 'serving' and name = any($1)`,
    [missing.map(({ name }) => name)],
  );
  return missing.flatMap((model) => {
    const serving = rows.find(({ name }) => name === model.name);
    return serving ? [{ name: model.name, changes: differences(serving.model, model) }] : [];
  });
}

/** Whether a table that this model reads lacked a trigger until now: all of its keys must be looked at again. */
function missedWrites({ dependencies }: CompiledModel, installed: readonly InstalledCapture[]): boolean {
  return installed.some(
    ({ table, unseen }) =>
      unseen && dependencies.some((dependency) => dependency.table.schema === table.schema && dependency.table.name === table.name),
  );
}

async function withoutGeneration(db: Database, models: readonly CompiledModel[]): Promise<CompiledModel[]> {
  const { rows } = await db.query<{ name: string; hash: string }>(`select name, hash from everwarm.generations where state <> 'dropped'`);
  const known = new Set(rows.map((row) => `${row.name} ${row.hash}`));
  return models.filter((model) => !known.has(`${model.name} ${definitionHash(model)}`));
}

async function createGeneration(tx: Database, model: CompiledModel): Promise<void> {
  // A build of yet another definition that never came to serve is given up: nothing reads it.
  await dropBuilding(tx, model.name, '');
  const { rows } = await tx.query<{ id: number }>(
    `insert into everwarm.generations (name, hash, state, model, lifecycle) values ($1, $2, 'building', $3, $4) returning id`,
    [model.name, definitionHash(model), JSON.stringify({ ...model, lifecycle: undefined }), JSON.stringify(model.lifecycle ?? 'async')],
  );
  const id = rows[0]?.id ?? 0;
  await tx.query(model.kind === 'document' ? documentTableSql(id) : entryTableSql(id));
}

/** A definition whose generation is still kept (a rollback of the code) serves again at once. */
async function serveKnown(tx: Database, models: readonly CompiledModel[]): Promise<void> {
  for (const model of models) {
    const hash = definitionHash(model);
    const { rows } = await tx.query<{ id: number }>(
      `select id from everwarm.generations where name = $1 and hash = $2 and state in ('previous', 'serving')`,
      [model.name, hash],
    );
    const id = rows[0]?.id;
    if (id === undefined) continue;
    await dropBuilding(tx, model.name, hash);
    await tx.query('select everwarm.serve($1)', [id]);
  }
}

async function dropBuilding(tx: Database, name: string, exceptHash: string): Promise<void> {
  const { rows } = await tx.query<{ id: number }>(
    `update everwarm.generations set state = 'dropped' where name = $1 and hash <> $2 and state = 'building' returning id`,
    [name, exceptHash],
  );
  for (const { id } of rows) {
    await tx.query(`drop table if exists everwarm.projection_${id}`);
    await tx.query('delete from everwarm.ledger where generation = $1', [id]);
  }
}
