import type { Database, Transactions } from '#contracts/database.ts';
import { type Lifecycle, type LifecycleKind, lifecycleKind } from '#contracts/lifecycle.ts';
import { laneName, projectionTable, recomputeQueue } from '#contracts/names.ts';
import type { Queue, Redis } from '#platform/clients.ts';
import type { Queues } from '#platform/queue.ts';
import { undeliveredOf } from '#platform/undelivered.ts';
import { type Mark, readMarks } from '#stages/capture/watch-tables.ts';
import { readLedger } from './ledger-status.ts';
import { type Quarantined, readQuarantined } from './quarantined.ts';
import { type RedisStatus, readRedisStatus } from './redis-status.ts';
import { unreadyAggregates } from './unready-aggregates.ts';

/**
 * One read model's state. `lagMs` is the age of its oldest change that is not in both stores, be it a row's or one that time
 * made, 0 when nothing is owed; what the fuse holds counts, and what is in
 * quarantine does not: it says so itself. `timers` are the keys that the time alone will change.
 */
export type ModelStatus = {
  readonly name: string;
  readonly generation: number;
  readonly state: string;
  readonly lifecycle: LifecycleKind;
  readonly documents: number;
  readonly pending: number;
  readonly failing: number;
  readonly lagMs: number;
  readonly timers: number;
  /** Changes that the fuse holds, and how many keys they dirty, about. */
  readonly held: { readonly changes: number; readonly keys: number };
  /** Keys that cannot be made from what their rows say, and the age of the oldest change that is not in one's document. */
  readonly quarantined: Quarantined;
  /** Aggregates that are to be kept by deltas and are read from their rows as yet: right, at a cost that grows with the rows. */
  readonly unready: readonly string[];
  /** Which of these figures are estimates: of large numbers, when to count them would take long. */
  readonly about: readonly ('documents' | 'pending')[];
  /** What the failing key that is owed longest fails by; null when none fails. */
  readonly error: string | null;
  /** A transform that no running process has, or an operator's word on quarantined keys before it may serve. Null when there is nothing to wait for. */
  readonly waitsFor: string | null;
  /** Why its statements cannot run in this database as it now is; null while they can. */
  readonly stalled: string | null;
};

/** Where everything stands. */
export type Status = {
  readonly models: readonly ModelStatus[];
  /** `undelivered` is counted up to 20,000. `bytes` are those of its tables, delivered changes included until they are emptied. */
  readonly outbox: {
    readonly undelivered: number;
    readonly oldestMs: number;
    readonly relay: 'running' | 'absent';
    readonly bytes: number;
  };
  readonly redis: RedisStatus;
  readonly queues: readonly { readonly name: string; readonly waiting: number; readonly active: number; readonly failed: number }[];
  /** Captured tables that something happened to which is not put right by itself. */
  readonly marks: readonly Mark[];
};

/**
 * Reads where everything stands, in a time that does not grow with what is owed: figures that would are counted up to a bound and
 * estimated above it, and named in `about`. Writes nothing. Redis may be away.
 */
export async function readStatus(db: Transactions, redis: Redis, queues: Queues): Promise<Status> {
  // Before the ledger, not beside it: a change that is delivered between two looks is then seen twice rather than never.
  const outbox = await readOutbox(db);
  const [{ rows: generations }, ledger, quarantine, unready, redisNow, marks] = await Promise.all([
    db.query<GenerationRow>(generationsSql),
    readLedger(db),
    readQuarantined(db),
    unreadyAggregates(db),
    readRedisStatus(db, redis),
    readMarks(db),
  ]);
  const lane = (hash: string) => (redisNow.reachable ? queues.named(laneName(hash)) : null);
  const models = await Promise.all(
    generations.map(
      async ({
        id,
        name,
        state,
        kind,
        lifecycle,
        stalled,
        failing,
        due,
        timers,
        error,
        hash,
        revision,
        rows,
        bytes,
      }): Promise<ModelStatus> => {
        const owed = ledger.get(id);
        const quarantined = quarantine.get(id) ?? { keys: 0, oldestMs: 0 };
        const isLarge = rows > counted.rows || bytes > counted.bytes;
        return {
          name,
          generation: id,
          state,
          lifecycle: lifecycleKind(lifecycle),
          documents: isLarge ? rows : await documentsOf(db, id, kind),
          pending: owed?.pending ?? 0,
          failing,
          lagMs: Math.max(0, Math.round(Math.max(owed?.lagMs ?? 0, due ?? 0))),
          timers: Number(timers),
          held: owed?.held ?? { changes: 0, keys: 0 },
          quarantined,
          unready: unready.get(id) ?? [],
          about: [...(isLarge ? (['documents'] as const) : []), ...(owed?.isEstimate ? (['pending'] as const) : [])],
          error,
          waitsFor: (revision === null ? null : await missing(lane(hash), revision)) ?? awaited(state, quarantined),
          stalled,
        };
      },
    ),
  );
  const lanes = generations.filter(({ revision }) => revision !== null).map(({ hash }) => lane(hash));
  return {
    models,
    outbox,
    redis: redisNow,
    // BullMQ would wait for Redis to come.
    queues: redisNow.reachable
      ? await Promise.all([queues.named(recomputeQueue), ...lanes].map(queueStatus)).then((all) => all.flat())
      : [],
    marks,
  };
}

type GenerationRow = {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly kind: string;
  readonly lifecycle: Lifecycle;
  readonly stalled: string | null;
  readonly failing: number;
  readonly error: string | null;
  /** The age of the oldest moment that has come, in milliseconds; negative where it has not. */
  readonly due: number | null;
  readonly timers: string;
  readonly hash: string;
  readonly revision: number | null;
  readonly rows: number;
  /** Of the rows themselves, earlier versions of them that are not yet vacuumed included. */
  readonly bytes: number;
};

/**
 * Up to so much of a projection table is counted; above, Postgres's own running count is told. A few rows may be long to count: behind
 * an open transaction nothing is vacuumed, and every version of each is looked at.
 */
const counted = { rows: 20_000, bytes: 32 * 1024 * 1024 } as const;

const generationsSql = `select g.id, g.name, g.state, g.lifecycle, g.stalled, g.model ->> 'kind' as kind, g.hash, (g.model -> 'transform' ->> 'revision')::float8 as revision,
  coalesce(f.failing, 0)::integer as failing, f.error, coalesce(t.timers, 0)::text as timers,
  extract(epoch from clock_timestamp() - t.due)::float8 * 1000 as due, coalesce(pg_stat_get_live_tuples(p.projection), 0)::float8 as rows,
  coalesce(pg_relation_size(p.projection), 0)::float8 as bytes
from everwarm.generations g
cross join lateral (select to_regclass('everwarm.projection_' || g.id) as projection) p
left join (select generation, count(*) as failing, (array_agg(error order by since))[1] as error from everwarm.ledger where attempts > 0 group by generation) f on f.generation = g.id
left join (select generation, count(*) as timers, min(at) as due from everwarm.timers group by generation) t on t.generation = g.id
where g.state <> 'dropped' order by g.name, g.id`;

async function documentsOf(db: Database, generation: number, kind: string): Promise<number> {
  const { rows } = await db.query<{ documents: string }>(
    `select count(*)::text as documents from everwarm.${projectionTable(generation)} where ${kind === 'document' ? 'doc' : 'member'} is not null`,
  );
  return Number(rows[0]?.documents ?? 0);
}

/** Up to so many undelivered changes are counted. */
const countedChanges = 20_000;

async function readOutbox(db: Transactions): Promise<Status['outbox']> {
  const { rows } = await db.transaction(
    (tx) =>
      tx.query<{ undelivered: number; oldest: number | null; running: boolean; bytes: number }>(
        `select o.undelivered, extract(epoch from clock_timestamp() - o.at)::float8 * 1000 as oldest,
  coalesce(r.heartbeat > clock_timestamp() - interval '5 seconds', false) as running,
  (pg_total_relation_size('everwarm.outbox_0') + pg_total_relation_size('everwarm.outbox_1'))::float8 as bytes
from everwarm.relay r cross join lateral (
  select count(*)::float8 as undelivered, min(u.at) as at from (select u.at from ${undeliveredOf} u limit ${countedChanges}) u) o`,
      ),
    { opening: ['set local enable_seqscan = off'] },
  );
  const { undelivered = 0, oldest = null, running = false, bytes = 0 } = rows[0] ?? {};
  return { undelivered, oldestMs: Math.max(0, Math.round(oldest ?? 0)), relay: running ? 'running' : 'absent', bytes };
}

/** A generation that has all it can have, but for keys of which an operator must decide, does not take over from one that serves. */
function awaited(state: string, { keys }: Quarantined): string | null {
  return state === 'building' && keys > 0 ? `${keys} quarantined keys to be mended, or discarded: everwarm quarantine list` : null;
}

/** Redis servers that do not list their clients are taken to have one that listens. */
async function missing(lane: Queue | null, revision: number): Promise<string | null> {
  const workers = await lane?.getWorkersCount().catch(() => null);
  return workers === 0 ? `a process whose code has the transform of revision ${revision}` : null;
}

async function queueStatus(queue: Queue | null): Promise<Status['queues']> {
  if (!queue) return [];

  const counts = await queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active', 'failed').catch(() => null);
  if (!counts) return [];
  const { waiting = 0, prioritized = 0, delayed = 0, active = 0, failed = 0 } = counts;
  return [{ name: queue.name, waiting: waiting + prioritized + delayed, active, failed }];
}
