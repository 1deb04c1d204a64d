import type { Change } from '#contracts/change.ts';
import type { Database } from '#contracts/database.ts';
import { parseSnapshot, type Snapshot } from '#contracts/snapshot.ts';
import type { Giants } from './set-aside.ts';

/** What one look at the outbox gave: all that snapshot `now` sees and the snapshot before it did not. */
export type Batch = {
  readonly now: Snapshot;
  /** Moves when the set of generations or sources changed. */
  readonly revision: string;
  readonly changes: readonly Change[];
  /** More rows than fit into one batch: nothing of it may be used, read it through {@link readLarge}. */
  readonly tooLarge: boolean;
};

/** The most changes that are resolved at once. */
export const batchSize = 5000;

type Row = { now: string; revision: string; source: number | null; xid: string; mask: string; vals: (string | null)[] | null; at: number };

/**
 * The difference of two snapshots: rows of transactions that began after the last one (`xid >= xmax`), and of those that were
 * then in progress. Whatever the statement sees beyond that is what committed since, in any order of commit: no position, so no
 * gap; and nobody waits for the oldest transaction. The snapshot is the statement's own, so it is taken before any row is read.
 */
const difference = `select source, xid::text as xid, mask::text as mask, vals, extract(epoch from at)::float8 * 1000 as at from everwarm.outbox where xid >= $1::xid8
union all
select source, xid::text as xid, mask::text as mask, vals, extract(epoch from at)::float8 * 1000 as at from everwarm.outbox where xid = any($2::xid8[])`;

/** Reads what committed since `last`. One round trip; needs a session of its own with sequential scans off (see `Leadership`). */
export async function poll(db: Database, last: Snapshot): Promise<Batch> {
  const { rows } = await db.query<Row>({
    name: 'everwarm_poll',
    text: `select s.now, s.revision, c.* from (select pg_current_snapshot()::text as now, revision::text as revision from everwarm.relay) s
left join lateral (${difference} limit ${batchSize + 1}) c on true`,
    values: [String(last.xmax), last.inProgress],
  });
  const first = rows[0];
  const changes = rows.filter((row) => row.source !== null).map(toChange);
  return {
    now: parseSnapshot(first?.now ?? last.text),
    revision: first?.revision ?? '',
    changes: changes.length > batchSize ? [] : changes,
    tooLarge: changes.length > batchSize,
  };
}

/**
 * Reads a difference of any size through a cursor under one snapshot, a batch at a time, so that memory stays flat behind a
 * giant transaction or a long pause. `each` must finish before the next batch is read, and is told which transactions captured
 * more rows than `more`. Returns the snapshot that was read.
 */
export async function readLarge(
  db: Database,
  last: Snapshot,
  each: (changes: readonly Change[], giants: Giants) => Promise<void>,
  more = Number.POSITIVE_INFINITY,
): Promise<Snapshot> {
  await db.query('begin isolation level repeatable read');
  try {
    const { rows } = await db.query<{ now: string }>('select pg_current_snapshot()::text as now');
    const inProgress =
      last.inProgress.length === 0 ? 'array[]::xid8[]' : `array[${last.inProgress.map((xid) => `'${BigInt(xid)}'`).join(', ')}]::xid8[]`;
    const all = difference.replace('$1::xid8', `'${last.xmax}'::xid8`).replace('$2::xid8[]', inProgress);
    const giants = more === Number.POSITIVE_INFINITY ? new Map<string, { rows: number }>() : await giantsOf(db, all, more);
    await db.query(`declare everwarm_changes no scroll cursor for ${all}`);
    for (;;) {
      const page = await db.query<Row>(`fetch ${batchSize} from everwarm_changes`);
      if (page.rows.length > 0) await each(page.rows.map(toChange), giants);
      if (page.rows.length < batchSize) return parseSnapshot(rows[0]?.now ?? last.text);
    }
  } finally {
    await db.query('commit');
  }
}

/** Counted under the snapshot that is read. */
async function giantsOf(db: Database, all: string, more: number): Promise<Giants> {
  const { rows } = await db.query<{ xid: string; rows: number }>(
    `select xid, count(*)::float8 as rows from (${all}) d group by xid having count(*) > ${more}`,
  );
  return new Map(rows.map(({ xid, rows: count }) => [xid, { rows: count }]));
}

function toChange(row: Row): Change {
  return { source: row.source ?? 0, xid: row.xid, mask: BigInt(row.mask), values: row.vals, at: row.at };
}
