import { fileURLToPath } from 'node:url';
import { spawnNode } from '@everwarm/testkit';
import { findTool, runTool } from '../installed-tool.ts';

/** How much is asked of a server. */
export type Asked = { readonly url: string; readonly posts: number; readonly connections: number; readonly seconds: number };

/**
 * What asks: wrk where it is installed, since its own cost is small; autocannon otherwise, which takes more processor time for an
 * answer than the servers do, so that fast ones seem nearer to each other and headers seem dear.
 */
export const asksWith = findTool('wrk') ?? 'autocannon';

/** Asks for random posts from a process of its own. Returns answers per second. Throws when any answer was an error. */
export async function askForPosts({ url, posts, connections, seconds }: Asked): Promise<number> {
  const env = { READ_URL: url, READ_POSTS: String(posts), READ_CONNECTIONS: String(connections), READ_SECONDS: String(seconds) };
  const output = await (asksWith === 'autocannon'
    ? runAutocannon(env)
    : runTool(asksWith, wrkArguments({ url, connections, seconds }), env));
  const line = /^result (.*)$/m.exec(output)?.[1];
  if (!line) throw new Error(`The process that asks did not say what came of it:\n${output}`);
  const { answered, failed, seconds: took } = JSON.parse(line) as { answered: number; failed: number; seconds: number };
  if (failed > 0) throw new Error(`${url} failed ${failed} of ${answered + failed} requests: figures of errors mean nothing.`);
  return answered / took;
}

function wrkArguments({ url, connections, seconds }: Omit<Asked, 'posts'>): readonly string[] {
  return ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', fileURLToPath(new URL('posts.lua', import.meta.url)), url];
}

async function runAutocannon(env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawnNode('test/bench/processes/ask-for-posts.ts', { env });
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`The process that asks ended with code ${code}:\n${child.output()}`);
  return child.output();
}
