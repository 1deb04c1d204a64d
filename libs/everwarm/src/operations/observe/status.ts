import type { Database } from '#contracts/database.ts';
import { projectionTable } from '#contracts/names.ts';
import type { Queue, Redis } from '#platform/clients.ts';
import { type Mark, readMarks } from '#stages/capture/watch-tables.ts';

/** One read model's state. `lagMs` is the age of its oldest change that is not in both stores, 0 when nothing is owed. */
export type ModelStatus = {
  readonly name: string;
  readonly generation: number;
  readonly state: string;
  readonly documents: number;
  readonly pending: number;
  readonly failing: number;
  readonly lagMs: number;
  /** Why its statements cannot run in this database as it now is; null while they can. */
  readonly stalled: string | null;
};

/** Where everything stands. */
export type Status = {
  readonly models: readonly ModelStatus[];
  /** Captured tables that something happened to which is not put right by itself. */
  readonly marks: readonly Mark[];
  readonly outbox: { readonly undelivered: number; readonly oldestMs: number; readonly relay: 'running' | 'absent' };
  readonly redis: { readonly reachable: boolean; readonly usedMemory: string | null };
  readonly queues: readonly { readonly name: string; readonly waiting: number; readonly active: number; readonly failed: number }[];
};

/** Reads where everything stands. Writes nothing. Redis may be away. */
export async function readStatus(db: Database, redis: Redis, queue: Queue): Promise<Status> {
  const { rows: generations } = await db.query<{
    id: number;
    name: string;
    state: string;
    kind: string;
    stalled: string | null;
    pending: string;
    failing: string;
    lag: number | null;
  }>(
    `select g.id, g.name, g.state, g.stalled, g.model ->> 'kind' as kind, count(l.key)::text as pending, count(l.error)::text as failing,
extract(epoch from clock_timestamp() - min(l.since))::float8 * 1000 as lag
from everwarm.generations g left join everwarm.ledger l on l.generation = g.id where g.state <> 'dropped' group by g.id order by g.name, g.id`,
  );
  const outbox = await db.query<{ undelivered: string; oldest: number | null; running: boolean }>(
    `select count(o.xid)::text as undelivered, extract(epoch from clock_timestamp() - min(o.at))::float8 * 1000 as oldest,
coalesce(bool_or(r.heartbeat > clock_timestamp() - interval '5 seconds'), false) as running
from everwarm.relay r left join everwarm.outbox o on o.xid >= pg_snapshot_xmin(r.snapshot::pg_snapshot) and not pg_visible_in_snapshot(o.xid, r.snapshot::pg_snapshot)`,
  );
  const models: ModelStatus[] = [];
  for (const { id, name, state, kind, stalled, pending, failing, lag } of generations) {
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
      stalled,
    });
  }
  const { undelivered = '0', oldest = null, running = false } = outbox.rows[0] ?? {};
  const redisNow = await redisStatus(redis);
  return {
    models,
    marks: await readMarks(db),
    outbox: { undelivered: Number(undelivered), oldestMs: Math.max(0, Math.round(oldest ?? 0)), relay: running ? 'running' : 'absent' },
    redis: redisNow,
    // BullMQ would wait for Redis to come.
    queues: redisNow.reachable ? await queueStatus(queue) : [],
  };
}

async function redisStatus(redis: Redis): Promise<Status['redis']> {
  const info = await redis.info('memory').catch(() => null);
  return { reachable: info !== null, usedMemory: (info && /^used_memory_human:(.*?)\r?$/m.exec(info)?.[1]) ?? null };
}

async function queueStatus(queue: Queue): Promise<Status['queues']> {
  const counts = await queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active', 'failed').catch(() => null);
  if (!counts) return [];
  const { waiting = 0, prioritized = 0, delayed = 0, active = 0, failed = 0 } = counts;
  return [{ name: queue.name, waiting: waiting + prioritized + delayed, active, failed }];
}
