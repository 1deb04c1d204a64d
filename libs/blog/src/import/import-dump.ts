import type pg from 'pg';
import { withClient } from '../connect.ts';
import { BlogError } from '../errors.ts';
import { migrateBlog } from '../migrate.ts';
import { bulkLoad } from './bulk.ts';
import { beginImport, finishImport, type ImportMode } from './position.ts';
import { type ReplayOptions, replay } from './replay.ts';
import { type Dump, type MalformedRow, stageDump } from './stage-dump.ts';
import { emptyStagingSql, stagingTablesSql } from './staging-tables.ts';
import { countAfter } from './step.ts';
import { withWriter } from './transact.ts';

/** What {@link importDump} is asked to do, and whom it tells. */
export type ImportOptions = Pick<ReplayOptions, 'limit' | 'rate' | 'onStep'> & {
  readonly mode: ImportMode;
  /** End at the first malformed row, with nothing written. */
  readonly strict: boolean;
  readonly onMalformed: (row: MalformedRow) => void;
  /** Called when the dump has been read, with the number of steps to write. */
  readonly onPlanned: (steps: number) => void;
  /** Called in bulk mode after each transaction, with the number of steps it stood for. */
  readonly onWindow: (steps: number) => void;
};

/** How an import ended. `leftOut`: rows of the dump that the blog has no place for, by reason. */
export type ImportResult = {
  readonly outcome: 'finished' | 'limited' | 'nothing to do';
  readonly leftOut: readonly { readonly reason: string; readonly rows: number }[];
};

/** Names the advisory lock that lets one import run at a time. */
const importLock = 7_220_517;

/**
 * Imports a dump into the blog of a database, whose tables it creates or brings up to date first. May be killed at any moment
 * and run again: it goes on where it was. Once finished, running it again changes nothing.
 * Throws BlogError `conflict` when another import runs or the other mode is unfinished, `invalid` for a malformed row when strict.
 */
export async function importDump(databaseUrl: string, dump: Dump, options: ImportOptions): Promise<ImportResult> {
  await migrateBlog(databaseUrl);
  return withClient(databaseUrl, async (client) => {
    await lockImports(client);
    await client.query(stagingTablesSql);
    const { place, complete, fingerprint } = await beginImport(client, dump, options.mode);
    if (complete && fingerprint === dump.fingerprint) return { outcome: 'nothing to do', leftOut: [] };
    await stageDump(client, dump, options.strict, (row) => {
      options.onMalformed(row);
      if (options.strict)
        throw new BlogError(
          'invalid',
          `${row.file}:${row.line}: ${row.reason}. Nothing was imported; without --strict the row is skipped.`,
        );
    });
    options.onPlanned(await countAfter(client, place));
    const finished = await withWriter(databaseUrl, async (writer) => {
      if (options.mode === 'replay') return replay(client, writer, dump.source, place, options);
      await bulkLoad(client, writer, dump.source, place, options.onWindow);
      return true;
    });
    const leftOut = await leftOutOf(client);
    if (finished) {
      await finishImport(client, dump, options.mode);
      await client.query(emptyStagingSql);
    }
    return { outcome: finished ? 'finished' : 'limited', leftOut };
  });
}

/** Waits a little for the session of a killed run to go away. */
async function lockImports(client: pg.Client): Promise<void> {
  await client.query("set lock_timeout = '5s'");
  try {
    await client.query('select pg_advisory_lock($1)', [importLock]);
  } catch (error) {
    throw new BlogError('conflict', 'Another import into this database is running. Wait for it to end.', { cause: error });
  }
  await client.query('set lock_timeout = 0');
}

async function leftOutOf(client: pg.Client): Promise<{ reason: string; rows: number }[]> {
  const { rows } = await client.query<{ reason: string; rows: string }>(
    'select reason, rows from blog_import.left_out order by rows desc, reason',
  );
  return rows.map((row) => ({ reason: row.reason, rows: Number(row.rows) }));
}
