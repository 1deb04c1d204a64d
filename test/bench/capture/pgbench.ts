import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool, runTool } from '../installed-tool.ts';

/** Where distributions put what belongs to one major version. */
const versions = '/usr/lib/postgresql';

/** Finds pgbench, on PATH or where Debian puts it; undefined when there is none. */
export function findPgbench(): string | undefined {
  const majors = existsSync(versions) ? readdirSync(versions).toSorted((a, b) => Number(b) - Number(a)) : [];
  return findTool(
    'pgbench',
    majors.map((major) => join(versions, major, 'bin')),
  );
}

/** Runs one statement over and over from several clients, prepared. Returns statements per second. Throws with pgbench's words. */
export async function runPgbench(
  pgbench: string,
  { url, script, clients, seconds }: { readonly url: string; readonly script: string; readonly clients: number; readonly seconds: number },
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'everwarm-bench-'));
  try {
    const file = join(folder, 'statement.sql');
    await writeFile(file, script);
    const args = ['-n', '-M', 'prepared', '-c', String(clients), '-j', '2', '-T', String(seconds), '-f', file];
    const output = await runTool(pgbench, [...args, url]);
    const tps = /^tps = ([\d.]+)/m.exec(output)?.[1];
    if (!tps) throw new Error(`pgbench did not say how many transactions it ran:\n${output}`);
    return Number(tps);
  } finally {
    await rm(folder, { recursive: true });
  }
}
