import type { Everwarm, PendingInlined } from 'everwarm';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Part, Step, Transaction } from './random-transactions.ts';
import type { Table } from './source.ts';
import { type Operation, render } from './writes.ts';

/** How long a statement waits for a lock that another transaction of its step, or a prepared one, holds. */
const lockTimeoutMs = 150;

/** What a step did: each statement with its outcome, to be printed when a comparison fails. */
export type Played = {
  readonly log: readonly string[];
  readonly prepared: readonly string[];
  readonly resolved: readonly string[];
  /** What committed transactions have written inline. */
  readonly inlined: readonly Inlined[];
};

/** What a transaction that was committed has written itself, and what it left to the workers. */
export type Inlined = Pick<PendingInlined, 'written' | 'left'>;

/** Where a step is played. `prefix` begins the ids of prepared transactions, which are one server's, not one database's. */
export type Stage = {
  readonly pool: Pool;
  readonly tables: readonly Table[];
  readonly prefix: string;
  /** What runs when the step begins, null before anything is installed. */
  readonly everwarm: Pick<Everwarm, 'inline'> | null;
};

/**
 * Plays a step: its transactions do their statements side by side, all at once or in turns, then end one after the other in the step's order, so that
 * what began first need not commit first. A statement that fails is rolled back to before it, and the transaction goes on.
 */
export async function playStep({ pool, tables, prefix, everwarm }: Stage, step: Step): Promise<Played> {
  const log: string[] = [];
  let whole = false;
  const prepared: string[] = [];
  const inlined: Inlined[] = [];
  const clients = await Promise.all(step.transactions.map(() => pool.connect()));
  try {
    const players = step.transactions.map(({ parts, ...transaction }, index): Player => {
      const [client, note] = [clients[index]!, (line: string) => void log.push(`${index}: ${line}`)];
      const rest = [...parts];
      return {
        begin: () => begin(client, transaction, note),
        next: async () => {
          const part = rest.shift();
          if (part) await doPart(client, part, tables, note);
          return rest.length > 0;
        },
      };
    });
    for (const player of players) await player.begin();
    // In turns nothing depends on how quick anybody is; all at once, the server decides what meets what.
    for (const turn of step.turns ?? []) await players[turn]?.next();
    await Promise.all(players.map(finish));
    // A step that was made smaller may have lost transactions, or their places in the order.
    const order = new Set([...step.order, ...step.transactions.keys()]);
    for (const index of [...order].filter((place) => place < step.transactions.length)) {
      const { ending, inline } = step.transactions[index]!;
      const note = (line: string) => void log.push(`${index}: ${line}`);
      const writes = inline && everwarm ? await writeInline(everwarm, clients[index]!, note) : null;
      const sql = typeof ending === 'string' ? ending : `prepare transaction '${prefix}${ending.prepare}'`;
      const outcome = await attempt(clients[index]!, { sql });
      note(`${sql}; -- ${outcome}`);
      if (outcome !== 'ok') await clients[index]!.query('rollback');
      else if (typeof ending !== 'string') prepared.push(ending.prepare);
      else if (writes) {
        await writes.publish();
        inlined.push(writes);
      }
    }
    whole = true;
  } finally {
    // A connection that is left inside a transaction is of no use to anybody.
    for (const client of clients) client.release(!whole);
  }
  const resolved: string[] = [];
  for (const { id, commit } of step.resolve) {
    const sql = `${commit ? 'commit' : 'rollback'} prepared '${prefix}${id}'`;
    const outcome = await attempt(pool, { sql });
    log.push(`${sql}; -- ${outcome}`);
    resolved.push(id);
  }
  return { log, prepared, resolved, inlined };
}

type Note = (line: string) => void;

/** Has the transaction write its documents; null where it may not, which leaves it as it was. */
async function writeInline(everwarm: Pick<Everwarm, 'inline'>, client: PoolClient, note: Note): Promise<PendingInlined | null> {
  await client.query('savepoint inline');
  try {
    const writes = await everwarm.inline(client);
    note(`everwarm.inline; -- ${JSON.stringify({ written: writes.written, left: writes.left })}`);
    return writes;
  } catch (error) {
    await client.query('rollback to savepoint inline');
    note(`everwarm.inline; -- ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

/** One transaction being played: `next` does one part of it, and says whether there are more. */
type Player = { readonly begin: () => Promise<void>; readonly next: () => Promise<boolean> };

async function finish(player: Player): Promise<void> {
  while (await player.next());
}

async function begin(client: PoolClient, { isolation, settings }: Omit<Transaction, 'parts'>, note: Note): Promise<void> {
  await client.query(`begin isolation level ${isolation}; set local lock_timeout = ${lockTimeoutMs}; set local deadlock_timeout = '20ms'`);
  for (const setting of settings) await client.query(`set local ${setting}`);
  note(`begin isolation level ${isolation}; ${settings.map((setting) => `set local ${setting};`).join(' ')}`);
}

async function doPart(client: PoolClient, part: Part, tables: readonly Table[], note: Note): Promise<void> {
  if ('do' in part) return guarded(client, render(part, tables), note);
  await client.query('savepoint block');
  for (const write of part.block) await guarded(client, render(write, tables), note);
  await client.query(part.keep ? 'release savepoint block' : 'rollback to savepoint block');
  note(`${part.keep ? 'release' : 'rollback to'} savepoint block;`);
}

async function guarded(client: PoolClient, operation: Operation | null, note: Note): Promise<void> {
  if (!operation) return;
  await client.query('savepoint statement');
  const outcome = await attempt(client, operation);
  if (outcome !== 'ok') await client.query('rollback to savepoint statement');
  note(`${operation.sql}; -- ${operation.copy === undefined ? '' : `${JSON.stringify(operation.copy)} `}${outcome}`);
}

async function attempt(client: Pool | PoolClient, { sql, copy }: Operation): Promise<string> {
  try {
    if (copy === undefined) await client.query(sql);
    else await stream(client as PoolClient, sql, copy);
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function stream(client: PoolClient, sql: string, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const target = client.query(copyFrom(sql));
    target.on('finish', resolve);
    target.on('error', reject);
    target.end(text);
  });
}
