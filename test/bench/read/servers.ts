import type { NodeProcess } from '@everwarm/testkit';
import type { Redis } from 'ioredis';
import type { Bench } from '../scenario.ts';
import { startProcess } from '../start-process.ts';
import type { WarmBlog } from '../warm-blog.ts';

/** What the keys of bare documents begin with. */
export const barePrefix = 'bare:post:';

/** What the keys of bare cards begin with. */
export const bareCardPrefix = 'bare:card:';

/** What makes the API keep what it has shown in its own memory. */
export const memoryEnv = { MEMORY_MB: '64' } as const;

/** Starts the blog's API as users run it. The caller must stop it. */
export async function startApi(
  { servers, profile }: Bench,
  { database }: Pick<WarmBlog, 'database'>,
  env: Readonly<Record<string, string>> = {},
): Promise<NodeProcess> {
  const services = { DATABASE_URL: database.url, REDIS_URL: servers.redisUrl, PORT: '0' };
  return startProcess('apps/api/src/main.ts', { env: { ...services, ...env }, profile, ready: /listening on/ });
}

/** Where a server said that it listens. */
export async function urlOf(server: NodeProcess): Promise<string> {
  return /listening on (\S+)/.exec(await server.waitForLine(/listening on/))?.[1] ?? '';
}

/** Starts servers and says where each listens. */
export type Servers = {
  /** The blog's API, as users run it. */
  readonly api: (more?: Readonly<Record<string, string>>) => Promise<string>;
  /** A file of test/bench/processes. */
  readonly process: (file: string, more?: Readonly<Record<string, string>>, profile?: string) => Promise<string>;
};

/**
 * Lets `work` start what it compares, which runs for as long as it does, so that nothing else shares the machine.
 */
export async function withServers<T>(
  bench: Bench,
  { blog, env }: { readonly blog: WarmBlog; readonly env: Readonly<Record<string, string>> },
  work: (servers: Servers) => Promise<T>,
): Promise<T> {
  const running: NodeProcess[] = [];
  const started = async (starting: Promise<NodeProcess>): Promise<string> => {
    const server = await starting;
    running.push(server);
    return urlOf(server);
  };
  try {
    return await work({
      api: (more) => started(startApi(bench, blog, more)),
      process: (file, more = {}, profile) => started(startProcess(`test/bench/processes/${file}`, { env: { ...env, ...more }, profile })),
    });
  } finally {
    for (const server of running) await server.stop();
  }
}

/** Writes the bytes of the documents of the first posts under plain keys, for the floors. */
export async function copyBareDocuments(redis: Redis, prefix: string, posts: number, bare: string = barePrefix): Promise<void> {
  const pipeline = redis.pipeline();
  for (let post = 1; post <= posts; post++) {
    const held = await redis.getBuffer(prefix + post);
    if (!held) throw new Error(`Redis does not hold post ${post} after Everwarm had settled.`);
    pipeline.set(bare + post, held.subarray(held.indexOf('{')));
  }
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
}
