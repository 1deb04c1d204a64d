import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildPrograms } from './build-programs.ts';
import { startTestServers } from './servers.ts';

let stop: (() => Promise<void>) | undefined;

/**
 * Starts the servers of a test run and tells every test file where they are. Nobody's own database or Redis may be touched by a test.
 * A run that a test starts (`EVERWARM_TEST_SERVERS`) is on the servers of that test's own run.
 */
export async function setup(project: TestProject): Promise<void> {
  delete process.env['DATABASE_URL'];
  delete process.env['REDIS_URL'];
  const lent = process.env['EVERWARM_TEST_SERVERS'];
  if (lent) return project.provide('everwarmServers', JSON.parse(lent));
  const servers = await startTestServers({ log: (line) => console.log(line) });
  stop = () => servers.stop();
  await buildPrograms(join(servers.folder, 'programs'));
  project.provide('everwarmServers', { postgresUrl: servers.postgresUrl, redisUrl: servers.redisUrl, folder: servers.folder });
}

/** Stops what `setup` started and what tests started in its folder. */
export async function teardown(): Promise<void> {
  await stop?.();
  stop = undefined;
}
