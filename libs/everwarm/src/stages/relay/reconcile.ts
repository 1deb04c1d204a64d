import type { CompiledModel } from '#contracts/compiled.ts';
import type { Database, Transactions } from '#contracts/database.ts';
import { type Lifecycle, lifecycleKind } from '#contracts/lifecycle.ts';
import { projectionTable } from '#contracts/names.ts';
import { blameGeneration, blameOf } from '#contracts/statement-error.ts';
import { holdMarks } from './count-ledger.ts';
import { oweBulk } from './owe.ts';
import { resetAggregates } from './reset-aggregates.ts';

/** How many keys one step owes, and how many may be owed before the next step waits. */
const stepKeys = 5000;
const backlogLimit = 15_000;

type Row = {
  id: number;
  state: string;
  model: CompiledModel;
  lifecycle: Lifecycle;
  phase: 'source' | 'projection';
  position: string[] | null;
  now: number;
};

/** Begins (or begins again) the walk over all keys of these generations: each becomes owed. */
export async function startReconcile(tx: Database, generations: readonly number[]): Promise<void> {
  if (generations.length === 0) return;
  await tx.query(
    `update everwarm.generations set reconcile_phase = 'source', reconcile_position = null, reconcile_seq = null where id = any($1)`,
    [generations],
  );
}

/**
 * The same where rows may have changed unseen, or something that is kept may be wrong: what is kept of aggregates is set anew too.
 * A change that was captured without its keys, such as a TRUNCATE, told the aggregates itself.
 */
export async function startAnew(tx: Database, generations: readonly number[]): Promise<void> {
  await resetAggregates(tx, generations);
  await startReconcile(tx, generations);
}

/**
 * One step of one walk: first over the keys of the source, in primary key order, then over the keys of the projection, which
 * finds documents whose row is gone. The position is durable and moves in the transaction that owes the keys. A walk begins
 * only when no transaction is left that wrote before the triggers were there, and pauses while much is owed.
 * Where a condition of the model fails by a value that it meets, the step takes every key without asking it: whose own value it is
 * will show when that key is recomputed. Returns whether there was anything to do. Rejects, naming the generation, when its
 * statement cannot run.
 */
export async function reconcileStep(db: Transactions): Promise<boolean> {
  try {
    return await step(db, false);
  } catch (error) {
    if (blameOf(error)?.by === 'value') return step(db, true);
    throw error;
  }
}

function step(db: Transactions, everyKey: boolean): Promise<boolean> {
  return db.transaction(
    async (tx) => {
      const { rows } = await tx.query<Row>(
        // Each walk waits for its own keys alone: those of a generation that nobody can compute now are not worked off.
        `select id, state, model, lifecycle, reconcile_phase as phase, reconcile_position as position, extract(epoch from now())::float8 * 1000 as now from everwarm.generations g
where reconcile_phase is not null and stalled is null and state <> 'dropped' and installed_xid < pg_snapshot_xmin(pg_current_snapshot())
  and (select count(*) from (select from everwarm.ledger l where l.generation = g.id limit ${backlogLimit}) owed) < ${backlogLimit} order by id limit 1 for update`,
      );
      const walk = rows[0];
      if (!walk) return false;
      const isLazy = lifecycleKind(walk.lifecycle) === 'lazy';
      const page = isLazy
        ? await storedKeys(tx, walk)
        : walk.phase === 'source'
          ? await sourceKeys(tx, walk, everyKey)
          : await projectedKeys(tx, walk, everyKey);
      await oweBulk(tx, walk.id, page.keys, walk.now);
      if (page.isFull) await moveTo(tx, walk.id, walk.phase, page.position);
      else if (walk.phase === 'source' && !isLazy) await moveTo(tx, walk.id, 'projection', null);
      else await finish(tx, walk.id);
      return true;
    },
    { opening: [holdMarks] },
  );
}

type Page = { readonly keys: readonly string[]; readonly position: readonly string[] | null; readonly isFull: boolean };

async function sourceKeys(tx: Database, { id, model, position }: Row, everyKey: boolean): Promise<Page> {
  const { rows } = await tx
    .query<{ key: string; position: string[] }>((everyKey ? model.everyKey : null) ?? model.enumerate, [position, stepKeys])
    .catch((error: unknown) => Promise.reject(blameGeneration(id, error)));
  return { keys: rows.map((row) => row.key), position: rows.at(-1)?.position ?? null, isFull: rows.length === stepKeys };
}

/** Of a lazy read model, what is stored of it: everything else is made when it is read. */
async function storedKeys(tx: Database, { id, position }: Row): Promise<Page> {
  const { rows } = await tx.query<{ key: string }>(
    `select key from everwarm.${projectionTable(id)} where as_of > '-infinity' and ($1::text is null or key > $1) order by key limit $2`,
    [position?.[0] ?? null, stepKeys],
  );
  const keys = rows.map(({ key }) => key);
  const last = keys.at(-1);
  return { keys, position: last === undefined ? null : [last], isFull: keys.length === stepKeys };
}

/** Keys that are projected and have no row: those that have one were owed as keys of the source. */
async function projectedKeys(tx: Database, { id, model, position }: Row, everyKey: boolean): Promise<Page> {
  const live = model.kind === 'document' ? 'doc' : 'member';
  const { rows } = await tx.query<{ key: string }>(
    `select distinct key collate "C" as key from everwarm.${projectionTable(id)} where ${live} is not null and ($1::text is null or key collate "C" > $1) order by 1 limit $2`,
    [position?.[0] ?? null, stepKeys],
  );
  const keys = rows.map((row) => row.key);
  const isPresent = new Set(everyKey ? [] : await presentKeys(tx, { id, model }, keys));
  const last = keys.at(-1);
  return {
    keys: keys.filter((key) => !isPresent.has(key)),
    position: last === undefined ? null : [last],
    isFull: keys.length === stepKeys,
  };
}

async function presentKeys(tx: Database, { id, model }: Pick<Row, 'id' | 'model'>, keys: readonly string[]): Promise<string[]> {
  const { rows } = await tx
    .query<{ key: string }>(model.present, [keys])
    .catch((error: unknown) => Promise.reject(blameGeneration(id, error)));
  return rows.map(({ key }) => key);
}

async function moveTo(tx: Database, id: number, phase: Row['phase'], position: readonly string[] | null): Promise<void> {
  await tx.query('update everwarm.generations set reconcile_phase = $2, reconcile_position = $3 where id = $1', [id, phase, position]);
}

/** The walk is over; what it owed is written when no key is owed that was first owed before now. */
async function finish(tx: Database, id: number): Promise<void> {
  await tx.query(
    `update everwarm.generations set reconcile_phase = null, reconcile_position = null, reconcile_seq = nextval('everwarm.ledger_seq') where id = $1`,
    [id],
  );
}
