import { createDatabase, TestSignal } from '@everwarm/testkit';
import type { Pool } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { Generation } from '#contracts/compiled.ts';
import type { Transactions } from '#contracts/database.ts';
import { migrateSchema } from '#platform/migrate-schema.ts';
import { openPostgres } from '#platform/postgres.ts';
import { acknowledge } from './acknowledge.ts';
import { type LockedBatch, recomputeBatch } from './batch.ts';
import { noteFailures, setApart } from './note-failure.ts';

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
  expect(await recomputeBatch(db, 1, generation, ['a'], returnBatch)).toEqual({ written: null, claims: [], busy: ['a'], apart: [] });
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
  expect(await recomputeBatch(db, 1, generation, ['nothing', 'x'], returnBatch)).toEqual({
    written: null,
    claims: [],
    busy: [],
    apart: [],
  });
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

const claimOf = async (db: Transactions, key: string) => ({
  key,
  seq: (await db.query<{ seq: string }>('select seq::text as seq from everwarm.ledger where key = $1', [key])).rows[0]?.seq ?? '0',
});
const invalid = (value: string) => Object.assign(new Error(`invalid input syntax for type integer: "${value}"`), { code: '22P02' });
const slow = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
const fail = async (db: Transactions, key: string, error: unknown) => noteFailures(db, 7, [{ claim: await claimOf(db, key), error }]);

test('a key that fails says why without what its rows say, waits longer each time, and is taken by no batch', async () => {
  const { db } = await openLedger();
  await owe(db, ['a', 'b']);
  const waits: number[] = [];
  for (let attempt = 0; attempt < 2; attempt++) {
    await fail(db, 'a', invalid('secret "text"'));
    const { rows } = await db.query<{ wait: number }>(
      `select extract(epoch from queued_at - failed_at)::float8 as wait from everwarm.ledger where key = 'a'`,
    );
    waits.push(rows[0]!.wait);
  }
  expect(waits[0]).toBeGreaterThanOrEqual(0.25);
  expect(waits[1]).toBeGreaterThanOrEqual(0.5);
  const { rows } = await db.query('select key, attempts, code, error from everwarm.ledger order by key');
  expect(rows).toEqual([
    { key: 'a', attempts: 2, code: '22P02', error: 'invalid input syntax for type integer: "…"' },
    { key: 'b', attempts: 0, code: null, error: null },
  ]);
  expect((await recomputeBatch(db, 1, generation, ['a', 'b'], returnBatch)).claims).toMatchObject([{ key: 'b' }]);
  expect((await recomputeBatch(db, 1, generation, ['a'], returnBatch, 'any')).claims).toMatchObject([{ key: 'a' }]);
});

test('after its last attempt a key is in quarantine and no more in the ledger; what takes too long has more of them', async () => {
  const { db } = await openLedger();
  await owe(db, ['a', 'b']);
  for (let attempt = 0; attempt < 3; attempt++)
    for (const [key, error] of [
      ['a', invalid('1')],
      ['b', slow],
    ] as const)
      await fail(db, key, error);
  expect(await owed(db)).toEqual(['b']);
  for (let attempt = 0; attempt < 3; attempt++) await fail(db, 'b', slow);
  expect(await owed(db)).toEqual([]);
  const { rows } = await db.query(
    'select key, attempts, code, causes, first_failed_at < last_failed_at as again from everwarm.quarantine order by key',
  );
  expect(rows).toEqual([
    { key: 'a', attempts: 3, code: '22P02', causes: [], again: true },
    { key: 'b', attempts: 6, code: '57014', causes: [], again: true },
  ]);
});

test('a change that the last attempt did not see stays owed, apart from others; success takes the key out of quarantine', async () => {
  const { db } = await openLedger();
  await owe(db, ['a', 'b']);
  for (let attempt = 0; attempt < 2; attempt++) await fail(db, 'a', invalid('1'));
  const seen = await claimOf(db, 'a');
  await owe(db, ['a']);
  await noteFailures(db, 7, [{ claim: seen, error: invalid('1') }]);
  expect(await owed(db)).toEqual(['a', 'b']);
  expect((await db.query('select from everwarm.quarantine')).rowCount).toBe(1);

  // The same for a change that comes when the key has been in quarantine for long.
  await db.query(`delete from everwarm.ledger where key = 'a'`);
  await owe(db, ['a']);
  const batch = await recomputeBatch(db, 1, generation, ['a', 'b'], returnBatch);
  expect(batch).toMatchObject({ claims: [{ key: 'b' }], apart: ['a'] });
  await setApart(db, 7, batch.apart);
  const { rows } = await db.query(
    `select l.attempts, l.queued_at = q.retry_at as spaced from everwarm.ledger l join everwarm.quarantine q using (generation, key)`,
  );
  expect(rows).toEqual([{ attempts: 3, spaced: true }]);
  const { claims } = await recomputeBatch(db, 1, generation, ['a'], returnBatch, 'any');
  await acknowledge(db, 7, claims);
  expect((await db.query('select from everwarm.quarantine')).rowCount).toBe(0);
  expect(await owed(db)).toEqual(['b']);
});

test('a batch has the lifecycle that its generation has when its locks are held, whatever its process remembers', async () => {
  const { db } = await openLedger();
  await db.query(
    `insert into everwarm.generations (id, name, hash, state, model, lifecycle) overriding system value values (7, 'any', '', 'serving', '{}', '"async"')`,
  );
  await owe(db, ['a']);
  const remembered: Generation = { ...generation, lifecycle: { lazy: {} } };
  expect((await recomputeBatch(db, 1, remembered, ['a'], returnBatch)).written).toMatchObject({ lifecycle: 'async' });
});
