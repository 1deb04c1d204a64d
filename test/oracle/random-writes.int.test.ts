import { providedServers, seededRandom } from '@everwarm/testkit';
import { describe, expect, it } from 'vitest';
import { runHistory } from './run-history.ts';
import { worlds } from './worlds/worlds.ts';

/** How long each world is played, in milliseconds. `npm run test:oracle -- --minutes M` plays for longer. */
const forMs = 7_000;

describe('random writes of every form', { timeout: 180_000 }, () => {
  const { seed } = seededRandom('random writes');

  it.each(worlds)('leave every copy as its query would be: $name', async (world) => {
    const history = await runHistory(world, { servers: providedServers(), seed, forMs });
    expect(history.documents).toBeGreaterThan(0);
  });
});
