import { parseArgs } from 'node:util';
import { startTestServers } from '@everwarm/testkit';
import { runHistory } from './run-history.ts';
import { worlds } from './worlds/worlds.ts';

/*
 * npm run test:oracle -- [--seed N] [--minutes M] [--world NAME] [--steps N]
 * Plays random histories, one world after the other, each from its own seed, until the time is over or a comparison fails.
 */

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    minutes: { type: 'string', default: '2' },
    world: { type: 'string' },
    steps: { type: 'string' },
  },
});
const [first, minutes, steps] = [
  Number(values.seed),
  Number(values.minutes),
  values.steps === undefined ? undefined : Number(values.steps),
];
const chosen = worlds.filter(({ name }) => values.world === undefined || name === values.world);
if (!Number.isInteger(first) || !(minutes > 0) || (steps !== undefined && !(steps > 0)) || chosen.length === 0) {
  console.error(
    `Wrong arguments. Usage: --seed (whole number) --minutes (above 0) --steps (above 0) --world (${worlds.map(({ name }) => name).join(', ')}).`,
  );
  process.exit(2);
}

const servers = await startTestServers({ log: (line) => console.log(line) });
const end = performance.now() + minutes * 60_000;
try {
  let seed = first;
  do {
    for (const world of chosen) {
      const forMs = steps === undefined ? Math.min(20_000, end - performance.now()) : 0;
      const history = await runHistory(world, { servers, seed, forMs, ...(steps !== undefined && { steps }) });
      console.log(
        `${world.name}, seed ${seed}: ${history.steps} steps, ${history.statements} statements (${history.refused} refused), ${history.documents} documents compared, 0 differing`,
      );
    }
    seed = (seed + 1) % 2 ** 32;
  } while (steps === undefined && performance.now() < end);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await servers.stop();
}
