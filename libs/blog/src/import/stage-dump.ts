import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type pg from 'pg';
import { copyInto, copyLine } from '../copy-text.ts';
import { BlogError } from '../errors.ts';
import { type DumpFile, dumpFiles } from './dump-files.ts';
import { planSteps } from './plan-steps.ts';
import { rowValues } from './row-values.ts';
import { emptyStagingSql } from './staging-tables.ts';
import { readRows } from './xml-rows.ts';

/** A place in a dump that could not be read as a row. */
export type MalformedRow = { readonly file: string; readonly line: number; readonly reason: string };

/** A dump in a folder, found to be complete by {@link findDump}. `fingerprint` changes when a file does. */
export type Dump = { readonly folder: string; readonly source: string; readonly fingerprint: string };

/**
 * Finds a dump. `source` names it among all dumps ever imported. Throws BlogError `usage` when a file is missing.
 */
export async function findDump(folder: string, source: string): Promise<Dump> {
  const at = resolve(folder);
  const folderFound = await stat(at).catch(() => null);
  if (!folderFound?.isDirectory())
    throw new BlogError('usage', `There is no folder ${at}. Give the folder of an unpacked Stack Exchange dump.`);
  const hash = createHash('sha256');
  for (const { file } of dumpFiles) {
    const found = await stat(join(at, file)).catch(() => null);
    if (!found?.isFile())
      throw new BlogError('usage', `${file} is missing in ${at}. A Stack Exchange dump has ${dumpFiles.map((f) => f.file).join(', ')}.`);
    hash.update(`${file} ${found.size} ${found.mtimeMs}\n`);
  }
  return { folder: at, source, fingerprint: hash.digest('hex') };
}

/**
 * Reads a dump into `blog_import` and plans its steps, as one transaction; does nothing when exactly this dump is staged already.
 * Malformed rows are told to `onMalformed` and left out; what it throws undoes the staging.
 */
export async function stageDump(client: pg.Client, dump: Dump, strict: boolean, onMalformed: (row: MalformedRow) => void): Promise<void> {
  const { rows } = await client.query<{ malformed: string }>(
    'select malformed from blog_import.staged where source = $1 and fingerprint = $2',
    [dump.source, dump.fingerprint],
  );
  // A strict run must find again what a lenient one let pass.
  if (rows[0] && !(strict && rows[0].malformed !== '0')) return;
  await client.query('begin');
  try {
    await client.query(emptyStagingSql);
    let malformed = 0;
    for (const file of dumpFiles) {
      const found = await stageFile(client, dump.folder, file, onMalformed);
      if (found > 0) await client.query('insert into blog_import.left_out values ($1, $2)', [`malformed rows in ${file.file}`, found]);
      malformed += found;
    }
    await planSteps(client);
    await client.query('insert into blog_import.staged values ($1, $2, $3)', [dump.source, dump.fingerprint, malformed]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
  await client.query('analyze blog_import.steps');
}

/** Copies one file into its table and returns how many of its rows were malformed. */
async function stageFile(
  client: pg.Client,
  folder: string,
  { file, table, fields }: DumpFile,
  onMalformed: (row: MalformedRow) => void,
): Promise<number> {
  let malformed = 0;
  const refuse = (line: number, reason: string): void => {
    malformed += 1;
    onMalformed({ file, line, reason });
  };
  async function* lines(): AsyncGenerator<string> {
    for await (const row of readRows(join(folder, file))) {
      const read = 'reason' in row ? row : rowValues(row, fields);
      if ('reason' in read) refuse(row.line, read.reason);
      else yield copyLine([row.line, ...read.values]);
    }
  }
  const columns = ['line', ...fields.map((field) => field.column)].join(', ');
  await copyInto(client, `blog_import.${table} (${columns})`, lines());
  const { rows } = await client.query<{ line: number; id: string }>(repeatedSql(table));
  for (const { line, id } of rows) refuse(line, `Id ${id} was used before`);
  return malformed;
}

const repeatedSql = (table: string): string => `
with first as (select id, min(line) as line from blog_import.${table} group by id having count(*) > 1)
delete from blog_import.${table} r using first where r.id = first.id and r.line > first.line returning r.line, r.id::text`;
