import { randomBytes } from 'node:crypto';
import { createDatabase, createRandom, type TestServers } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import type { Pool } from 'pg';
import { compareInlined } from './compare-inlined.ts';
import { type Counts, noCounts } from './counts.ts';
import { type Observed, observe } from './observe.ts';
import { playStep } from './play-step.ts';
import { fillingStep, randomStep, type Step } from './random-transactions.ts';
import { type Releases, releasesOf } from './releases.ts';
import { readCatalogue } from './source.ts';
import { evictSome, touchAll } from './verbs.ts';
import { callWitness, type Testimony } from './witness/witness.ts';
import { modelsOf, type World } from './world.ts';

/** How long, and from which seed. */
export type HistoryOptions = {
  readonly servers: Pick<TestServers, 'postgresUrl' | 'redisUrl'>;
  readonly seed: number;
  /** Steps are begun until this many milliseconds have passed; at least one is. */
  readonly forMs: number;
  /** Instead of a time: exactly this many steps. */
  readonly steps?: number;
  /** Instead of random steps: these. */
  readonly history?: readonly Step[];
  /** Done to the database when everything is installed: a negative test takes a guard away here. */
  readonly sabotage?: (pool: Pool) => Promise<void>;
};

/** A copy that is not what the rows say, or a history that does not settle; with the steps that led to it. */
export class Disagreement extends Error {
  override readonly name = 'Disagreement';
  readonly history: readonly Step[];

  /** @param history the steps played, the last of which led here */
  constructor(message: string, history: readonly Step[]) {
    super(message);
    this.history = history;
  }
}

/** What a history did. */
export type History = Readonly<Counts> & {
  /** What Drizzle's own query confirmed. */
  readonly witnessed: Testimony;
};

/** Defaults of the database that every session inherits, the engine's too: none of them may show in a document. */
const oddDefaults = [
  "datestyle to 'SQL, DMY'",
  "timezone to 'Asia/Kolkata'",
  "intervalstyle to 'iso_8601'",
  "bytea_output to 'escape'",
  'extra_float_digits to -5',
  "default_transaction_isolation to 'repeatable read'",
];

/** How often the engine's own `verify` is asked, too: every so many steps, and at the end. */
const verifyEvery = 10;

/** After how many steps answers must come from Redis. */
const warmAfter = 4;

/**
 * Plays a random history against a running Everwarm and compares every copy after each settled step with an expectation made
 * from the rows alone. The seed decides the history.
 * @throws on the first step after which anything differs, with world, seed, step and the step's statements
 */
export async function runHistory(world: World, options: HistoryOptions): Promise<History> {
  const { servers } = options;
  const database = await createDatabase({ servers });
  const namespace = `oracle-${randomBytes(4).toString('hex')}`;
  const redis = new Redis(servers.redisUrl);
  await database.pool.query(world.ddl);
  for (const setting of oddDefaults) await database.pool.query(`alter database ${database.name} set ${setting}`);
  const errors: string[] = [];
  const witness = callWitness(database.url, world.casing);
  const releases = releasesOf(world, {
    postgres: database.urlFor('everwarm'),
    redis: servers.redisUrl,
    namespace,
    onError: (error, during) => errors.push(`${during}: ${error instanceof Error ? error.message : String(error)}`),
  });
  try {
    const tables = await readCatalogue(database.pool);
    return await play({ pool: database.pool, redis, namespace, witness, releases, world, tables, errors }, options);
  } finally {
    await releases.stop();
    await witness.close();
    const names = await redis.keys(`${namespace}:*`);
    if (names.length > 0) await redis.unlink(names);
    redis.disconnect();
    await rollBackPrepared(database.pool, database.name);
    await database.drop();
  }
}

type Stage = Omit<Observed, 'random'> & { readonly errors: readonly string[] };

async function play(stage: Stage, { seed, forMs, steps, history, sabotage }: HistoryOptions): Promise<History> {
  const { pool, world, tables, releases, witness, errors } = stage;
  const doings = {
    touched: [...(world.facts?.keys() ?? [])],
    releases: world.later !== undefined,
    inline: world.inline ?? false,
    evicted: world.evicted ?? [],
  };
  const making = { random: createRandom(seed), tables, own: world.own, floods: world.floods ?? true, ...doings };
  const observed = { ...stage, random: createRandom(seed + 1) };
  const [since, prepared, played]: [number, Set<string>, Step[]] = [performance.now(), new Set(), []];
  const goesOn = () =>
    history ? played.length < history.length : steps === undefined ? performance.now() < since + forMs : played.length < steps;
  const begin = async () => {
    await releases.deploy('first', sabotage && (() => sabotage(pool)));
  };
  const done = noCounts();
  do {
    const step = history?.[played.length] ?? (played.length === 0 ? fillingStep(making) : randomStep(making, `${played.length}`, prepared));
    const prepares = step.transactions.some(({ ending }) => typeof ending !== 'string');
    // Half of all histories begin before Everwarm is installed: what it finds, it has to read.
    const finds = seed % 2 === 0 && played.length === 0 && !prepares;
    if (played.length === 0 && !finds) await begin();
    played.push(step);
    // A migration waits for what is prepared, and nobody would end it.
    const release = finds || prepares || prepared.size > 0 || !world.later ? null : (step.release ?? null);
    const { latest } = releases;
    const [{ log, inlined, ...ids }, evicted] = await Promise.all([
      playStep({ pool, tables, prefix: `${stage.namespace}-`, everwarm: latest?.everwarm ?? null }, step),
      latest && step.evicts ? evictSome(observed, latest, step.evicts) : 0,
      release && releases.deploy(release),
    ]);
    if (finds) await begin();
    // Whoever writes or evicts at the same time may have changed what one transaction wrote.
    const alone = step.transactions.length === 1 && step.resolve.length === 0 && !step.evicts && !release && !world.moments;
    const early = alone && inlined[0] ? await compareInlined(observed, inlined[0]) : [];
    for (const id of ids.prepared) prepared.add(id);
    for (const id of ids.resolved) prepared.delete(id);
    const more: string[] = release ? [`Meanwhile the ${release} release was deployed.`] : [];
    if (step.evicts) more.push(`Meanwhile ${evicted} documents of ${step.evicts.join(', ')} were evicted.`);
    for (const touch of step.touches ?? []) more.push(`Touched by ${touch.by}: ${await touchAll(observed, touch)} of ${touch.model}.`);
    const fail = (what: string): never => {
      throw new Disagreement(
        `${world.name}, seed ${seed}, step ${played.length}: ${what}\n\nThe step:\n${[...log, ...more].join('\n')}\n\nErrors reported: ${errors.slice(-5).join('; ') || 'none'}`,
        played,
      );
    };
    if (early.length > 0) fail(early.slice(0, 3).join('\n').slice(0, 6000));
    const { rows, differences, moments } = await observe(observed, played.length === warmAfter, fail);
    if (differences.length > 0) fail(`${differences.length} differences, the first:\n${differences.slice(0, 3).join('\n').slice(0, 6000)}`);
    done.transactions += step.transactions.length;
    done.statements += log.length;
    done.refused += log.filter((line) => !/ok$|;$/.test(line)).length;
    done.moments += moments;
    done.touches += step.touches?.length ?? 0;
    done.releases += release ? 1 : 0;
    done.evicted += evicted;
    done.inlined += inlined.flatMap(({ written }) => written.flatMap(({ keys }) => keys)).length;
    for (const { release: each } of releases.running) {
      done.documents += each.documents.reduce((total, { expected }) => total + expected(rows).size, 0);
      for (const { expected } of each.lists) for (const keys of expected(rows).values()) done.entries += keys.length;
    }
    if (played.length % verifyEvery === 0 || !goesOn()) await verifyAll(releases, fail);
  } while (goesOn());
  return { ...done, steps: played.length, witnessed: witness.testimony };
}

/** Asks the code that was deployed last, which is the one whose definitions serve. */
async function verifyAll({ latest }: Releases, fail: (what: string) => never): Promise<void> {
  if (!latest) return;
  const { everwarm, release } = latest;
  for (const model of modelsOf(release)) {
    const { differing, inFlight, findings } = await everwarm.verify(model);
    if (differing > 0 || inFlight > 0)
      fail(`verify of ${model.name} says ${differing} differ, ${inFlight} in flight: ${JSON.stringify(findings.slice(0, 3))}`);
  }
}

async function rollBackPrepared(pool: Pool, database: string): Promise<void> {
  const { rows } = await pool.query<{ gid: string }>('select gid from pg_prepared_xacts where database = $1', [database]);
  for (const { gid } of rows) await pool.query(`rollback prepared '${gid}'`).catch(() => undefined);
}
