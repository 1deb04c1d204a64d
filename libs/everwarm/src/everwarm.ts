import type { CompiledModel } from '#contracts/compiled.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { fuseOf } from '#contracts/fuse.ts';
import type { KeyInput } from '#contracts/key.ts';
import type { KeySpace } from '#contracts/names.ts';
import type { Token } from '#contracts/token.ts';
import { definitionHash } from '#model/compile.ts';
import type { AnyModel } from '#model/declare/define.ts';
import { transformsOf } from '#model/declare/transforms.ts';
import type { Redis } from '#platform/clients.ts';
import { endingDuplicates } from '#platform/ending-duplicates.ts';
import { type Epoch, enterEpoch } from '#platform/epoch.ts';
import { rememberGenerations } from '#platform/generations.ts';
import { alone } from '#platform/migration-lock.ts';
import { openPostgres, type Postgres, postgresError } from '#platform/postgres.ts';
import type { Queues } from '#platform/queue.ts';
import { openRedis, reachRedis, redisError } from '#platform/redis.ts';
import { readRedisCopy } from '#platform/redis-copy.ts';
import { checkConfig, type EverwarmConfig } from './config.ts';
import type { EpochKeeper } from './epoch-keeper.ts';
import { openEvicting } from './evicting.ts';
import { declaredAmong, liveOf, servingAmong } from './find-model.ts';
import { defaultGraceMs, withinGrace } from './grace.ts';
import { type Inlining, openInlining } from './inlining.ts';
import { type AuditParts, type Verified, verify } from './operations/audit/verify.ts';
import type { EvictVerbs } from './operations/evict/evict-verbs.ts';
import { type HeldChanges, heldChanges } from './operations/fuse/held-changes.ts';
import { type Migration, migrate } from './operations/migrate.ts';
import { checkPostgres, type Diagnosis, examine } from './operations/observe/doctor.ts';
import { type Explained, explain } from './operations/observe/explain.ts';
import { checkLockTable } from './operations/observe/pressure.ts';
import { settled } from './operations/observe/settled.ts';
import { readStatus, type Status } from './operations/observe/status.ts';
import { type Quarantine, quarantineOf } from './operations/quarantine/quarantine-verbs.ts';
import { type RebuildProgress, rebuildInPlace } from './operations/rebuild/rebuild.ts';
import { type TokenClient, tokenOf } from './operations/token.ts';
import { type TouchClient, touch } from './operations/touch.ts';
import { openReading } from './reading.ts';
import { reportFailure } from './report-failure.ts';
import type { Reader } from './stages/read/reader.ts';
import { isPresent } from './stages/write-through/copy-state.ts';
import { isRedisTrouble } from './stages/write-through/redis-trouble.ts';
import { withFencedCommands } from './stages/write-through/scripts.ts';

/** Everwarm in one process: migrations, the pipeline, reading and operating. Made by {@link createEverwarm}. */
export interface Everwarm extends EvictVerbs, Inlining {
  /** Reads documents and lists. */
  readonly reader: Reader;
  /** Brings the database to what the read models need. Idempotent; uses `ownerUrl` when given. `dryRun` only tells. */
  migrate(options?: { readonly dryRun?: boolean }): Promise<Migration>;
  /** Starts relay and workers in this process. Resolves when they run. Throws when Postgres, Redis or the migration is not fit; a Redis that is away is told of and waited for. */
  start(): Promise<void>;
  /** Resolves when everything committed before the call is in both stores. Throws E_TIMEOUT (default after 30 s). */
  settled(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Derives every document of a read model again, in place. Needs a running worker somewhere. */
  rebuild(model: AnyModel | string, options?: { readonly onProgress?: (progress: RebuildProgress) => void }): Promise<void>;
  /**
   * Says that documents or entries must be derived again because something changed that no table of the database holds. With a
   * `client` it is recorded in the transaction that the client is in, and counts when that commits; else in one of its own.
   */
  touch(model: AnyModel | string, keys: readonly KeyInput[], options?: { readonly client?: TouchClient }): Promise<void>;
  /**
   * The token of the transaction that this client, pool, or Drizzle transaction is in: reads that are given it as `after`, in any
   * process, show what the transaction wrote. Outside of a transaction it names all that was committed before the call.
   */
  token(client: TokenClient): Promise<Token>;
  /** Compares every key of a read model: source, Postgres copy, Redis copy. Changes nothing. */
  verify(model: AnyModel | string, options?: { readonly onProgress?: (checked: number) => void }): Promise<Verified>;
  /** Where everything stands. */
  status(): Promise<Status>;
  /** What is derived from a read model, step by step, and which generations of it there are. Needs no database: without one it does not say those. */
  explain(model: AnyModel | string): Promise<Explained>;
  /** Keys that fail by their own value, set apart. */
  readonly quarantine: Quarantine;
  /** Changes that would recompute more documents than the fuse allows, and are held. */
  readonly fuse: HeldChanges;
  /** What Everwarm stands on, checked. */
  doctor(): Promise<Diagnosis[]>;
  /**
   * Takes nothing new, hands leadership over, lets running batches finish and closes what it opened. Throws E_TIMEOUT when they have not
   * finished within `graceMs` of the configuration, or before `force` says so: what they had at hand stays owed and is done by
   * others, and it is time to end the process. May be called twice, and before `start`.
   */
  stop(options?: { readonly force?: AbortSignal }): Promise<void>;
}

type Open = {
  readonly postgres: Postgres;
  readonly redis: Redis;
  readonly queues: Queues;
  readonly parts: Omit<AuditParts, 'onProgress'> & { readonly generations: ReturnType<typeof rememberGenerations> };
};

/** Creates Everwarm. Connects to nothing until it is used, so it is safe at build time and under hot reload. Throws E_CONFIG, E_DEFINITION. */
export function createEverwarm(input: EverwarmConfig): Everwarm {
  const config = checkConfig(input);
  const namespace = config.namespace ?? 'everwarm';
  const onError = config.onError ?? reportFailure;
  const models: readonly CompiledModel[] = config.readModels.map((model) => model.compile(config.casing));
  const transforms = transformsOf(config.readModels, config.casing);
  const postgres = openPostgres(config.postgres, { max: (config.concurrency ?? 4) + 8 });
  const reading = openReading(config);
  const closers: (() => Promise<unknown>)[] = [() => postgres.close(), () => reading.stop()];
  let opening: Promise<Open> | null = null;
  let keeper: EpochKeeper | null = null;
  let stopped = false;

  const redisFor = (use: Parameters<typeof openRedis>[1]) => {
    const redis = openRedis(config.redis, use);
    closers.unshift(async () => redis.disconnect());
    return redis;
  };
  let epoch: Epoch | null = null;
  const enter = async () => {
    const entered = await enterEpoch(postgres.transactions).catch((error: unknown) => Promise.reject(unmigrated(error, postgres)));
    epoch = entered;
    return entered;
  };
  // Whoever spells keys follows the database to its next epoch.
  const space: KeySpace = {
    namespace,
    get epoch() {
      return epoch?.space ?? '';
    },
  };
  const open = async (): Promise<Open> => {
    await enter();
    const redis = redisFor('read');
    const queueConnection = redisFor('queue');
    await redis.connect().catch(() => undefined);
    await queueConnection.connect().catch(() => undefined);
    // BullMQ is loaded by those who operate, not by a process that imports declarations and reads.
    const { openQueues } = await import('#platform/queue.ts');
    // That Redis is away is told by the watch over it, once.
    const queues = openQueues(queueConnection, namespace, (error, during) => void (isRedisTrouble(error) || onError(error, during)));
    const generations = rememberGenerations(postgres.transactions);
    const settle = () => settleOn({ redis, space }, 30_000);
    return { postgres, redis, queues, parts: { db: postgres.transactions, redis, space, generations, transforms, settle } };
  };
  const settleOn = ({ redis, space }: Pick<Open['parts'], 'redis' | 'space'>, timeoutMs: number) => {
    const isWhole = async () =>
      readRedisCopy(postgres.transactions)
        .then((copy) => isPresent(copy, redis, space))
        .catch(() => false);
    return settled(postgres.transactions, { isPresent: isWhole, transforms }, timeoutMs);
  };
  const opened = () => {
    if (stopped) throw new EverwarmError('E_LIFECYCLE', 'Everwarm was stopped. Create another one.');
    opening ??= open().catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };
  const db = postgres.transactions;
  const declared = declaredAmong(models);
  const live = async (model: AnyModel | string) => {
    const known = declared(model);
    return liveOf((await opened()).parts.generations, known);
  };
  const generationOf = async (model: AnyModel | string) => servingAmong(await live(model));
  const inlining = openInlining({
    db,
    namespace,
    connect: () => {
      if (stopped) throw new EverwarmError('E_LIFECYCLE', 'Everwarm was stopped. Create another one.');
      return redisFor('read');
    },
    heard: () => reading.hear(),
    maxDocumentBytes: config.maxDocumentBytes,
  });

  return {
    ...inlining,
    ...openEvicting({ db, namespace, declared, live, connect: () => redisFor('write'), heard: () => reading.hear() }),
    reader: reading.reader,
    async migrate({ dryRun = false } = {}) {
      const owner = config.ownerUrl === undefined ? postgres : openPostgres(config.ownerUrl, { max: 2, name: 'everwarm-migrate' });
      try {
        await checkPostgres(owner.transactions);
        const runtimeRole =
          config.ownerUrl === undefined
            ? undefined
            : (await postgres.transactions.query<{ role: string }>('select current_user as role')).rows[0]?.role;
        return await alone(owner.pool, () => migrate(owner.transactions, models, { dryRun, runtimeRole }));
      } catch (error) {
        throw postgresError(error, owner.pool.options.connectionString);
      } finally {
        if (owner !== postgres) await owner.close();
      }
    },
    async start() {
      if (keeper) return;
      await checkPostgres(postgres.transactions).catch((error: unknown) =>
        Promise.reject(postgresError(error, postgres.pool.options.connectionString)),
      );
      const { queues } = await opened();
      const writer = withFencedCommands(redisFor('write'));
      const away = await reachRedis(writer);
      const problem = (await examine(postgres.transactions, away ? null : writer, models)).find(
        (diagnosis) => diagnosis.vital && diagnosis.problem !== null,
      );
      if (problem) throw new EverwarmError('E_NOT_MIGRATED', `${problem.check}: not so. ${problem.problem}`);
      await checkLockTable(postgres.transactions, config.concurrency ?? 4);
      const { keepPipeline } = await import('./epoch-keeper.ts');
      keeper = keepPipeline(postgres.pool, enter, {
        namespace,
        writer,
        queues,
        transforms,
        transformed: models.filter((model) => model.transform !== undefined).map(definitionHash),
        connectWorker: () => endingDuplicates(redisFor('worker')),
        concurrency: config.concurrency ?? 4,
        maxDocumentBytes: config.maxDocumentBytes,
        fuse: (model) => fuseOf(config.fuse, model),
        onError,
      });
      await keeper.start();
      if (away === null) await keeper.pipeline?.waitUntilReady();
      else onError(away, 'start: Postgres is written and answers reads until Redis comes');
    },
    async settled({ timeoutMs = 30_000 } = {}) {
      const { parts } = await opened();
      await settleOn(parts, timeoutMs);
      // Whoever waited for Redis to be whole wants to read from it.
      await reading.look();
    },
    async rebuild(model, { onProgress = () => undefined } = {}) {
      await rebuildInPlace(postgres.transactions, await generationOf(model), onProgress);
    },
    async touch(model, keys, { client } = {}) {
      if (stopped) throw new EverwarmError('E_LIFECYCLE', 'Everwarm was stopped. Create another one.');
      await touch(client ?? postgres.pool, declared(model), keys);
      keeper?.pipeline?.relay.hint();
    },
    token: (client) => tokenOf(client),
    async verify(model, { onProgress } = {}) {
      const generation = await generationOf(model);
      const { redis, parts } = await opened();
      await redis.ping().catch((error: unknown) => Promise.reject(redisError(error, redis)));
      return verify({ ...parts, onProgress }, generation);
    },
    async status() {
      const { redis, queues } = await opened();
      return readStatus(postgres.transactions, redis, queues);
    },
    async explain(model) {
      return explain(postgres.transactions, declared(model));
    },
    quarantine: quarantineOf(postgres.transactions, declared),
    fuse: heldChanges(postgres.transactions),
    async doctor() {
      const redis = redisFor('read');
      await redis.connect().catch(() => undefined);
      return examine(postgres.transactions, redis, models, postgres.pool.options.connectionString);
    },
    async stop({ force } = {}) {
      if (stopped) return;
      stopped = true;
      const graceMs = config.graceMs ?? defaultGraceMs;
      const inTime = await withinGrace(keeper?.stop() ?? Promise.resolve(), graceMs, force);
      const closing = (async () => {
        const open = await opening?.catch(() => null);
        await open?.queues.close();
        for (const close of closers) await close();
      })();
      if (inTime) return closing;
      closing.catch(() => undefined);
      throw new EverwarmError(
        'E_TIMEOUT',
        `Running batches did not finish within ${force?.aborted ? 'the time they were given' : `${graceMs} ms`}. Their keys are still owed: other workers compute them.`,
      );
    },
  };
}

function unmigrated(error: unknown, postgres: Postgres): EverwarmError {
  const missing = error instanceof Error && 'code' in error && (error.code === '42P01' || error.code === '3F000');
  return missing
    ? new EverwarmError('E_NOT_MIGRATED', 'This database has no schema "everwarm". Run everwarm migrate.', { cause: error })
    : postgresError(error, postgres.pool.options.connectionString);
}
