import { spawnNode } from '@everwarm/testkit';

/** How much is asked of a server. */
export type Asked = { readonly url: string; readonly posts: number; readonly connections: number; readonly seconds: number };

/** Asks for random posts from a process of its own. Returns answers per second. Throws when any answer was an error. */
export async function askForPosts({ url, posts, connections, seconds }: Asked): Promise<number> {
  const env = { READ_URL: url, READ_POSTS: String(posts), READ_CONNECTIONS: String(connections), READ_SECONDS: String(seconds) };
  const child = spawnNode('test/bench/processes/autocannon.ts', { env });
  const { code } = await child.exited;
  const line = /^result (.*)$/m.exec(child.output())?.[1];
  if (code !== 0 || !line) throw new Error(`The process that asks ended with code ${code}:\n${child.output()}`);
  const { answered, failed, seconds: took } = JSON.parse(line) as { answered: number; failed: number; seconds: number };
  if (failed > 0) throw new Error(`${url} failed ${failed} of ${answered + failed} requests: figures of errors mean nothing.`);
  return answered / took;
}
