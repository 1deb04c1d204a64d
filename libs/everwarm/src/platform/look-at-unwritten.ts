import type { Database } from '#contracts/database.ts';
import { undeliveredOf } from './undelivered.ts';

const look = `select m.mark, (
  exists (select from everwarm.relay r cross join lateral ${undeliveredOf} o where pg_visible_in_snapshot(o.xid, m.mark::pg_snapshot))
  or exists (select from everwarm.fan_outs)
  or exists (select from everwarm.generations g where g.state in ('serving', 'previous')
    and (g.reconcile_phase is not null or g.stalled is not null or g.installed_xid is null))
) as unwritten
from (select coalesce($1, pg_current_snapshot()::text) as mark) m`;

/**
 * Whether changes that the snapshot `mark` sees may have dirtied keys that nobody has written down as owed: it is not delivered yet, or
 * there are changes of many keys or walks that are not worked off. Without a mark it is the snapshot of the look, and told. Rejects when
 * Postgres does not answer.
 */
export async function lookAtUnwritten(db: Database, mark: string | null): Promise<{ readonly mark: string; readonly unwritten: boolean }> {
  const { rows } = await db.query<{ mark: string; unwritten: boolean }>(look, [mark]);
  return rows[0] ?? { mark: mark ?? '', unwritten: true };
}
