import type { Database } from '#contracts/database.ts';
import { laneName, projectionTable, recomputeQueue } from '#contracts/names.ts';
import type { Queue, Redis } from '#platform/clients.ts';
import type { Queues } from '#platform/queue.ts';
import { type Mark, readMarks } from '#stages/capture/watch-tables.ts';

/**
 * One read model's state. `lagMs` is the age of its oldest change that is not in both stores, be it a row's or one that time
 * made, 0 when nothing is owed; `timers` are the keys that the time alone will change.
 */
export type ModelStatus = {
  readonly name: string;
  readonly generation: number;
  readonly state: string;
  readonly documents: number;
  readonly pending: number;
  readonly failing: number;
  readonly lagMs: number;
  readonly timers: number;
  /** What the failing key that is owed longest fails by; null when none fails. */
  readonly error: string | null;
  /** A transform that no running process has: keys are owed until one comes. Null when there is nothing to wait for. */
  readonly waitsFor: string | null;
  /** Why its statements cannot run in this database as it now is; null while they can. */
  readonly stalled: string | null;
};

/** Where everything stands. */
export type Status = {
  readonly models: readonly ModelStatus[];
  readonly outbox: { readonly undelivered: number; readonly oldestMs: number; readonly relay: 'running' | 'absent' };
  readonly redis: { readonly reachable: boolean; readonly usedMemory: string | null };
  readonly queues: readonly { readonly name: string; readonly waiting: number; readonly active: number; readonly failed: number }[];
  /** Captured tables that something happened to which is not put right by itself. */
  readonly marks: readonly Mark[];
};

/** Reads where everything stands. Writes nothing. Redis may be away. */
export async function readStatus(db: Database, redis: Redis, queues: Queues): Promise<Status> {
  const { rows: generations } = await db.query<{
    id: number;
    name: string;
    state: string;
    kind: string;
    stalled: string | null;
    pending: string;
    failing: string;
    lag: number | null;
    timers: string;
    error: string | null;
    hash: string;
    revision: number | null;
  }>(
    `select g.id, g.name, g.state, g.stalled, g.model ->> 'kind' as kind, count(l.key)::text as pending, count(l.error)::text as failing,
(array_agg(l.error order by l.since) filter (where l.error is not null))[1] as error, g.hash, (g.model -> 'transform' ->> 'revision')::float8 as revision,
extract(epoch from clock_timestamp() - least(min(l.since), (select min(t.at) from everwarm.timers t where t.generation = g.id)))::float8 * 1000 as lag,
(select count(*) from everwarm.timers t where t.generation = g.id)::text as timers
from everwarm.generations g left join everwarm.ledger l on l.generation = g.id where g.state <> 'dropped' group by g.id order by g.name, g.id`,
  );
  const outbox = await db.query<{ undelivered: string; oldest: number | null; running: boolean }>(
    `select count(o.xid)::text as undelivered, extract(epoch from clock_timestamp() - min(o.at))::float8 * 1000 as oldest,
coalesce(bool_or(r.heartbeat > clock_timestamp() - interval '5 seconds'), false) as running
from everwarm.relay r left join everwarm.outbox o on o.xid >= pg_snapshot_xmin(r.snapshot::pg_snapshot) and not pg_visible_in_snapshot(o.xid, r.snapshot::pg_snapshot)`,
  );
  const redisNow = await redisStatus(redis);
  const lane = (hash: string) => (redisNow.reachable ? queues.named(laneName(hash)) : null);
  const models: ModelStatus[] = [];
  for (const { id, name, state, kind, stalled, pending, failing, lag, timers, error, hash, revision } of generations) {
    const live = kind === 'document' ? 'doc' : 'member';
    const count = await db.query<{ documents: string }>(
      `select count(*)::text as documents from everwarm.${projectionTable(id)} where ${live} is not null`,
    );
    models.push({
      name,
      generation: id,
      state,
      documents: Number(count.rows[0]?.documents ?? 0),
      pending: Number(pending),
      failing: Number(failing),
      lagMs: Math.max(0, Math.round(lag ?? 0)),
      timers: Number(timers),
      error,
      waitsFor: revision === null ? null : await missing(lane(hash), revision),
      stalled,
    });
  }
  const { undelivered = '0', oldest = null, running = false } = outbox.rows[0] ?? {};
  const lanes = generations.filter(({ revision }) => revision !== null).map(({ hash }) => lane(hash));
  return {
    models,
    outbox: { undelivered: Number(undelivered), oldestMs: Math.max(0, Math.round(oldest ?? 0)), relay: running ? 'running' : 'absent' },
    redis: redisNow,
    // BullMQ would wait for Redis to come.
    queues: redisNow.reachable
      ? await Promise.all([queues.named(recomputeQueue), ...lanes].map(queueStatus)).then((all) => all.flat())
      : [],
    marks: await readMarks(db),
  };
}

async function redisStatus(redis: Redis): Promise<Status['redis']> {
  const info = await redis.info('memory').catch(() => null);
  return { reachable: info !== null, usedMemory: (info && /^used_memory_human:(.*?)\r?$/m.exec(info)?.[1]) ?? null };
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
