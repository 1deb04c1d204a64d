import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where distributions put what belongs to one major version. */
const versions = '/usr/lib/postgresql';

/** Finds pgbench, on PATH or where Debian puts it; undefined when there is none. */
export function findPgbench(): string | undefined {
  const majors = existsSync(versions) ? readdirSync(versions).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...majors.map((major) => join(versions, major, 'bin'))];
  return folders.map((folder) => join(folder, 'pgbench')).find((file) => existsSync(file));
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
    const output = await run(pgbench, [...args, url]);
    const tps = /^tps = ([\d.]+)/m.exec(output)?.[1];
    if (!tps) throw new Error(`pgbench did not say how many transactions it ran:\n${output}`);
    return Number(tps);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`pgbench ended with code ${code}:\n${output}`);
  return output;
}
