import { postDetail } from '@everwarm/blog';
import type { TestDatabase } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import type { Pool } from 'pg';
import { holdMarks, lowerMarks } from '../../../libs/everwarm/src/stages/relay/count-ledger.ts';
import { median } from '../rounds.ts';
import type { Bench } from '../scenario.ts';

/** How many times the state is asked for. */
const asked = 40;

/** How much lag may differ from the truth in one answer: what passes while it is asked for, in milliseconds. */
const toleranceMs = 1000;

/**
 * How long `status` takes, in milliseconds, with so many pending keys behind a transaction that is open all the while, which
 * keeps everything that the worker deletes meanwhile. What then is still owed stays. Throws when lag or the number of keys is not what it is.
 */
export async function statusBehindOpenWriter({ servers }: Bench, database: TestDatabase, pending: number): Promise<number> {
  const writer = await database.pool.connect();
  const everwarm = createEverwarm({ postgres: database.url, redis: servers.redisUrl, readModels: [postDetail] });
  try {
    await writer.query('begin isolation level repeatable read');
    await writer.query('select pg_current_xact_id()');
    const { rows } = await database.pool.query<{ id: number; oldest: Date }>(
      `select id, clock_timestamp() as oldest from everwarm.generations where name = $1 and state = 'serving'`,
      [postDetail.name],
    );
    const { id, oldest } = rows[0]!;
    await owe(database.pool, { generation: id, pending, since: oldest });
    const times: number[] = [];
    await everwarm.status();
    for (let time = 0; time < asked; time++) {
      const start = performance.now();
      const { models } = await everwarm.status();
      times.push(performance.now() - start);
      const [model] = models;
      const age = Date.now() - oldest.getTime();
      if (!model || Math.abs(model.lagMs - age) > toleranceMs) throw new Error(`Lag was told to be ${model?.lagMs} ms, and was ${age} ms.`);
      if (model.pending < 1000) throw new Error(`${model.pending} keys were told to be pending.`);
    }
    return median(times);
  } finally {
    await writer.query('rollback');
    writer.release();
    await everwarm.stop();
  }
}

type Owing = { readonly generation: number; readonly pending: number; readonly since: Date };

/**
 * Owes keys of no post, behind all that there are: to recompute one is to find that there is nothing. As whoever owes keys of changes that are
 * past does, it takes back what was noted meanwhile about how old the oldest is: to insert a million takes longer than such a note keeps off.
 */
async function owe(pool: Pool, { generation, pending, since }: Owing): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(holdMarks);
    await client.query(lowerMarks('$1'), [since.getTime()]);
    await client.query(
      `insert into everwarm.ledger (generation, key, since) select $1, (1000000000 + i)::text, $3::timestamptz from generate_series(1, $2::integer) i`,
      [generation, pending, since],
    );
    await client.query('commit');
  } finally {
    // Where something failed it is inside a transaction.
    client.release(true);
  }
}
