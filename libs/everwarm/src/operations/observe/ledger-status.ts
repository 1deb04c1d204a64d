import { byAge } from '#contracts/by-age.ts';
import type { Transactions } from '#contracts/database.ts';

/** What one generation owes. */
export type LedgerStatus = {
  readonly generation: number;
  readonly pending: number;
  /** Whether `pending` is an estimate: what the leader counted last, or what Postgres's statistics say where nobody counted. */
  readonly isEstimate: boolean;
  /** The age of the oldest change that is not written, in milliseconds, or null; what the fuse holds included. */
  readonly lagMs: number | null;
  readonly held: { readonly changes: number; readonly keys: number };
};

/** Up to here keys are counted, which costs some milliseconds for each generation that owes so many. */
const countedExactly = 2000;

/** A count of the leader's that is older than this is no better than the statistics, in seconds. */
const freshSeconds = 60;

/**
 * What each generation owes and how old the oldest of it is, in a time that does not grow with the ledger: the oldest key by an
 * index, from the mark on below which all entries are dead; keys counted up to a bound, and estimated above it. Writes nothing.
 */
export async function readLedger(db: Transactions): Promise<ReadonlyMap<number, LedgerStatus>> {
  const { rows } = await db.transaction(
    (tx) =>
      tx.query<{
        generation: number;
        counted: number;
        full: boolean;
        estimate: number;
        lag: number | null;
        changes: number;
        keys: number;
      }>(ledgerSql),
    { opening: byAge },
  );
  return new Map(
    rows.map(({ generation, counted, full, estimate, lag, changes, keys }) => [
      generation,
      { generation, pending: full ? Math.max(counted, estimate) : counted, isEstimate: full, lagMs: lag, held: { changes, keys } },
    ]),
  );
}

/** A change of a quarantined key is tried, and until that succeeds the quarantine tells of it. */
const notQuarantined =
  '(l.attempts = 0 or not exists (select from everwarm.quarantine q where q.generation = l.generation and q.key = l.key))';

/** What {@link readLedger} asks. */
export const ledgerSql = `with lanes as materialized (
  select g.id as generation, p.counted, p.counted > ${countedExactly} as full, h.since,
    case when p.counted > ${countedExactly} then
      coalesce(case when m.counted_at > clock_timestamp() - interval '${freshSeconds} seconds' then m.pending end,
        pg_stat_get_live_tuples('everwarm.ledger'::regclass)) else p.counted end::float8 as estimate
  from everwarm.generations g cross join (values (false), (true)) b (bulk)
  left join everwarm.ledger_marks m on m.generation = g.id and m.bulk = b.bulk
  left join lateral (
    select l.since from everwarm.ledger l where l.generation + 0 = g.id and l.bulk = b.bulk and l.since >= coalesce(m.oldest, '-infinity') and ${notQuarantined} order by l.since limit 1
  ) h on true
  cross join lateral (
    select count(*)::float8 as counted from (
      select from everwarm.ledger l where l.generation + 0 = g.id and l.bulk = b.bulk and l.since >= coalesce(m.oldest, '-infinity') and ${notQuarantined}
      order by l.since limit ${countedExactly + 1}) few
  ) p
  where g.state <> 'dropped'
),
held as (
  select f.generation, min(f.since) as since, coalesce(sum(f.changes) filter (where f.state = 'held'), 0) as changes,
    coalesce(sum(f.estimate) filter (where f.state = 'held'), 0) as keys
  from everwarm.fan_outs f group by f.generation
)
select l.generation, sum(l.counted) as counted, bool_or(l.full) as full, sum(l.estimate) as estimate,
  extract(epoch from clock_timestamp() - least(min(l.since), min(h.since)))::float8 * 1000 as lag,
  coalesce(min(h.changes), 0)::float8 as changes, coalesce(min(h.keys), 0)::float8 as keys
from lanes l left join held h on h.generation = l.generation group by l.generation`;
