import { providedServers, seededRandom } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { runReadYourWrites } from './run.ts';

test('a share of the long run: nothing is missed by other processes', { timeout: 180_000 }, async () => {
  const { seed } = seededRandom('read your writes, in processes');
  const report = await runReadYourWrites({ servers: providedServers(), writes: 120, seed, faults: false, log: console.log });
  console.log(JSON.stringify(report));
  expect(report).toMatchObject({ misses: [], errors: [] });
  expect(report.tiers['redis']).toBeGreaterThan(0);
});
