import { providedServers, seededRandom } from '@everwarm/testkit';
import { describe, expect, it } from 'vitest';
import { runSeed } from './programs/run-program.ts';

/** How many programs are played, and for how many steps. `npm run test:oracle -- --minutes M` plays for longer. */
const [programs, steps] = [11, 6];

describe('random schemas, read models and histories', { timeout: 180_000 }, () => {
  const { seed } = seededRandom('random programs');

  it.each(Array.from({ length: programs }, (_, index) => (seed + index) % 2 ** 32))(
    'leave every copy as its query would be: seed %i',
    async (own) => {
      const outcome = await runSeed(providedServers(), own, steps);
      const again = `\nAgain, made smaller: npm run test:oracle -- --seed ${own} --steps ${steps}`;
      expect(outcome.is === 'equal' ? '' : `${outcome.why}${again}`).toBe('');
    },
  );
});
