import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnNode } from '@everwarm/testkit';
import { findTool, runTool } from '../installed-tool.ts';

/** One request: a path with its query, and the tag by which whoever asks says what it has already. */
export type Request = { readonly path: string; readonly ifNoneMatch?: string };

/** How much is asked of a server: these requests at random, each connection one after the other. */
export type Asked = {
  readonly url: string;
  readonly requests: readonly Request[];
  readonly connections: number;
  readonly seconds: number;
};

/**
 * What asks: wrk where it is installed, since its own cost is small; autocannon otherwise, which takes more processor time for an
 * answer than the servers do, so that fast ones seem nearer to each other and headers seem dear.
 */
export const asksWith = findTool('wrk') ?? 'autocannon';

/** The details of posts from 1 on. */
export const postRequests = (posts: number): readonly Request[] =>
  Array.from({ length: posts }, (_, index) => ({ path: `/posts/${index + 1}` }));

/** Asks from a process of its own. Returns answers per second. Throws when any answer was an error. */
export async function askAtRandom({ url, requests, connections, seconds }: Asked): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'everwarm-bench-'));
  try {
    const file = join(folder, 'requests');
    await writeFile(file, requests.map(({ path, ifNoneMatch = '' }) => `${path}\t${ifNoneMatch}\n`).join(''));
    const env = { READ_URL: url, READ_REQUESTS: file, READ_CONNECTIONS: String(connections), READ_SECONDS: String(seconds) };
    const output = await (asksWith === 'autocannon'
      ? runAutocannon(env)
      : runTool(asksWith, wrkArguments({ url, connections, seconds }), env));
    const line = /^result (.*)$/m.exec(output)?.[1];
    if (!line) throw new Error(`The process that asks did not say what came of it:\n${output}`);
    const { answered, failed, seconds: took } = JSON.parse(line) as { answered: number; failed: number; seconds: number };
    if (failed > 0) throw new Error(`${url} failed ${failed} of ${answered + failed} requests: figures of errors mean nothing.`);
    return answered / took;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function wrkArguments({ url, connections, seconds }: Omit<Asked, 'requests'>): readonly string[] {
  // A slow answer is an answer.
  return [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    '30s',
    '-s',
    fileURLToPath(new URL('requests.lua', import.meta.url)),
    url,
  ];
}

async function runAutocannon(env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawnNode('test/bench/processes/ask.ts', { env });
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`The process that asks ended with code ${code}:\n${child.output()}`);
  return child.output();
}
