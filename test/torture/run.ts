import { databaseFaults } from '../../libs/everwarm/src/torture/database-faults.ts';
import { linkFaults } from '../../libs/everwarm/src/torture/link-faults.ts';
import { openStage } from '../../libs/everwarm/src/torture/open-stage.ts';
import { processFaults } from '../../libs/everwarm/src/torture/process-faults.ts';
import { queueFaults } from '../../libs/everwarm/src/torture/queue-faults.ts';
import { createRandom } from '../../libs/everwarm/src/torture/random.ts';
import { runTorture } from '../../libs/everwarm/src/torture/run-torture.ts';
import type { Fault, TortureReport } from '../../libs/everwarm/src/torture/types.ts';
import { closeRunFolder, openRunFolder } from '../../tools/services/run-folder.mjs';
import { postgresFaults } from './faults/postgres-faults.ts';
import { redisFaults } from './faults/redis-faults.ts';
import { writerFaults } from './faults/writer-faults.ts';
import { program } from './programs.ts';
import { startControlledPostgres } from './servers/postgres.ts';
import { startControlledRedis } from './servers/redis.ts';
import { buildYard, openYard } from './world/open-yard.ts';

/** What is asked of a run. */
export type RunOptions = {
  readonly seed: number;
  readonly minutes: number;
  /** Names of faults; none: all that the time allows. */
  readonly faults: readonly string[];
  /** Transactions offered per second. */
  readonly rate: number;
  /** How often each fault comes at least. Default: once in ten minutes. */
  readonly leastTurns?: number;
  readonly log: (line: string) => void;
  /** Ends the run early: everything that it started is stopped, and it rejects. */
  readonly signal?: AbortSignal;
};

const namespace = 'torture';

/** Faults that take minutes each are left to runs of this length and longer. */
const allFaultsFromMinutes = 5;

/**
 * The yard under fire: its own Postgres and Redis, two workers, two readers, random writes and random faults.
 * @throws RangeError for a fault of an unknown name, before anything is started
 */
export async function runYardTorture({ seed, minutes, faults: names, rate, leastTurns, log, signal }: RunOptions): Promise<TortureReport> {
  const folder = await openRunFolder({ log });
  const closers: (() => Promise<unknown>)[] = [() => closeRunFolder(folder)];
  const closeAll = async () => {
    for (let close = closers.shift(); close; close = closers.shift()) await close().catch((error: unknown) => log(String(error)));
  };
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => void closeAll().then(() => reject(new Error('The run was ended early.'))));
  });
  aborted.catch(() => undefined);
  try {
    const [postgres, redis] = await Promise.all([startControlledPostgres(folder), startControlledRedis(folder)]);
    closers.unshift(() => Promise.all([postgres.stop(), redis.stop()]));
    await buildYard({ postgres: postgres.url(), redis: redis.url(), namespace });
    const stage = await openStage({
      postgresUrl: () => postgres.url(),
      redisUrl: () => redis.url(),
      namespace,
      programs: [
        program('worker-1', 'worker', 'world/worker.ts'),
        program('worker-2', 'worker', 'world/worker.ts'),
        program('api-1', 'reader', 'world/reader.ts'),
        program('api-2', 'reader', 'world/reader.ts'),
      ],
      log,
    });
    closers.unshift(() => stage.close());
    const { load, judge } = openYard({ stage, random: createRandom(seed), rate });
    closers.unshift(
      () => judge.stop(),
      () => load.stop(),
    );
    const known = [
      ...processFaults,
      ...linkFaults,
      ...databaseFaults,
      ...queueFaults,
      ...writerFaults,
      ...redisFaults(redis),
      ...postgresFaults(postgres, () => judge.postgresLostItsTail()),
    ];
    const faults = choose(known, names, minutes);
    log(`Seed ${seed}, ${minutes} minutes, ${faults.length} kinds of faults.`);
    const parts = { stage, load, judge, faults, seed, minutes, ...(leastTurns !== undefined && { leastTurns }) };
    return await Promise.race([runTorture(parts), aborted]);
  } finally {
    await closeAll();
  }
}

function choose(known: readonly Fault[], names: readonly string[], minutes: number): readonly Fault[] {
  const unknown = names.filter((name) => !known.some((fault) => fault.name === name));
  if (unknown.length > 0)
    throw new RangeError(`There is no fault ${unknown.join(', ')}. Known: ${known.map(({ name }) => name).join(', ')}.`);
  if (names.length > 0) return known.filter(({ name }) => names.includes(name));
  return minutes >= allFaultsFromMinutes ? known : known.filter(({ quick }) => quick);
}
