import type pg from 'pg';
import { bulkLabelsSql, bulkWritesSql } from './bulk-sql.ts';
import { advanceSql, type Place } from './position.ts';
import type { Writer } from './transact.ts';

/** Steps per transaction: large enough to be fast, small enough for the transition tables of whoever captures the changes. */
const WINDOW = 20_000;

/**
 * Writes what a replay of the steps after `place` would end with: every row once, in its last state. Windows of steps in their
 * order, each one transaction together with its place; a row comes with the window of the step that creates it, so that what it
 * refers to is there. Rows that exist already are left as they are. `onWindow` is told how many steps each window had.
 *
 * Against a replay: the same rows, contents, times and references. Ids differ where a run was interrupted, and rows written to
 * in between by others stay as those left them.
 */
export async function bulkLoad(
  client: pg.Client,
  writer: Writer,
  source: string,
  place: Place | null,
  onWindow: (steps: number, to: Place) => void,
): Promise<void> {
  for (const statement of bulkLabelsSql) await client.query(statement);
  let last = place;
  for (;;) {
    const window = await windowAfter(client, last);
    if (!window) return;
    const { steps, ...to } = window;
    await writer.db.transaction(async (tx) => {
      for (const write of bulkWritesSql(source, last, to)) await tx.execute(write);
      await tx.execute(advanceSql(source, to, steps));
    });
    onWindow(steps, to);
    last = to;
  }
}

async function windowAfter(client: pg.Client, place: Place | null): Promise<(Place & { steps: number }) | undefined> {
  const { rows } = await client.query<Place & { steps: number }>(
    `select at, rank, id, (count(*) over ())::integer as steps from (
       select at, rank, id from blog_import.steps
       where (at, rank, id) > (coalesce($1::timestamptz, '-infinity'), $2::smallint, $3::bigint) order by at, rank, id limit ${WINDOW}
     ) w order by at desc, rank desc, id desc limit 1`,
    [place?.at.toISOString() ?? null, place?.rank ?? 0, place?.id ?? '0'],
  );
  return rows[0];
}
