import { randomBytes } from 'node:crypto';
import { createDatabase, createRandom, type TestServers } from '@everwarm/testkit';
import { createEverwarm, type Everwarm } from 'everwarm';
import { Redis } from 'ioredis';
import type { Pool } from 'pg';
import { compareWorld, type Stores } from './compare.ts';
import { playStep } from './play-step.ts';
import { fillingStep, randomStep, type Step } from './random-transactions.ts';
import { readCatalogue, readRows, type Table } from './source.ts';
import { confirm } from './witness/confirm.ts';
import { callWitness, type Testimony, type Witness } from './witness/witness.ts';
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
export type History = {
  readonly steps: number;
  readonly transactions: number;
  readonly statements: number;
  readonly refused: number;
  /** Documents and list entries compared, once per step. */
  readonly documents: number;
  readonly entries: number;
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

/** How long a step may take to settle, in milliseconds. */
const settleMs = 20_000;

/** After how many steps answers must come from Redis. */
const warmAfter = 4;

/**
 * Plays a random history against a running Everwarm and compares every copy after each settled step with an expectation made
 * from the rows alone. The seed decides the history.
 * @throws on the first step after which anything differs, with world, seed, step and the step's statements
 */
export async function runHistory(world: World, { servers, seed, forMs, steps, history, sabotage }: HistoryOptions): Promise<History> {
  const database = await createDatabase({ servers });
  const namespace = `oracle-${randomBytes(4).toString('hex')}`;
  const redis = new Redis(servers.redisUrl);
  await database.pool.query(world.ddl);
  for (const setting of oddDefaults) await database.pool.query(`alter database ${database.name} set ${setting}`);
  const errors: string[] = [];
  const witness = callWitness(database.url, world.casing);
  const everwarm = createEverwarm({
    postgres: database.urlFor('everwarm'),
    redis: servers.redisUrl,
    readModels: modelsOf(world),
    namespace,
    ...(world.casing && { casing: world.casing }),
    onError: (error, during) => errors.push(`${during}: ${error instanceof Error ? error.message : String(error)}`),
  });
  try {
    const begin = async () => {
      await everwarm.migrate();
      await sabotage?.(database.pool);
      await everwarm.start();
    };
    const stores: Stores = { pool: database.pool, redis, everwarm, namespace };
    return await play(stores, world, await readCatalogue(database.pool), {
      seed,
      forMs,
      ...(steps !== undefined && { steps }),
      ...(history && { history }),
      errors,
      witness,
      begin,
    });
  } finally {
    await everwarm.stop();
    await witness.close();
    const names = await redis.keys(`${namespace}:*`);
    if (names.length > 0) await redis.unlink(names);
    redis.disconnect();
    await rollBackPrepared(database.pool, database.name);
    await database.drop();
  }
}

type Play = Pick<HistoryOptions, 'seed' | 'forMs' | 'steps' | 'history'> & {
  readonly errors: readonly string[];
  readonly witness: Witness;
  readonly begin: () => Promise<void>;
};

async function play(
  stores: Stores,
  world: World,
  tables: readonly Table[],
  { seed, forMs, steps, history, errors, witness, begin }: Play,
): Promise<History> {
  const making = { random: createRandom(seed), tables, own: world.own, floods: world.floods ?? true };
  const [since, prepared, played]: [number, Set<string>, Step[]] = [performance.now(), new Set(), []];
  const goesOn = () =>
    history ? played.length < history.length : steps === undefined ? performance.now() < since + forMs : played.length < steps;
  const confirming = { pool: stores.pool, witness, random: createRandom(seed + 1) };
  let [transactions, statements, refused, documents, entries] = [0, 0, 0, 0, 0];
  do {
    const step = history?.[played.length] ?? (played.length === 0 ? fillingStep(making) : randomStep(making, `${played.length}`, prepared));
    // Half of all histories begin before Everwarm is installed: what it finds, it has to read.
    const finds = seed % 2 === 0 && played.length === 0 && !step.transactions.some(({ ending }) => typeof ending !== 'string');
    if (played.length === 0 && !finds) await begin();
    played.push(step);
    const { log, ...ids } = await playStep(stores.pool, step, tables, `${stores.namespace}-`);
    if (finds) await begin();
    for (const id of ids.prepared) prepared.add(id);
    for (const id of ids.resolved) prepared.delete(id);
    transactions += step.transactions.length;
    statements += log.length;
    refused += log.filter((line) => !/ok$|;$/.test(line)).length;
    const fail = (what: string): never => {
      throw new Disagreement(
        `${world.name}, seed ${seed}, step ${played.length}: ${what}\n\nThe step:\n${log.join('\n')}\n\nErrors reported: ${errors.slice(-5).join('; ') || 'none'}`,
        played,
      );
    };
    await stores.everwarm
      .settled({ timeoutMs: settleMs })
      .catch(async (error: unknown) => fail(`${String(error)}\n${await standing(stores.pool)}`));
    const rows = await readRows(stores.pool, tables);
    const found = await compareWorld(stores, world, rows, played.length === warmAfter);
    if (found.length > 0) fail(`${found.length} differences, the first:\n${found.slice(0, 3).join('\n').slice(0, 6000)}`);
    const doubts = await confirm(confirming, world, rows);
    if (doubts.length > 0)
      fail(`${doubts.length} doubts of the second witness, the first:\n${doubts.slice(0, 3).join('\n').slice(0, 6000)}`);
    documents += world.documents.reduce((total, { expected }) => total + expected(rows).size, 0);
    for (const { expected } of world.lists) for (const keys of expected(rows).values()) entries += keys.length;
    if (played.length % verifyEvery === 0 || !goesOn()) await verifyAll(stores.everwarm, world, fail);
  } while (goesOn());
  return { steps: played.length, transactions, statements, refused, documents, entries, witnessed: witness.testimony };
}

async function verifyAll(everwarm: Everwarm, world: World, fail: (what: string) => never): Promise<void> {
  for (const model of modelsOf(world)) {
    const { differing, inFlight, findings } = await everwarm.verify(model);
    if (differing > 0 || inFlight > 0)
      fail(`verify of ${model.name} says ${differing} differ, ${inFlight} in flight: ${JSON.stringify(findings.slice(0, 3))}`);
  }
}

/** What the server and the walks are at, for a history that does not settle. */
async function standing(pool: Stores['pool']): Promise<string> {
  const { rows } = await pool.query(
    `select datname, state, backend_xid, backend_xmin, clock_timestamp() - xact_start as open, wait_event, left(query, 100) as query from pg_stat_activity where xact_start is not null
     union all select database, 'prepared', transaction, null, clock_timestamp() - prepared, null, gid from pg_prepared_xacts
     union all select name, state, null, null, null, concat_ws(' ', reconcile_phase, installed_xid, pg_current_snapshot(), heartbeat), model ->> 'kind' from everwarm.generations, everwarm.relay`,
  );
  return rows.map((row) => JSON.stringify(row)).join('\n');
}

async function rollBackPrepared(pool: Stores['pool'], database: string): Promise<void> {
  const { rows } = await pool.query<{ gid: string }>('select gid from pg_prepared_xacts where database = $1', [database]);
  for (const { gid } of rows) await pool.query(`rollback prepared '${gid}'`).catch(() => undefined);
}
