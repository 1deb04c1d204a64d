import { parseArgs } from 'node:util';
import { describeReport, isClean } from '../../libs/everwarm/src/torture/describe-report.ts';
import { runYardTorture } from './run.ts';

/*
 * npm run torture -- [--seed N] [--minutes M] [--faults a,b] [--rate N] [--json]
 * Breaks everything that can break, on servers of its own, while a yard of vessels is written and read, and says which laws did not
 * hold. Exit code 0: all of them did, and nothing differs at the end.
 */

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    minutes: { type: 'string', default: '10' },
    faults: { type: 'string', default: '' },
    rate: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
});
const [seed, minutes, rate] = [Number(values.seed), Number(values.minutes), Number(values.rate)];
if (!Number.isInteger(seed) || !(minutes > 0) || !(rate > 0)) {
  console.error(
    'Wrong arguments. Usage: --seed (whole number) --minutes (above 0) --faults (names, comma-separated) --rate (above 0) --json',
  );
  process.exit(2);
}

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
const begun = performance.now();
const log = (line: string): void => console.error(`${((performance.now() - begun) / 1000).toFixed(1).padStart(7)}  ${line}`);
try {
  const report = await runYardTorture({
    seed,
    minutes,
    faults: values.faults.split(',').filter(Boolean),
    rate,
    log,
    signal: ending.signal,
  });
  console.log(values.json ? JSON.stringify(report) : describeReport(report));
  process.exit(isClean(report) ? 0 : 1);
} catch (error) {
  console.error(error);
  process.exit(error instanceof RangeError ? 2 : 1);
}
