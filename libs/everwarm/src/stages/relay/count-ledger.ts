import type { Database, Transactions } from '#contracts/database.ts';
import { isLockTimeout } from '#contracts/failure.ts';
import { marksLock } from '#contracts/names.ts';

/** A count is followed by a rest of so many times its length, and of a second at least. */
const restFactor = 20;
const leastRestMs = 1000;

/** Marks are never so young that a change just made could be older, in seconds. */
const markAge = 5;

/** How many keys must have been owed since the marks were last written for them to be worth it, unless there is much to count. */
const worthwhile = 2000;

/**
 * Counts what the ledger owes, and notes for each generation and lane how much it is and before which time nothing is owed. Whoever
 * looks for the oldest keys begins there and skips what was written and cannot be vacuumed. A count reads the whole ledger, so it
 * also finds keys below a mark, which is then lowered, and keys of generations that are no more, which it forgets. Returns a function for the leader to call again and again, which says when to call it next, in milliseconds.
 */
export function ledgerCounter(db: Transactions): () => Promise<number> {
  let marked = '0';
  let wasLarge = false;
  return async () => {
    const began = performance.now();
    const { rows } = await db.query<Count>(countSql);
    const isLarge = rows.some(({ pending }) => pending >= worthwhile);
    const seq = rows[0]?.seq ?? '0';
    if (isLarge || wasLarge || rows.some(({ below }) => below) || BigInt(seq) - BigInt(marked) >= BigInt(worthwhile)) {
      if (await noteAlone(db, rows)) {
        // What was delivered between the look and the note saw the mark as it was, and left it. Whoever comes now sees it as it is.
        const { rows: since } = await db.query<Count>(countSql);
        await note(
          db,
          since.filter(({ below }) => below),
        );
        marked = seq;
        wasLarge = isLarge;
      }
    }
    if (rows.some(({ live, pending }) => !live && pending > 0)) await db.query(forgetSql);
    return Math.max(leastRestMs, restFactor * (performance.now() - began));
  };
}

type Count = {
  readonly generation: number;
  readonly bulk: boolean;
  readonly pending: number;
  /** To the microsecond, in a form that no session reads as another time. */
  readonly oldest: string;
  readonly live: boolean;
  readonly seq: string;
  /** Whether something is owed of a time before the mark. */
  readonly below: boolean;
};

const countSql = `with owed as (
  select generation, bulk, count(*) as pending, min(since) as since from everwarm.ledger group by generation, bulk
),
lanes as (
  select g.id as generation, b.bulk from everwarm.generations g cross join (values (false), (true)) b (bulk) where g.state <> 'dropped'
)
select generation, bulk, coalesce(o.pending, 0)::float8 as pending, l.generation is not null as live,
  to_char(least(o.since, clock_timestamp() - interval '${markAge} seconds') at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' as oldest, (select last_value::text from everwarm.ledger_seq) as seq,
  coalesce(o.since < m.oldest, false) as below
from lanes l full join owed o using (generation, bulk) left join everwarm.ledger_marks m using (generation, bulk)`;

/**
 * Writes the marks while nobody owes anything, so that whoever saw them as they were has committed before the next look. Returns false
 * when somebody goes on owing for longer than others may be held up.
 */
async function noteAlone(db: Transactions, counts: readonly Count[]): Promise<boolean> {
  const alone = [`set local lock_timeout = '100ms'`, `select pg_advisory_xact_lock(${marksLock.join(', ')})`];
  try {
    await db.transaction((tx) => note(tx, counts), { opening: alone });
    return true;
  } catch (error) {
    if (isLockTimeout(error)) return false;
    throw error;
  }
}

async function note(db: Database, counts: readonly Count[]): Promise<void> {
  const live = counts.filter(({ live: isLive }) => isLive);
  if (live.length === 0) return;
  await db.query(noteSql, [
    live.map((row) => row.generation),
    live.map((row) => row.bulk),
    live.map((row) => row.oldest),
    live.map((row) => row.pending),
  ]);
}

const noteSql = `insert into everwarm.ledger_marks as m (generation, bulk, oldest, pending, counted_at)
select c.generation, c.bulk, c.oldest, c.pending, clock_timestamp() from unnest($1::integer[], $2::boolean[], $3::timestamptz[], $4::bigint[]) as c (generation, bulk, oldest, pending)
on conflict (generation, bulk) do update set oldest = excluded.oldest, pending = excluded.pending, counted_at = excluded.counted_at`;

const forgetSql = `delete from everwarm.ledger l where not exists (select from everwarm.generations g where g.id = l.generation and g.state <> 'dropped')`;

/** Opens a transaction that owes keys: marks stay as it sees them, and {@link lowerMarks} leaves them, until it commits. */
export const holdMarks = `select pg_advisory_xact_lock_shared(${marksLock.join(', ')})`;

/**
 * Where a mark says that nothing so old is owed, makes it say so no more. For whoever owes keys of changes long past, in a transaction
 * that {@link holdMarks} opened.
 */
export const lowerMarks = (since: string): string =>
  `update everwarm.ledger_marks set oldest = to_timestamp(${since}::float8 / 1000) where oldest > to_timestamp(${since}::float8 / 1000)`;
