import { type Random, waitFor } from '@everwarm/testkit';
import type { Redis } from 'ioredis';
import type { Pool } from 'pg';
import { compareWorld } from './compare.ts';
import type { Rows } from './naive.ts';
import type { Releases } from './releases.ts';
import { readRows, type Table } from './source.ts';
import { confirm } from './witness/confirm.ts';
import type { Witness } from './witness/witness.ts';
import type { World } from './world.ts';

/** A world that runs, and what it is looked at with. */
export type Observed = {
  readonly pool: Pool;
  readonly redis: Redis;
  readonly namespace: string;
  readonly world: World;
  readonly tables: readonly Table[];
  readonly releases: Releases;
  readonly witness: Witness;
  readonly random: Random;
};

/** What was seen: the rows, in what the copies differ from them, and how many moments came before that. */
export type Observation = { readonly rows: Rows; readonly differences: readonly string[]; readonly moments: number };

/** How long a step may take to settle, in milliseconds: nothing is measured here, and a machine may stand still for many seconds. */
const settleMs = 60_000;

/** A moment that is further away than this, in milliseconds, is not waited for. */
const soonMs = 5_000;

/**
 * Lets everything settle and compares every copy of every release that runs. Where a moment that some row names is about to come,
 * it is awaited, and everything compared once more; what seems to differ while one comes is not held against anybody.
 */
export async function observe(observed: Observed, warm: boolean, fail: (what: string) => never): Promise<Observation> {
  const { pool, redis, namespace, world, releases, tables } = observed;
  for (let moments = 0; ; ) {
    // What came since may be missing in what settled before it.
    const since = await clock(pool);
    for (const { everwarm } of releases.running)
      await everwarm.settled({ timeoutMs: settleMs }).catch(async (error: unknown) => fail(`${String(error)}\n${await standing(pool)}`));
    const rows = await readRows(pool, tables);
    const differences: string[] = [];
    for (const { everwarm, release } of releases.running) {
      const declared = { ...release, ...(world.casing && { casing: world.casing }) };
      differences.push(...(await compareWorld({ pool, redis, namespace, everwarm }, declared, rows, warm)));
      differences.push(...(await confirm(observed, declared, rows)));
    }
    // The witness asks later than the rows were read: on a busy machine a moment may come between that was far away.
    const coming = momentsAfter(since, await clock(pool), rows, tables);
    const [first] = coming;
    const last = coming.at(-1);
    if (first === undefined || last === undefined) return { rows, differences, moments };
    if (differences.length > 0 && (await clock(pool)) < first) return { rows, differences, moments };
    await waitFor(async () => (await clock(pool)) > last, { what: 'the moments that rows name', timeoutMs: 4 * soonMs });
    moments += coming.length;
  }
}

/** The moments in these rows that came since, or come soon after `now`, in their order. */
function momentsAfter(since: number, now: number, rows: Rows, tables: readonly Table[]): number[] {
  const found = tables.flatMap(({ id, columns }) =>
    columns
      .filter(({ type }) => type === 'timestamp with time zone')
      .flatMap(({ name }) => rows(id).map((row) => momentOf(row[name] ?? ''))),
  );
  // To the millisecond, as far as texts are read here.
  return [...new Set(found.filter((moment) => moment >= since - 1 && moment < now + soonMs))].sort((left, right) => left - right);
}

/** Milliseconds since 1970, not a number for what is no moment of these years. */
const momentOf = (text: string): number => (/^2\d{3}-[^B]*$/.test(text) ? Date.parse(`${text.replace(' ', 'T')}:00`) : Number.NaN);

async function clock(pool: Pool): Promise<number> {
  // Not as a float8: a database with few extra_float_digits would round it to seconds.
  const { rows } = await pool.query<{ now: string }>('select extract(epoch from clock_timestamp()) * 1000 as now');
  return Number(rows[0]?.now);
}

/** What the server and the walks are at, for a history that does not settle. */
async function standing(pool: Pool): Promise<string> {
  const { rows } = await pool.query(
    `select datname, state, backend_xid, backend_xmin, clock_timestamp() - xact_start as open, wait_event, left(query, 100) as query from pg_stat_activity where xact_start is not null
     union all select database, 'prepared', transaction, null, clock_timestamp() - prepared, null, gid from pg_prepared_xacts
     union all select name, state, null, null, null, concat_ws(' ', reconcile_phase, installed_xid, pg_current_snapshot(), heartbeat), model ->> 'kind' from everwarm.generations, everwarm.relay`,
  );
  return rows.map((row) => JSON.stringify(row)).join('\n');
}
