import { byAge } from '#contracts/by-age.ts';
import type { Database, Transactions } from '#contracts/database.ts';
import { undeliveredOf } from './undelivered.ts';

/** Whether nobody has written down which keys of a generation are owed: a walk over all of them is under way, or cannot be. */
const unknown = `(g.reconcile_phase is not null or g.stalled is not null or g.installed_xid is null)`;

const lags = `select g.id, case when ${unknown} then 'Infinity' else coalesce(extract(epoch from clock_timestamp() - least(u.at, h.since, q.since, f.since, t.at))::float8 * 1000, 0) end as lag
from everwarm.generations g
cross join (select min(o.at) as at from everwarm.relay r cross join lateral ${undeliveredOf} o) u
left join lateral (
  select min(l.since) as since from (values (false), (true)) b (bulk)
  left join everwarm.ledger_marks m on m.generation = g.id and m.bulk = b.bulk
  cross join lateral (
    select l.since from everwarm.ledger l where l.generation + 0 = g.id and l.bulk = b.bulk and l.since >= coalesce(m.oldest, '-infinity') order by l.since limit 1) l
) h on true
left join lateral (select min(since) as since from everwarm.quarantine where generation = g.id) q on true
left join lateral (select min(since) as since from everwarm.fan_outs where generation = g.id) f on true
left join lateral (select t.at from everwarm.timers t where t.generation = g.id and t.at < clock_timestamp() order by t.at limit 1) t on true
where g.state <> 'dropped'`;

/**
 * How old the oldest change of each generation is that is not in both stores, in milliseconds; 0 where there is none, Infinity where
 * nobody can tell. Keys in quarantine count, since they are behind too, and those whose moment came. In a time that does not grow with the ledger.
 */
export async function lookAtLags(db: Transactions): Promise<ReadonlyMap<number, number>> {
  const { rows } = await db.transaction((tx) => tx.query<{ id: number; lag: number }>(lags), { opening: byAge });
  return new Map(rows.map(({ id, lag }) => [id, Number(lag)]));
}

const older = `clock_timestamp() - $3::float8 * interval '1 millisecond'`;

const debts = `select ${unknown}
  or exists (select from everwarm.relay r cross join lateral ${undeliveredOf} o where o.at < ${older})
  or exists (select from everwarm.fan_outs f where f.generation = g.id and f.since < ${older} and (a.key is null or f.position is null or a.key collate "C" > f.position))
  or case when a.key is null then
    exists (select from everwarm.ledger l where l.generation + 0 = g.id and l.bulk = any('{false,true}') and l.since < ${older})
    or exists (select from everwarm.quarantine q where q.generation = g.id and q.since < ${older})
    or exists (select from everwarm.timers t where t.generation = g.id and t.at < ${older})
  else
    exists (select from everwarm.ledger l where l.generation = g.id and l.key = a.key and l.since < ${older})
    or exists (select from everwarm.quarantine q where q.generation = g.id and q.key = a.key and q.since < ${older})
    or exists (select from everwarm.timers t where t.generation = g.id and t.key = a.key and t.at < ${older})
  end as owed
from unnest($2::text[]) with ordinality as a (key, n) join everwarm.generations g on g.id = $1 order by a.n`;

/** Which of these keys are owed something older than so many milliseconds, or may be: what is not delivered is nobody's yet. A null key is the whole generation. */
export async function lookAtDebts(
  db: Database,
  generation: number,
  keys: readonly (string | null)[],
  olderThanMs: number,
): Promise<readonly boolean[]> {
  const { rows } = await db.query<{ owed: boolean }>(debts, [generation, keys, olderThanMs]);
  return keys.map((_, index) => rows[index]?.owed ?? true);
}
