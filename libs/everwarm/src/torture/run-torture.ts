import { setTimeout as pause } from 'node:timers/promises';
import { type Delivery, watchDelivery } from './delivery.ts';
import type { OpenStage } from './open-stage.ts';
import { createRandom } from './random.ts';
import { decksOf, type Round, rounds, type Turn } from './schedule.ts';
import type { Fault, Judge, Load, TortureReport } from './types.ts';

/** What a run is made of. The stage is open and the database settled; nothing has been written by the load. */
export type TortureParts = {
  readonly stage: OpenStage;
  readonly load: Load;
  readonly judge: Judge;
  readonly faults: readonly Fault[];
  readonly seed: number;
  readonly minutes: number;
  /** How often each fault comes at least, whatever the time. Default: once in ten minutes. */
  readonly leastTurns?: number;
};

/** How long all is left alone before a round, to know the rate that healing is measured by. */
const quietMs = 2500;

/** The window over which rates are compared. */
const rateOverMs = 1500;

/** Healed is who delivers this share of the rate before. */
const healedShare = 0.9;

/** Healing that takes longer is told with the rates. */
const slowMs = 10_000;

/** After this it is not called healing any more. */
const healWithinMs = 60_000;

type Tally = { count: number; healMsMax: number | null };

/**
 * Conducts a run: load and readers all the time, faults in rounds, after each round a wait until all is as before, and at the end
 * the comparison of every copy. With the time over, it goes on until each fault has had its share of turns.
 * @throws what an injection or a comparison throws: then nothing is known. The stage is left to the caller
 */
export async function runTorture({
  stage,
  load,
  judge,
  faults,
  seed,
  minutes,
  leastTurns = decksOf(minutes),
}: TortureParts): Promise<TortureReport> {
  const random = createRandom(seed);
  const tallies = new Map<string, Tally>(faults.map(({ name }) => [name, { count: 0, healMsMax: 0 }]));
  const end = performance.now() + minutes * 60_000;
  const isDone = () => performance.now() >= end && [...tallies.values()].every(({ count }) => count >= leastTurns);

  load.start();
  const delivery = watchDelivery(load);
  const quiet: number[] = [];
  try {
    if (!(await delivery.nextMark(healWithinMs))) stage.accuse({ law: 2, detail: 'the first change was never seen, before any fault' });
    for (const round of faults.length === 0 ? [] : rounds(faults, random)) {
      if (isDone()) break;
      await pause(quietMs);
      quiet.push(delivery.rate(quietMs));
      // Who was held up catches up for a moment: a rate that is never kept is not one to come back to.
      const before = Math.max(Math.min(quiet.at(-1)!, medianOf(quiet)), 1);
      await play(round, stage, random);
      const healMs = await healing(delivery, before);
      for (const { fault } of round) tally(tallies.get(fault.name)!, healMs);
      stage.log(`${namesOf(round)}: ${healMs === null ? 'NOT HEALED' : `healed in ${healMs} ms`}`);
      if (healMs === null || healMs > slowMs)
        stage.log(`  changes a second: ${Math.round(before)} before, ${Math.round(delivery.rate(rateOverMs))} now`);
      if (healMs === null)
        stage.accuse({
          law: 2,
          detail: `${namesOf(round)}: no change became visible within ${healWithinMs} ms of its end, or too few did`,
        });
    }
    while (performance.now() < end) await pause(Math.min(1000, Math.max(0, end - performance.now())));
  } finally {
    await delivery.stop();
    await load.stop();
  }
  stage.log('All faults are over and nothing is written any more: comparing every copy.');
  const differing = await judge.compareAll();
  return {
    seed,
    minutes,
    faults: [...tallies].map(([name, { count, healMsMax }]) => ({ name, count, healMsMax })),
    reads: judge.reads(),
    violations: [...judge.violations(), ...stage.violations],
    differing,
    writes: load.committed(),
    kills: stage.kills(),
    residentMb: stage.residentMb(),
  };
}

async function play(round: Round, stage: OpenStage, random: ReturnType<typeof createRandom>): Promise<void> {
  // Drawn before they begin, so that what one fault draws does not depend on when the other does.
  const turns = round.map((turn) => ({ turn, own: random.fork() }));
  const ends = await Promise.allSettled(turns.map(({ turn, own }) => playTurn(turn, stage, own)));
  for (const one of ends) if (one.status === 'rejected') throw one.reason;
}

async function playTurn({ fault, afterMs, lastsMs }: Turn, stage: OpenStage, random: ReturnType<typeof createRandom>): Promise<void> {
  await pause(afterMs);
  stage.log(`${fault.name} for ${lastsMs} ms`);
  const heal = await fault.inject(stage, random);
  await pause(lastsMs);
  await heal();
}

/** The milliseconds until a change written from now on is visible and the rate is back; null when that does not come. */
async function healing(delivery: Delivery, before: number): Promise<number | null> {
  const start = performance.now();
  if (!(await delivery.nextMark(healWithinMs))) return null;
  while (delivery.rate(Math.min(rateOverMs, performance.now() - start)) < before * healedShare) {
    if (performance.now() - start > healWithinMs) return null;
    await pause(20);
  }
  return Math.round(performance.now() - start);
}

function tally(own: Tally, healMs: number | null): void {
  own.count++;
  own.healMsMax = healMs === null || own.healMsMax === null ? null : Math.max(own.healMsMax, healMs);
}

const medianOf = (rates: readonly number[]): number => rates.toSorted((one, other) => one - other)[Math.floor((rates.length - 1) / 2)] ?? 0;

const namesOf = (round: Round): string => round.map(({ fault }) => fault.name).join(' and ');
