import { readdir } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { asAdmin, createRedis, startTestServers, type TestServers } from '@everwarm/testkit';
import { buildPrograms } from '@everwarm/testkit/build-programs';
import { Redis } from 'ioredis';

/** What a server has whose data are larger than the default of 128 MB: a benchmark of tables on disk would be one of the disk. */
const sharedBuffers = '1GB';

/**
 * Starts the private servers of one run, as a user would run them: Postgres flushes every commit and keeps its tables in memory, Redis
 * keeps an append-only file. Builds the processes that are compared, since nobody runs them from TypeScript. Prints which servers they
 * are, and the machine: a figure without these means nothing. The caller must `stop` them.
 */
export async function startServers(log: (line: string) => void): Promise<TestServers & { stop(): Promise<void> }> {
  const servers = await startTestServers({ fsync: true, settings: { shared_buffers: sharedBuffers }, log });
  try {
    await buildPrograms(join(servers.folder, 'programs'), ['apps/api/src/main.ts', ...(await ownPrograms())]);
    const redis = await createRedis({ persistent: true, servers });
    log(`date      ${new Date().toISOString().slice(0, 10)}`);
    log(`machine   ${machine()}`);
    log(`node      ${process.version}`);
    log(`postgres  ${await postgresVersion(servers.postgresUrl)}, fsync on, shared_buffers ${sharedBuffers}`);
    log(`redis     ${await redisVersion(redis.url)}, append-only file on`);
    return { ...servers, redisUrl: redis.url };
  } catch (error) {
    await servers.stop();
    throw error;
  }
}

async function ownPrograms(): Promise<string[]> {
  const files = await readdir(join(import.meta.dirname, 'processes'));
  return files.map((file) => `test/bench/processes/${file}`);
}

function machine(): string {
  const cores = cpus();
  return `${process.platform} ${process.arch}, ${cores.length} cores (${cores[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB`;
}

async function postgresVersion(url: string): Promise<string> {
  return asAdmin(url, async (admin) => {
    const { rows } = await admin.query<{ version: string; server: string }>(
      `select version(), current_setting('server_version') as server`,
    );
    // A distribution names itself in the version; the binaries from npm do not.
    return `${rows[0]?.server} (${/\(\w+ [^)]*\)/.test(rows[0]?.server ?? '') ? 'system' : 'embedded'})`;
  });
}

async function redisVersion(url: string): Promise<string> {
  const redis = new Redis(url);
  try {
    return /^redis_version:(\S+)/m.exec(await redis.info('server'))?.[1] ?? 'unknown';
  } finally {
    redis.disconnect();
  }
}
