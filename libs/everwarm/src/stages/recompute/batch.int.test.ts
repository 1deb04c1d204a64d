import { createDatabase, TestSignal } from '@everwarm/testkit';
import type { Pool } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { Generation } from '#contracts/compiled.ts';
import type { Transactions } from '#contracts/database.ts';
import { migrateSchema } from '#platform/migrate-schema.ts';
import { openPostgres } from '#platform/postgres.ts';
import { acknowledge, noteFailure } from './acknowledge.ts';
import { type LockedBatch, recomputeBatch } from './batch.ts';

const template = {
  key: 'recompute stage',
  build: async (url: string) => {
    const postgres = openPostgres(url);
    await migrateSchema(postgres.transactions);
    await postgres.transactions.query(
      'create table public.source (value integer not null); create table public.stored (version text not null, value integer not null)',
    );
    await postgres.transactions.query('insert into public.source values (0)');
    await postgres.close();
  },
};

/** A batch is computed without a look at what the model is. */
const generation = { id: 7, name: 'any' } as Generation;

async function openLedger(): Promise<{ db: Transactions; pool: Pool }> {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  const postgres = openPostgres(database.urlFor('recompute stage'), { max: 6 });
  onTestFinished(() => postgres.close());
  return { db: postgres.transactions, pool: postgres.pool };
}

const owe = (db: Transactions, keys: readonly string[]) =>
  db.query(
    `insert into everwarm.ledger (generation, key, seq, first_seq, since) select 7, k, n, n, now() from unnest($1::text[]) k, nextval('everwarm.ledger_seq') n
     on conflict (generation, key) do update set seq = nextval('everwarm.ledger_seq')`,
    [keys],
  );
const owed = async (db: Transactions) =>
  (await db.query<{ key: string }>('select key from everwarm.ledger order by key')).rows.map((row) => row.key);
const setSource = (db: Transactions, value: number) => db.query('update public.source set value = $1', [value]);
const readSource = async (db: Pick<Transactions, 'query'>) =>
  (await db.query<{ value: number }>('select value from public.source')).rows[0]!.value;
const returnBatch = async (_: unknown, batch: LockedBatch) => batch;

test('a key that another batch holds is busy: nobody waits, and nobody draws a number for it', async () => {
  const { db } = await openLedger();
  await owe(db, ['a', 'b']);
  const [holding, release] = [new TestSignal('the first batch to hold its locks'), new TestSignal('the first batch to go on')];
  const first = recomputeBatch(db, 1, generation, ['a'], async (_, batch) => {
    holding.fire();
    await release.next();
    return batch;
  });
  await holding.next();
  const second = await recomputeBatch(db, 1, generation, ['b', 'a'], returnBatch);
  expect(second).toMatchObject({ busy: ['a'], claims: [{ key: 'b' }], written: { keys: ['b'] } });
  expect(await recomputeBatch(db, 1, generation, ['a'], returnBatch)).toEqual({ written: null, claims: [], busy: ['a'] });
  release.fire();
  await first;
  expect((await recomputeBatch(db, 1, generation, ['a'], returnBatch)).busy).toEqual([]);
});

test('a higher number has seen newer rows, since it is drawn under the lock', async () => {
  const { db } = await openLedger();
  await owe(db, ['a']);
  const compute = () => recomputeBatch(db, 1, generation, ['a'], async (tx, { version }) => ({ version, value: await readSource(tx) }));
  const seen: { version: string; value: number }[] = [];
  let writing = true;
  const workers = Array.from({ length: 4 }, async () => {
    while (writing) {
      const { written } = await compute();
      if (written) seen.push(written);
    }
  });
  for (let value = 1; value <= 150; value++) await setSource(db, value);
  writing = false;
  await Promise.all(workers);
  const byVersion = seen.toSorted((x, y) => (x.version < y.version ? -1 : 1));
  expect(new Set(byVersion.map(({ version }) => version)).size).toBe(seen.length);
  for (const [index, { value }] of byVersion.slice(1).entries()) expect(value).toBeGreaterThanOrEqual(byVersion[index]!.value);
});

test('drawn before the lock, a number would let the older rows win', async () => {
  const { db } = await openLedger();
  const draw = async () => Number((await db.query<{ number: string }>(`select nextval('everwarm.version_seq') as number`)).rows[0]!.number);
  const [early, late] = [await draw(), await draw()];
  // The batch with the higher number is the first to get the lock; the row changes; then the other one gets it.
  const stored = { version: late, value: await readSource(db) };
  await setSource(db, 1);
  const newer = { version: early, value: await readSource(db) };
  const fenced = newer.version > stored.version ? newer : stored;
  expect(fenced.value).not.toBe(await readSource(db));
});

test('only what is owed is claimed, and a rolled back batch leaves it owed', async () => {
  const { db } = await openLedger();
  await owe(db, ['a']);
  expect(await recomputeBatch(db, 1, generation, ['nothing', 'x'], returnBatch)).toEqual({ written: null, claims: [], busy: [] });
  await expect(recomputeBatch(db, 1, generation, ['a'], () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  const again = await recomputeBatch(db, 1, generation, ['a', 'x'], returnBatch);
  expect(again.written?.keys).toEqual(['a']);
  expect(await owed(db)).toEqual(['a']);
});

test('an acknowledgement takes out what was seen, and not what was dirtied since', async () => {
  const { db } = await openLedger();
  await owe(db, ['a', 'b']);
  const { claims } = await recomputeBatch(db, 1, generation, ['a', 'b'], returnBatch);
  await owe(db, ['a']);
  await acknowledge(db, 7, claims);
  expect(await owed(db)).toEqual(['a']);
  await acknowledge(db, 7, claims);
  expect(await owed(db)).toEqual(['a']);
  await acknowledge(db, 7, (await recomputeBatch(db, 1, generation, ['a'], returnBatch)).claims);
  expect(await owed(db)).toEqual([]);
});

test('acknowledgements and new debts never deadlock, in whatever order keys come', async () => {
  const { db } = await openLedger();
  const keys = Array.from({ length: 60 }, (_, index) => `key ${index}`);
  await owe(db, keys);
  const rounds = Array.from({ length: 12 }, (_, index) => index);
  const work = rounds.map(async (round) => {
    const order = round % 2 === 0 ? keys : keys.toReversed();
    const { claims } = await recomputeBatch(db, 1, generation, order, returnBatch);
    await Promise.all([
      acknowledge(db, 7, claims),
      db.query(
        `insert into everwarm.ledger (generation, key, since) select 7, k, now() from unnest($1::text[]) k order by k collate "C" on conflict (generation, key) do update set seq = nextval('everwarm.ledger_seq')`,
        [order],
      ),
    ]);
  });
  await expect(Promise.all(work)).resolves.toBeDefined();
});

test('a key that fails says why and waits longer each time', async () => {
  const { db } = await openLedger();
  await owe(db, ['a', 'b']);
  await noteFailure(db, 7, ['a'], new Error('value out of range'));
  await noteFailure(db, 7, ['a'], new Error('x'.repeat(2000)));
  const { rows } = await db.query(
    'select key, attempts, left(error, 3) as error, length(error) as length from everwarm.ledger order by key',
  );
  expect(rows).toEqual([
    { key: 'a', attempts: 2, error: 'xxx', length: 500 },
    { key: 'b', attempts: 0, error: null, length: null },
  ]);
});
