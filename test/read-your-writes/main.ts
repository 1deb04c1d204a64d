import { parseArgs } from 'node:util';
import { startTestServers } from '@everwarm/testkit';
import { runReadYourWrites } from './run.ts';

/*
 * npm run test:tokens -- [--writes N] [--seed N]
 * Random writes, each followed by reads with its token in other processes, on servers of its own, while workers and Redis are stopped
 * and killed. Prints what was missed, and how long the reads took. Exit code 0: nothing was missed.
 */

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    writes: { type: 'string', default: '10000' },
  },
});
const [seed, writes] = [Number(values.seed), Number(values.writes)];
if (!Number.isInteger(seed) || !Number.isInteger(writes) || writes < 1) {
  console.error('Wrong arguments. Usage: --seed (whole number) --writes (whole number above 0)');
  process.exit(2);
}

const begun = performance.now();
const seconds = () => `${((performance.now() - begun) / 1000).toFixed(1)} s`;
const servers = await startTestServers({ fsync: true, log: (line) => console.log(line) });
try {
  console.log(`Seed ${seed}, ${writes} writes.`);
  const { misses, errors, waits, ...counts } = await runReadYourWrites({
    servers,
    writes,
    seed,
    faults: true,
    log: (line) => console.log(`${seconds().padStart(9)}  ${line}`),
  });
  for (const miss of misses.slice(0, 20)) console.log(`MISSED: ${miss}`);
  for (const error of errors.slice(0, 20)) console.log(`NO ANSWER: ${error}`);
  console.log(
    `${counts.writes} writes and ${counts.reads} reads in ${seconds()}; answers by tier ${JSON.stringify(counts.tiers)}; ${errors.length} without an answer.
${misses.length} misses. With the token of the commit just before, while nothing was broken: p50 ${waits.p50.toFixed(1)} ms, p99 ${waits.p99.toFixed(1)} ms, at most ${waits.max.toFixed(1)} ms.`,
  );
  process.exitCode = misses.length + errors.length === 0 ? 0 : 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await servers.stop();
}
