import type { Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { blameGeneration, blameOf } from '#contracts/statement-error.ts';
import { reached } from '#contracts/steps.ts';
import { holdMarks } from './count-ledger.ts';
import { type FanOut, noteFanOut } from './fan-out.ts';
import { oweBulk } from './owe.ts';
import { startReconcile } from './reconcile.ts';

/** How many keys one step owes, how many may be owed before the next step waits, and how many one look at the sources finds. */
const stepKeys = 5000;
const backlogLimit = 15_000;
const chunkKeys = 50_000;

/** What the walker works with. */
export type WalkerParts = {
  readonly db: Transactions;
  /** The most keys that one change of a read model may dirty, by the read model's name. */
  readonly fuse: (model: string) => number;
  /** Told of every change that is held, and of every one whose keys cannot be found. */
  readonly onHeld: (error: EverwarmError) => void;
  readonly onLost: (error: unknown) => void;
};

/** A fan-out as its row says. */
type Open = FanOut & {
  readonly id: string;
  readonly seq: string;
  readonly name: string;
  readonly begun: boolean;
  readonly fused: boolean;
  readonly position: string | null;
};

/** The next keys of a fan-out behind a position, of which some are owed already. `isLast` when there are no others. */
type Chunk = { readonly id: string; keys: readonly string[]; position: string | null; readonly isLast: boolean };

/**
 * Works off fan-outs, one step for each call, those first of which least is done: a small one does not wait for a giant one. The
 * keys are found in their order, a chunk at a time, and owed in transactions that also move the position, which is where another
 * leader goes on. It waits while the generation has much to do, so neither the ledger nor this process grows with what a change
 * dirties. Whatever becomes of the rows between two looks is a change of its own. Before the first step a change that dirties
 * more keys than the fuse allows is held, and nothing of it is owed. Only the leader may have a walker, and calls it never twice
 * at once. A call returns whether there was anything to do; it rejects, naming the generation, when a query cannot run.
 */
export function fanOutWalker({ db, fuse, onHeld, onLost }: WalkerParts): () => Promise<boolean> {
  let chunk: Chunk | null = null;
  const walk = async (next: Open) => {
    if (!next.begun) {
      const most = next.fused ? fuse(next.name) : Number.POSITIVE_INFINITY;
      if (await dirtiesMore(db, next, most)) return (await split(db, next)) || hold(db, next, most, onHeld);
      // Equal changes from here on find a row that was begun, and leave another one: they may come after the look at their keys.
      await db.query('update everwarm.fan_outs set begun = true where id = $1', [next.id]);
    }
    if (chunk?.id !== next.id || chunk.position !== next.position || (chunk.keys.length === 0 && !chunk.isLast))
      chunk = await readChunk(db, next);
    chunk = await oweStep(db, next, chunk);
    return true;
  };
  return async () => {
    const next = await nextFanOut(db);
    if (!next) {
      await db.query(forgetDropped);
      return false;
    }
    try {
      return await walk(next);
    } catch (error) {
      if (blameOf(error)?.by === 'value') return lookAtAll(db, next, error, onLost);
      throw error;
    }
  };
}

/** The query of a fan-out fails by a value that it meets, so nobody knows which keys it would find: all of the generation are looked at. */
async function lookAtAll(db: Transactions, { id, generation }: Open, error: unknown, onLost: WalkerParts['onLost']): Promise<boolean> {
  await db.transaction(async (tx) => {
    await tx.query('delete from everwarm.fan_outs where id = $1', [id]);
    await startReconcile(tx, [generation]);
  });
  onLost(error);
  return true;
}

/** Whatever a generation owed is owed no more when it is dropped. */
const forgetDropped = `delete from everwarm.fan_outs f where not exists (select from everwarm.generations g where g.id = f.generation and g.state <> 'dropped')`;

/** One whose changes are still being delivered may lack keys: what a transaction dirtied is counted whole. */
async function nextFanOut(db: Transactions): Promise<Open | undefined> {
  const { rows } = await db.query<Open>(
    `select f.id::text, f.seq::text, f.generation, g.name, f.path, f.source, f.xids, extract(epoch from f.since)::float8 * 1000 as since, f.keys, f.parameters, f.begun,
  not f.released and g.state <> 'building' as fused, f.position
from everwarm.fan_outs f join everwarm.generations g on g.id = f.generation
where f.state = 'open' and g.stalled is null and g.state <> 'dropped' and pg_visible_in_snapshot(f.xid, (select r.snapshot from everwarm.relay r)::pg_snapshot)
  and (select count(*) from (select from everwarm.ledger l where l.generation = g.id limit ${backlogLimit}) owed) < ${backlogLimit} order by f.owed, f.id limit 1`,
  );
  return rows[0];
}

async function dirtiesMore(db: Transactions, { generation, keys, parameters }: Open, most: number): Promise<boolean> {
  if (most === Number.POSITIVE_INFINITY) return false;
  const { rows } = await db
    .query<{ count: string }>(`select count(*)::text as count from (${keys} limit ${most + 1}) k`, [...parameters])
    .catch((error: unknown) => Promise.reject(blameGeneration(generation, error)));
  return Number(rows[0]?.count) > most;
}

/** What several transactions dirty together is halved until each half is allowed, or of one transaction alone. Returns whether it was. */
async function split(db: Transactions, next: Open): Promise<boolean> {
  const all = [...new Set(next.xids)];
  if (all.length < 2) return false;
  const first = new Set(all.slice(0, all.length >> 1));
  await db.transaction(async (tx) => {
    await tx.query('delete from everwarm.fan_outs where id = $1', [next.id]);
    for (const isFirst of [true, false]) {
      const isMine = (_: unknown, row: number) => first.has(next.xids[row] ?? '') === isFirst;
      const parameters = next.parameters.map((column) => column.filter(isMine));
      await noteFanOut(tx, { ...next, parameters, xids: next.xids.filter(isMine) });
    }
  });
  return true;
}

/** How many keys there are at all is left to the planner, which may be wrong; it is asked so that nobody has to count them. */
async function hold(db: Transactions, { id, generation, name, path, keys, parameters }: Open, most: number, onHeld: WalkerParts['onHeld']) {
  const { rows } = await db.query<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>(`explain (format json) ${keys}`, [...parameters]);
  const about = Math.max(most + 1, rows[0]?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0);
  await db.query(`update everwarm.fan_outs set state = 'held', estimate = $2 where id = $1`, [id, about]);
  onHeld(
    new EverwarmError(
      'E_FUSE',
      `A change at ${path} dirties more than ${most} documents of ${name}, about ${about}: it is held, and everything else goes on. Let it through with everwarm fuse release ${id}, or drop it with everwarm fuse discard ${id}.`,
      { context: { model: name, generation, path, fanOut: id, keys: about } },
    ),
  );
  return true;
}

async function readChunk(db: Transactions, { id, generation, keys, parameters, position }: Open): Promise<Chunk> {
  const next = parameters.length;
  const { rows } = await db
    .transaction((tx) =>
      tx.query<{ key: string }>(
        `select key from (select key collate "C" as key from (${keys}) found) k where $${next + 1}::text is null or key > $${next + 1} order by key limit $${next + 2}`,
        [...parameters, position, chunkKeys],
      ),
    )
    .catch((error: unknown) => Promise.reject(blameGeneration(generation, error)));
  return { id, keys: rows.map((row) => row.key), position, isLast: rows.length < chunkKeys };
}

/** Owes the next keys of a chunk and moves the position, unless somebody else did meanwhile or an operator discarded the fan-out. */
async function oweStep(db: Transactions, { id, seq, generation, since }: Open, chunk: Chunk): Promise<Chunk | null> {
  const keys = chunk.keys.slice(0, stepKeys);
  const rest = chunk.keys.slice(stepKeys);
  const isDone = chunk.isLast && rest.length === 0;
  const position = keys.at(-1) ?? chunk.position;
  const moved = await db.transaction(
    async (tx) => {
      const isMine = `id = $1 and state = 'open' and position is not distinct from $2`;
      const { rowCount } = isDone
        ? await tx.query(`delete from everwarm.fan_outs where ${isMine}`, [id, chunk.position])
        : await tx.query(`update everwarm.fan_outs set position = $3, owed = owed + $4 where ${isMine}`, [
            id,
            chunk.position,
            position,
            keys.length,
          ]);
      if (rowCount !== 1) return false;
      await oweBulk(tx, generation, keys, since, seq);
      return true;
    },
    { opening: [holdMarks] },
  );
  reached('relay.fan-out');
  return moved && !isDone ? { ...chunk, keys: rest, position } : null;
}
