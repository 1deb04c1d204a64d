import pg from 'pg';
import { BlogError } from '../errors.ts';
import type { Dump } from './stage-dump.ts';

/** `replay` writes every step of the history by itself; `bulk` writes only what it ends with. */
export type ImportMode = 'replay' | 'bulk';

/** A place in the order of steps. */
export type Place = { readonly at: Date; readonly rank: number; readonly id: string };

/** How far a source has been imported; `place` is null before the first step. */
export type Progress = { readonly place: Place | null; readonly complete: boolean; readonly fingerprint: string };

type SourceRow = { mode: ImportMode; at: Date | null; rank: number; id: string; complete: boolean; fingerprint: string };

/**
 * Remembers that `dump` is being imported in this mode and returns how far earlier runs came.
 * A dump that changed since (a newer one of the same site) goes on after the last step written.
 * Throws BlogError `conflict` when the other mode began and did not finish, since the two cannot continue each other.
 */
export async function beginImport(client: pg.Client, dump: Dump, mode: ImportMode): Promise<Progress> {
  await client.query('insert into blog_import.sources (source, mode, fingerprint) values ($1, $2, $3) on conflict do nothing', [
    dump.source,
    mode,
    dump.fingerprint,
  ]);
  const { rows } = await client.query<SourceRow>('select * from blog_import.sources where source = $1', [dump.source]);
  const row = rows[0]!;
  if (row.mode !== mode && !row.complete && row.at !== null) {
    throw new BlogError(
      'conflict',
      `"${dump.source}" is being imported with --${row.mode}. Finish that first: run it again with --${row.mode}.`,
    );
  }
  return { place: row.at && { at: row.at, rank: row.rank, id: row.id }, complete: row.complete, fingerprint: row.fingerprint };
}

/**
 * The statement that moves the place of a source, for the transaction of the write that it stands for, so that both are kept or
 * neither. As text with its values in it, so that it can travel with `commit` in one message.
 */
export function advanceSql(source: string, place: Place, steps: number): string {
  const values = `at = '${place.at.toISOString()}', rank = ${Number(place.rank)}, id = ${BigInt(place.id)}, written = written + ${Number(steps)}`;
  return `update blog_import.sources set ${values} where source = ${pg.escapeLiteral(source)}`;
}

/** Notes that every step of `dump` is written. */
export async function finishImport(client: pg.Client, dump: Dump, mode: ImportMode): Promise<void> {
  await client.query('update blog_import.sources set complete = true, mode = $2, fingerprint = $3 where source = $1', [
    dump.source,
    mode,
    dump.fingerprint,
  ]);
}
