import { createDatabase, type Random, seededRandom } from '@everwarm/testkit';
import type { PoolClient } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Database } from '#contracts/database.ts';
import { parseSnapshot, type Snapshot } from '#contracts/snapshot.ts';
import { migrateSchema } from '#platform/migrate-schema.ts';
import { openPostgres } from '#platform/postgres.ts';
import { batchSize, poll, readLarge } from './poll.ts';
import { rotate } from './rotate.ts';

const template = {
  key: 'relay stage',
  build: async (url: string) => {
    const postgres = openPostgres(url);
    await migrateSchema(postgres.transactions);
    await postgres.close();
  },
};

async function openOutbox() {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  const postgres = openPostgres(database.urlFor('relay stage'), { max: 8 });
  onTestFinished(() => postgres.close());
  const { transactions: db, pool } = postgres;
  const session = await pool.connect();
  onTestFinished(() => session.release());
  // As the leader's session is.
  await session.query('set enable_seqscan = off; set jit = off; set plan_cache_mode = force_generic_plan');
  const { rows } = await db.query<{ snapshot: string }>('select snapshot from everwarm.relay');
  return { db, pool, session: session as Database, begin: parseSnapshot(rows[0]!.snapshot) };
}

/** What a trigger does, with one number to be known by. */
const capture = (client: { query(sql: string, values: unknown[]): Promise<unknown> }, number: number) =>
  client.query('insert into everwarm.outbox (slot, source, mask, vals) select slot, 1, -1, array[$1::text] from everwarm.outbox_slot', [
    String(number),
  ]);
const numbers = (changes: readonly { values: readonly (string | null)[] | null }[]) => changes.map(({ values }) => Number(values?.[0]));

type Outbox = Awaited<ReturnType<typeof openOutbox>>;

/** Writers that begin, write and end in any order, some in subtransactions, some rolled back, with a look after every step. */
async function runWriters({ pool, session, db, begin }: Outbox, random: Random, look: (delivered: Snapshot) => Promise<unknown>) {
  const open: { client: PoolClient; written: number[] }[] = [];
  const [committed, delivered]: [number[], number[]] = [[], []];
  let [last, number] = [begin, 0];
  const end = async () => {
    const [writer] = open.splice(random.integer(0, open.length - 1), 1);
    const kept = random.chance(0.8);
    await writer!.client.query(kept ? 'commit' : 'rollback');
    writer!.client.release();
    if (kept) committed.push(...writer!.written);
  };
  for (let step = 0; step < 150; step++) {
    if (open.length > 4 || (open.length > 0 && random.chance(0.3))) await end();
    else if (random.chance(0.5)) {
      const client = await pool.connect();
      await client.query(`begin isolation level ${random.pick(['read committed', 'repeatable read'])}`);
      // Some take their snapshot, or their transaction id, long before they write.
      if (random.chance(0.5)) await client.query(random.pick(['select 1', 'select pg_current_xact_id()']));
      open.push({ client, written: [] });
    } else if (open.length > 0) {
      const writer = random.pick(open);
      if (random.chance(0.3)) await writer.client.query('savepoint s');
      await capture(writer.client, ++number);
      writer.written.push(number);
    }
    if (random.chance(0.6)) {
      const batch = await poll(session, last);
      delivered.push(...numbers(batch.changes));
      last = batch.now;
    }
    await look(last);
  }
  while (open.length > 0) await end();
  delivered.push(...numbers((await poll(session, last)).changes));
  return { committed: committed.toSorted((a, b) => a - b), delivered: delivered.toSorted((a, b) => a - b), db };
}

describe('the difference of two snapshots', () => {
  test('delivers every committed change once, in whatever order transactions begin, write and commit', async () => {
    const outbox = await openOutbox();
    const { committed, delivered } = await runWriters(outbox, seededRandom('poll'), async () => undefined);
    expect(committed.length).toBeGreaterThan(10);
    expect(delivered).toEqual(committed);
  });

  test('delivers them too while the outbox is turned over', async () => {
    const outbox = await openOutbox();
    let turned = 0;
    const { committed, delivered } = await runWriters(outbox, seededRandom('rotate'), async (snapshot) => {
      if (await rotate(outbox.db, snapshot)) turned++;
    });
    expect(turned).toBeGreaterThan(5);
    expect(delivered).toEqual(committed);
  });

  test('is read whole, in parts, where it is more than one batch', async () => {
    const { db, session, begin, pool } = await openOutbox();
    const early = await pool.connect();
    await early.query('begin');
    await capture(early, 0);
    const last = (await poll(session, begin)).now;
    await db.query(
      'insert into everwarm.outbox (slot, source, mask, vals) select slot, 1, -1, array[i::text] from everwarm.outbox_slot, generate_series(1, $1::integer) i',
      [batchSize + 10],
    );
    await early.query('commit');
    early.release();
    expect(await poll(session, last)).toMatchObject({ tooLarge: true, changes: [] });
    const [read, parts]: [number[], number[]] = [[], []];
    const now = await readLarge(session, last, async (changes) => {
      read.push(...numbers(changes));
      parts.push(changes.length);
    });
    expect(parts).toEqual([batchSize, 11]);
    expect(new Set(read).size).toBe(batchSize + 11);
    expect((await poll(session, now)).changes).toEqual([]);
  });

  test('is found by the index, though the outbox is full of what was delivered', async () => {
    const { db, session } = await openOutbox();
    await db.query('insert into everwarm.outbox (slot, source, mask) select 0, 1, -1 from generate_series(1, 20000)');
    const last = parseSnapshot((await db.query<{ now: string }>('select pg_current_snapshot()::text as now')).rows[0]!.now);
    await capture(db, 1);
    await session.query('begin');
    expect(numbers((await poll(session, last)).changes)).toEqual([1]);
    const { rows } = await session.query<{ read: number }>(
      `select coalesce(sum(seq_tup_read), 0)::int as read from pg_stat_xact_user_tables where relname in ('outbox_0', 'outbox_1')`,
    );
    await session.query('commit');
    expect(rows[0]!.read).toBe(0);
  });
});

describe('turning the outbox over', () => {
  test('is put off while a writer holds the table it would empty, and waits for nobody', async () => {
    const { db, pool, session, begin } = await openOutbox();
    const writer = await pool.connect();
    await writer.query('begin');
    await capture(writer, 1);
    const now = async () => (await poll(session, begin)).now;
    // The other table is free: writers are sent there.
    expect(await rotate(db, await now())).toBe(true);
    expect(await rotate(db, await now())).toBe(false);
    await writer.query('commit');
    writer.release();
    expect(await rotate(db, await now())).toBe(true);
  });

  test('never empties a table with a row that was not delivered, whoever wrote it and whenever', async () => {
    const { db, pool, session, begin } = await openOutbox();
    // Its snapshot says "write to 0" for as long as it is open, and it has no transaction id yet: nobody can wait for it.
    const old = await pool.connect();
    await old.query('begin isolation level repeatable read');
    await old.query('select slot from everwarm.outbox_slot');
    const first = await poll(session, begin);
    expect(await rotate(db, first.now)).toBe(true);
    await capture(old, 7);
    await old.query('commit');
    old.release();
    expect(await rotate(db, first.now)).toBe(false);
    const second = await poll(session, first.now);
    expect(numbers(second.changes)).toEqual([7]);
    expect(await rotate(db, second.now)).toBe(true);
  });
});
