import type { Database } from '#contracts/database.ts';

/** What is left undone in a database that should be at rest: one line for each kind, none when all is done. */
export async function leftUndone(db: Database): Promise<string[]> {
  const { rows } = await db.query<{ what: string; count: string; example: string | null }>(
    `select 'changes in the outbox that no relay delivered' as what, count(*)::text as count, min(o.xid::text) as example
  from everwarm.relay r, everwarm.outbox o where o.xid >= pg_snapshot_xmin(r.snapshot::pg_snapshot) and not pg_visible_in_snapshot(o.xid, r.snapshot::pg_snapshot)
union all select 'keys in the ledger', count(*)::text, min(l.generation || ' ' || l.key || coalesce(': ' || l.error, '')) from everwarm.ledger l
union all select 'keys in quarantine', count(*)::text, min(q.generation || ' ' || q.key) from everwarm.quarantine q
union all select 'moments that came and went', count(*)::text, min(t.generation || ' ' || t.key) from everwarm.timers t
  join everwarm.generations g on g.id = t.generation where g.state <> 'dropped' and t.at < now() - interval '5 seconds'`,
  );
  return rows
    .filter(({ count }) => count !== '0')
    .map(({ what, count, example }) => `at rest there are ${count} ${what}, ${example} among them`);
}
