import type { Database } from '#contracts/database.ts';
import type { CopyLook } from '#contracts/redis-copy.ts';
import { epochOf, type Timeline, timelineSql } from './epoch.ts';

type Row = Timeline & Pick<CopyLook, 'state' | 'token' | 'server'> & { readonly ordinal: number | null };

/**
 * What a reader must know of Postgres to trust Redis, in one statement: what is said of the copy, and in which namespace it is.
 * Rejects when Postgres does not answer, or cannot say because it is a standby.
 */
export async function lookAtCopy(db: Database): Promise<CopyLook> {
  const { rows } = await db.query<Row>({
    name: 'everwarm_look_at_copy',
    text: `select c.state, c.token, c.server, t.system, t.timeline, t.database, e.ordinal from everwarm.redis_copy c
cross join (${timelineSql}) t left join everwarm.epochs e on e.system_identifier = t.system and e.timeline = t.timeline`,
  });
  const row = rows[0];
  if (!row) return { state: 'behind', token: '', server: null, epoch: null };
  const { state, token, server, ordinal } = row;
  return { state, token, server, epoch: ordinal === null ? null : epochOf(row, ordinal).space };
}
