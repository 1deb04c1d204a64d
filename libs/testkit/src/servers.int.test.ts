import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { startTimeOf } from '../../../tools/services/processes.mjs';
import { asAdmin, createDatabase } from './database.ts';
import { spawnNode } from './node-process.ts';
import { createRedis } from './redis.ts';
import type { TestServers } from './servers.ts';

const FIXTURE = 'libs/testkit/src/fixtures/start-servers.ts';

const startRun = async () => {
  const run = spawnNode(FIXTURE, { env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', REDIS_URL: 'redis://127.0.0.1:1' } });
  onTestFinished(() => run.stop().then(() => undefined));
  const servers = JSON.parse((await run.waitForLine(/^ready /)).slice('ready '.length)) as TestServers;
  const pids = ['postgres', 'redis'].map(
    (name) => JSON.parse(readFileSync(join(servers.folder, name, 'server.json'), 'utf8')).pid as number,
  );
  return { run, servers, pids };
};

test('a run starts servers that answer, whatever the environment says, and takes them along when it stops', async () => {
  const { run, servers, pids } = await startRun();
  expect(await asAdmin(servers.postgresUrl, async (admin) => (await admin.query('select 1 as one')).rows)).toEqual([{ one: 1 }]);
  const redis = new Redis(servers.redisUrl);
  expect(await redis.ping()).toBe('PONG');
  redis.disconnect();
  expect(await run.stop()).toEqual({ code: 0, signal: null });
  expect(pids.map(startTimeOf)).toEqual([undefined, undefined]);
  expect(existsSync(servers.folder)).toBe(false);
});

test('what a run killed with -9 leaves behind is cleared by the next one, and nothing else', async () => {
  const killed = await startRun();
  const living = await startRun();
  killed.run.signal('SIGKILL');
  await killed.run.exited;
  expect(killed.pids.map((pid) => startTimeOf(pid) === undefined)).toEqual([false, false]);

  const next = await startRun();
  expect(next.run.output()).toContain(`(pid ${killed.pids[0]})`);
  expect(killed.pids.map(startTimeOf)).toEqual([undefined, undefined]);
  expect(existsSync(killed.servers.folder)).toBe(false);
  expect([...living.pids, ...next.pids].map((pid) => startTimeOf(pid) === undefined)).toEqual([false, false, false, false]);
});

test('outside of vitest, databases and Redis servers are made on servers given explicitly', async () => {
  const { servers } = await startRun();
  const database = await createDatabase({ servers });
  const redis = await createRedis({ servers });
  expect(redis.url).not.toBe(servers.redisUrl);
  await redis.stop();
  await database.drop();
});
