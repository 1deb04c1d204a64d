import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createRandom, startTestServers } from '@everwarm/testkit';
import type { Program } from './programs/program.ts';
import { type Outcome, runProgram, runSeed } from './programs/run-program.ts';
import { shrink } from './programs/shrink.ts';
import { runHistory } from './run-history.ts';
import { addHistory, emptyTotals, printLeftOut, printTotals } from './totals.ts';
import { worlds } from './worlds/worlds.ts';

/*
 * npm run test:oracle -- [--seed N] [--minutes M] [--steps N] [--world NAME | --replay FILE]
 * Plays random programs, each from a seed of its own, and now and then a world written by hand, until the time is over. The first
 * program after which a copy is not what the rows say is made smaller, printed and kept in a file that --replay plays again.
 */

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    minutes: { type: 'string', default: '2' },
    steps: { type: 'string' },
    world: { type: 'string' },
    replay: { type: 'string' },
    'shrink-minutes': { type: 'string', default: '5' },
  },
});
const [seed, minutes, shrinkMinutes] = [Number(values.seed), Number(values.minutes), Number(values['shrink-minutes'])];
const steps = values.steps === undefined ? undefined : Number(values.steps);
const chosen = worlds.filter(({ name }) => values.world === undefined || name === values.world);
if (!Number.isInteger(seed) || !(minutes > 0) || !(shrinkMinutes >= 0) || (steps !== undefined && !(steps > 0)) || chosen.length === 0) {
  console.error(
    `Wrong arguments. Usage: --seed (whole number) --minutes (above 0) --steps (above 0) --world (${worlds.map(({ name }) => name).join(', ')}) --replay (file).`,
  );
  process.exit(2);
}

/** How many programs are played before a world gets a turn. */
const programsPerWorld = 12;

const servers = await startTestServers({ log: (line) => console.log(line) });
const end = performance.now() + minutes * 60_000;
try {
  if (values.replay !== undefined) await replay(values.replay);
  else if (values.world !== undefined)
    for (let turn = 0; turn === 0 || (steps === undefined && performance.now() < end); turn++) await playWorld(turn);
  else await playAll();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await servers.stop();
}

async function playAll(): Promise<void> {
  const totals = emptyTotals();
  console.log(`Seed ${seed}, ${minutes} minutes.`);
  for (let turn = 0; turn === 0 || performance.now() < end; turn++) {
    if (turn % programsPerWorld === programsPerWorld - 1) addHistory(totals, await playWorld((turn + 1) / programsPerWorld - 1));
    const own = (seed + turn) % 2 ** 32;
    const outcome = await runSeed(servers, own, steps ?? createRandom(own).pick([4, 6, 8, 8, 12, 20]));
    if (outcome.is !== 'equal') return report(outcome);
    addHistory(totals, outcome.history, outcome.made);
    if (turn % 20 === 19) console.log(printTotals(totals));
  }
  console.log(
    `${printTotals(totals)}\nFeatures seen: ${[...totals.features].map(([name, times]) => `${name} ${times}`).join(', ')}\n${printLeftOut(totals)}\n0 differences.`,
  );
}

async function playWorld(turn: number) {
  const world = chosen[turn % chosen.length] ?? chosen[0]!;
  const own = (seed + turn) % 2 ** 32;
  const forMs = steps === undefined ? Math.min(20_000, end - performance.now()) : 0;
  const history = await runHistory(world, { servers, seed: own, forMs, ...(steps !== undefined && { steps }) });
  console.log(
    `${world.name}, seed ${own}: ${history.steps} steps, ${history.statements} statements (${history.refused} refused), ${history.documents} documents compared, 0 differing`,
  );
  return history;
}

async function replay(file: string): Promise<void> {
  const outcome = await runProgram(servers, JSON.parse(await readFile(file, 'utf8')) as Program);
  if (outcome.is !== 'equal') throw new Error(`${file}: ${outcome.why}`);
  console.log(`${file}: ${outcome.history.steps} steps, 0 differences.`);
}

/** Makes a failing program smaller, keeps it, and says all that is needed to look at it. */
async function report(outcome: Exclude<Outcome, { is: 'equal' }>): Promise<void> {
  process.exitCode = 1;
  console.log(`${outcome.is === 'broken' ? 'Could not be played' : 'Differs'}: ${outcome.why}\n`);
  let { why } = outcome;
  let last: Promise<unknown> = Promise.resolve();
  const fails = async (program: Program): Promise<boolean> => {
    const playing = runProgram(servers, program);
    last = playing;
    const again = await playing;
    // A smaller program that cannot be declared is no find, unless that is what is looked for.
    const same = again.is === outcome.is && (again.is !== 'broken' || shapeOf(again.why) === shapeOf(outcome.why));
    if (same) why = again.why;
    return same;
  };
  const smallest = shrinkMinutes > 0 ? await shrink(outcome.program, fails, shrinkMinutes * 60_000) : outcome.program;
  // When the time is over, fast-check leaves the program that it is at.
  await last;
  const folder = '.everwarm/oracle';
  const file = `${folder}/seed-${outcome.program.seed}.json`;
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${JSON.stringify(smallest, null, 1)}\n`);
  console.log(`The smallest program found:\n${JSON.stringify(smallest)}\n\n${why}\n\nAgain: npm run test:oracle -- --replay ${file}`);
}

/** A message without the names in it. */
function shapeOf(why: string): string {
  return why.replaceAll(/"(?:[^"\\]|\\.)*"|\S*[\d.]\S*/g, '').slice(0, 80);
}
