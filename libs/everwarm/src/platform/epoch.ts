import { createHash } from 'node:crypto';
import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';

/** One timeline of one database: `ordinal` leads every version, `space` names it in Redis, `mark` is how the server tells it. */
export type Epoch = { readonly ordinal: number; readonly space: string; readonly mark: string };

/** What a database says of its timeline, by {@link timelineSql}. */
export type Timeline = { system: string; timeline: string; database: string };

/**
 * Gives the {@link Timeline} as one row. The timeline is read from the name of the WAL segment being written: the control file still tells the old one right after a
 * promotion. The database's oid tells apart databases of one cluster that share a Redis.
 */
export const timelineSql = `select c.system_identifier::text as system, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) as timeline, d.oid::text as database
from pg_control_system() c, pg_database d where d.datname = current_database()`;

/** The epoch of the database, registered when it is new. The caller's role must be allowed to write `everwarm.epochs`. */
export async function enterEpoch(db: Database): Promise<Epoch> {
  const timeline = await readTimeline(db);
  await db.query('insert into everwarm.epochs (system_identifier, timeline) values ($1, $2) on conflict do nothing', [
    timeline.system,
    timeline.timeline,
  ]);
  return findEpoch(db, timeline);
}

/** The epoch of the database as some worker registered it. Throws E_NOT_MIGRATED when none did. */
export async function readEpoch(db: Database): Promise<Epoch> {
  return findEpoch(db, await readTimeline(db));
}

/**
 * The spaces of epochs that this database has left, oldest first: timelines of the same cluster before the one it is in. Those of
 * other clusters are not among them: a copy restored elsewhere may share the Redis of the original, which goes on.
 */
export async function formerSpaces(db: Database): Promise<readonly string[]> {
  const now = await readTimeline(db);
  const { rows } = await db.query<{ ordinal: number; timeline: string }>(
    `select ordinal, timeline from everwarm.epochs where system_identifier = $1
and ordinal < (select ordinal from everwarm.epochs where system_identifier = $1 and timeline = $2) order by ordinal`,
    [now.system, now.timeline],
  );
  return rows.map(({ ordinal, timeline }) => epochOf({ ...now, timeline }, ordinal).space);
}

/** How the server at the other end tells its epoch. Rejects where it is no primary. */
export async function readMark(db: Database): Promise<string> {
  return markOf(await readTimeline(db));
}

function markOf({ system, timeline, database }: Timeline): string {
  return `${system}/${timeline}/${database}`;
}

async function readTimeline(db: Database): Promise<Timeline> {
  const { rows } = await db.query<Timeline>(timelineSql);
  const timeline = rows[0];
  if (!timeline)
    throw new EverwarmError(
      'E_POSTGRES_UNFIT',
      'The database does not tell its system identifier. Allow this role to call pg_control_system().',
    );
  return timeline;
}

async function findEpoch(db: Database, timeline: Timeline): Promise<Epoch> {
  const { rows } = await db.query<{ ordinal: number }>(
    'select ordinal from everwarm.epochs where system_identifier = $1 and timeline = $2',
    [timeline.system, timeline.timeline],
  );
  const ordinal = rows[0]?.ordinal;
  if (ordinal === undefined) throw new EverwarmError('E_NOT_MIGRATED', 'This database has no epoch yet. Run everwarm migrate.');
  return epochOf(timeline, ordinal);
}

/** The epoch of a timeline that is registered under this ordinal. */
export function epochOf(timeline: Timeline, ordinal: number): Epoch {
  return { ordinal, space: `${ordinal}-${epochName(timeline)}`, mark: markOf(timeline) };
}

/** What a timeline is called where nobody can tell its ordinal: the last part of its `space`. */
export function epochName({ system, timeline, database }: Timeline): string {
  return createHash('sha256').update(JSON.stringify({ system, timeline, database })).digest('hex').slice(0, 8);
}
