import type { EverwarmConfig } from '#config.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { createEverwarm } from '#everwarm.ts';
import { CommitHistory } from './commit-history.ts';
import { databaseFaults } from './database-faults.ts';
import { openJudge } from './judge.ts';
import { linkFaults } from './link-faults.ts';
import { openStage } from './open-stage.ts';
import { processFaults } from './process-faults.ts';
import { deleteKeysOf, queueFaults } from './queue-faults.ts';
import { createRandom } from './random.ts';
import { openRandomLoad } from './random-load.ts';
import { runTorture } from './run-torture.ts';
import type { ProcessProgram } from './stage-process.ts';
import type { Fault, ProcessRole, TortureReport } from './types.ts';

/** A run over somebody's own read models. */
export type ModelsTorture = {
  /** URLs: clients of the caller's own cannot be led through proxies. */
  readonly config: EverwarmConfig & { readonly postgres: string; readonly redis: string };
  readonly seed: number;
  readonly minutes: number;
  /** Names of faults; none: all that may be. */
  readonly faults: readonly string[];
  /** Transactions offered per second. */
  readonly rate: number;
  /** Whether Redis may be emptied: nobody else keeps anything in it. */
  readonly redisIsScratch: boolean;
  /** How a process of this role is started; it joins the stage. */
  readonly program: (name: string, role: ProcessRole) => ProcessProgram;
  readonly log: (line: string) => void;
};

/** A namespace of its own, so that no other worker takes its jobs. */
const namespace = 'everwarm-torture';

/** Faults that need a run of this length, in minutes, to have their turn. */
const allFaultsFromMinutes = 5;

/** The faults that need no power over servers. */
function modelFaults(redisIsScratch: boolean): readonly Fault[] {
  const allowed = (fault: Fault) => fault.needs.every((need) => need === 'redis-is-scratch' && redisIsScratch);
  return [...processFaults, ...linkFaults, ...databaseFaults, ...queueFaults].filter(allowed);
}

/**
 * Writes at random into the tables that the read models watch, and breaks what it may meanwhile. The database must be a scratch one:
 * what is in its tables changes as it pleases. It is migrated here, and must have no other workers.
 * @throws E_USAGE for a fault of an unknown name, E_LIFECYCLE when a worker runs already
 */
export async function tortureModels(parts: ModelsTorture): Promise<TortureReport> {
  const { seed, minutes, rate, log, program } = parts;
  const config = { ...parts.config, namespace };
  const faults = choose(modelFaults(parts.redisIsScratch), parts.faults, minutes);
  const everwarm = createEverwarm({ ...config, onError: () => undefined });
  const closers: (() => Promise<unknown>)[] = [() => everwarm.stop()];
  try {
    await everwarm.migrate();
    if ((await everwarm.status()).outbox.relay === 'running')
      throw new EverwarmError('E_LIFECYCLE', 'A worker runs on this database. Stop it first: it would hide what dies.');
    const urls = { postgresUrl: () => config.ownerUrl ?? config.postgres, redisUrl: () => config.redis };
    const programs = [program('worker-1', 'worker'), program('worker-2', 'worker'), program('api-1', 'reader')];
    const stage = await openStage({ ...urls, workerUrl: () => config.postgres, namespace, programs, log });
    closers.unshift(
      () => stage.close(),
      () => deleteKeysOf(stage),
    );
    const isSettled = () =>
      everwarm.settled({ timeoutMs: 2000 }).then(
        () => true,
        () => false,
      );
    const load = await openRandomLoad({ postgresUrl: urls.postgresUrl, random: createRandom(seed), rate, isSettled });
    closers.unshift(() => load.stop());
    const judge = openJudge({
      stage,
      config,
      history: new CommitHistory((violation) => stage.accuse(violation)),
      lastOutage: () => load.lastOutage(),
    });
    closers.unshift(() => judge.stop());
    return await runTorture({ stage, load, judge, faults, seed, minutes });
  } finally {
    for (const close of closers) await close().catch((error: unknown) => log(String(error)));
  }
}

function choose(allowed: readonly Fault[], names: readonly string[], minutes: number): readonly Fault[] {
  const unknown = names.filter((name) => !allowed.some((fault) => fault.name === name));
  if (unknown.length > 0)
    throw new EverwarmError(
      'E_USAGE',
      `There is no fault ${unknown.join(', ')} that may be used here. There are: ${allowed.map(({ name }) => name).join(', ')}.`,
    );
  if (names.length > 0) return allowed.filter(({ name }) => names.includes(name));
  return minutes >= allFaultsFromMinutes ? allowed : allowed.filter(({ quick }) => quick);
}
