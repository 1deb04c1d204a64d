import type { Database } from '#contracts/database.ts';
import type { Awaited, TokenLook, TokenState } from '#contracts/token-look.ts';
import { epochName, type Timeline, timelineSql } from './epoch.ts';
import { undeliveredOf } from './undelivered.ts';

type Row = Timeline & { readonly mark: string; readonly snapshot: string; readonly state: TokenState; readonly delivered: boolean };

const allVisibleIn = (snapshot: string) =>
  `not exists (select from unnest(a.xids::xid8[]) x where not pg_visible_in_snapshot(x, ${snapshot}))`;

/** Whether keys of this generation may be owed that nobody has written down yet, the one that is asked about among them. */
const scattered = `(g.id is null or g.state in ('building', 'dropped') or g.reconcile_phase is not null or g.stalled is not null or g.installed_xid is null
  or exists (select from everwarm.fan_outs f where f.generation = a.generation and (a.key is null or f.position is null or a.key collate "C" > f.position)))`;

const owedOfList = 'from everwarm.ledger l where l.generation = a.generation and (a.mark is null or l.first_seq <= a.mark)';

/*
 * In this order, all in the snapshot of one statement: what the relay delivered, it owes in the same commit, so a key that is not owed
 * beside a delivered change has it written, or was never its concern. A transaction that was captured nowhere is never in the relay's
 * snapshot, if nothing else comes: it is delivered when nothing is undelivered. Either way all that committed before it is too.
 */
const look = `with w as materialized (
  select t.*, s.last_value::text as mark, r.system = t.system as known, r.snapshot::pg_snapshot as delivered,
    exists (select from ${undeliveredOf} o) as lags
  from everwarm.relay r cross join (${timelineSql}) t cross join everwarm.ledger_seq s
)
select w.system, w.timeline, w.database, w.mark, case when w.lags then w.delivered else pg_current_snapshot() end::text as snapshot, d.delivered, case
  when not d.ended then 'open'
  when ${scattered} then 'apart'
  when a.key is null then case
    when exists (select from everwarm.quarantine q where q.generation = a.generation) then 'apart'
    when not d.delivered then 'behind'
    when not exists (select ${owedOfList}) then 'met'
    when exists (select ${owedOfList} and (l.attempts > 0 or l.bulk)) then 'apart'
    else 'behind' end
  when k.attempts > 0 or k.bulk then 'apart'
  when exists (select from everwarm.quarantine q where q.generation = a.generation and q.key = a.key) then 'apart'
  when not d.delivered or k.key is not null then 'behind'
  else 'met' end as state
from unnest($1::integer[], $2::text[], $3::text[], $4::bigint[]) with ordinality as a (generation, key, xids, mark, n)
cross join w
cross join lateral (
  select e.ended, w.known and (${allVisibleIn('w.delivered')} or (e.ended and not w.lags)) as delivered
  from (select ${allVisibleIn('pg_current_snapshot()')} as ended) e offset 0
) d
left join everwarm.generations g on g.id = a.generation
left join everwarm.ledger k on k.generation = a.generation and k.key = a.key
order by a.n`;

/**
 * How it stands with what readers wait for, in one statement. It is planned anew each time, since the outbox and the ledger are empty at
 * one look and hold a million rows at the next. Rejects when Postgres does not answer, or cannot say because it is a standby.
 */
export async function lookAtTokens(db: Database, awaited: readonly Awaited[]): Promise<TokenLook> {
  const { rows } = await db.query<Row>(look, [
    awaited.map(({ generation }) => generation),
    awaited.map(({ key }) => key),
    awaited.map(({ commits }) => `{${commits.map(({ xid }) => xid).join(',')}}`),
    awaited.map(({ mark }) => mark),
  ]);
  const [first] = rows;
  return {
    epoch: first ? epochName(first) : '',
    mark: first?.mark ?? '0',
    delivered: first?.snapshot ?? '0:0:',
    found: rows.map(({ state, delivered }) => ({ state, delivered })),
  };
}
