import { inject } from 'vitest';
import type { TestServers } from './servers.ts';

declare module 'vitest' {
  interface ProvidedContext {
    everwarmServers: TestServers;
  }
}

/**
 * The servers that the global setup started for this test run.
 * @throws outside of the `int` project, where there are none: pass servers explicitly there
 */
export function providedServers(): TestServers {
  const servers = inject('everwarmServers');
  if (!servers)
    throw new Error('No servers were started for this test: name the file *.int.test.ts, or pass the result of startTestServers().');
  return servers;
}
