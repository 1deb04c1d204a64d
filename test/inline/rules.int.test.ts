import { expect, test } from 'vitest';
import { postgresCopies, redisCopies } from '../laws/fixtures/copies.ts';
import { supplierCard } from '../laws/fixtures/read-models.ts';
import { stockDepot } from '../laws/fixtures/write-randomly.ts';
import { type InlineDepot, openInline } from './fixtures/open-inline.ts';

const rename = (supplier: number, name: string) =>
  `update "Depot"."Supplier" set "legal Name" = '${name}' where "supplierId" = ${supplier}`;

async function openStocked(): Promise<InlineDepot> {
  const depot = await openInline({ start: false });
  await stockDepot(depot.pool);
  return depot;
}

const card = async (depot: InlineDepot, key: string) => (await postgresCopies(depot, supplierCard)).get(key)?.doc ?? null;

test('a transaction that is not READ COMMITTED is refused, whichever way it began', async () => {
  const { inlining, pool } = await openStocked();
  const client = await pool.connect();
  try {
    for (const level of ['repeatable read', 'serializable']) {
      await client.query(`begin isolation level ${level}`);
      await client.query(rename(1, 'x'));
      await expect(inlining.inline(client)).rejects.toMatchObject({ code: 'E_INLINE', message: expect.stringContaining(level) });
      await client.query('rollback');
    }
  } finally {
    client.release();
  }
});

test('everwarm.transaction is READ COMMITTED, whatever the default is', async () => {
  const depot = await openStocked();
  const client = await depot.pool.connect();
  const { database } = client as unknown as { database: string };
  await client.query(`alter database "${database}" set default_transaction_isolation = 'serializable'`);
  client.release(true);
  expect(await depot.inlining.transaction(depot.drizzle, (tx) => tx.execute(rename(1, 'x')).then(() => 'given back'))).toBe('given back');
  expect(await card(depot, '1')).toContain('"x"');
});

test('outside of a transaction it is refused, on a client, a pool and a Drizzle database', async () => {
  const { inlining, pool, drizzle } = await openStocked();
  const client = await pool.connect();
  try {
    for (const outside of [client, pool, drizzle])
      await expect(inlining.inline(outside)).rejects.toMatchObject({ code: 'E_INLINE', message: expect.stringContaining('outside') });
  } finally {
    client.release();
  }
});

test('it is the last step, once: nested use and a second call are refused, and what came after it is told', async () => {
  const { inlining, pool, drizzle } = await openStocked();
  await expect(drizzle.transaction((tx) => inlining.transaction(tx, () => Promise.resolve('never')))).rejects.toMatchObject({
    code: 'E_INLINE',
    message: expect.stringContaining('inside of a transaction'),
  });
  await expect(
    inlining.transaction(drizzle, async (tx) => {
      await tx.execute(rename(1, 'x'));
      await inlining.inline(tx);
    }),
  ).rejects.toMatchObject({ code: 'E_INLINE', message: expect.stringContaining('already') });

  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(rename(1, 'before'));
    const pending = await inlining.inline(client);
    await client.query(rename(2, 'after'));
    await client.query('commit');
    await expect(pending.publish()).rejects.toMatchObject({ code: 'E_INLINE', message: expect.stringContaining('1 more rows') });
  } finally {
    client.release();
  }
});

test('a transaction of very many changes is left to the workers as a whole, and nothing is said to have come later', async () => {
  const { inlining, pool } = await openStocked();
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(
      `insert into "Depot"."Supplier" ("supplierId", "legal Name") select n, 'One of many' from generate_series(10001, 15010) n`,
    );
    const pending = await inlining.inline(client);
    expect(pending.left).toContainEqual({ model: 'supplier_card', reason: 'changes', code: null });
    await client.query('commit');
    expect(await pending.publish()).toBe(true);
  } finally {
    client.release();
  }
});

test('more keys than allowed, and what cannot be told, are left to the workers and said so; the rest is written', async () => {
  const depot = await openStocked();
  const { inlining, drizzle } = depot;
  const told: unknown[] = [];
  const onInlined = (inlined: unknown) => void told.push(inlined);
  await inlining.transaction(drizzle, (tx) => tx.execute(`update "Depot"."Supplier" set "legal Name" = 'many'`), { maxKeys: 5, onInlined });
  expect(told).toMatchObject([{ written: [], left: [{ model: 'supplier_card', reason: 'keys' }], published: true }]);
  expect(await card(depot, '1')).toBeNull();

  await inlining.transaction(drizzle, (tx) => tx.execute(rename(1, 'one')), { maxKeys: 5, onInlined });
  expect(told[1]).toMatchObject({ written: [{ model: 'supplier_card', keys: ['1'] }], left: [], published: true });
  expect(await card(depot, '1')).toContain('"one"');

  await inlining.transaction(drizzle, (tx) => tx.execute(`truncate "Depot"."OrderLabel"`), { onInlined });
  expect(told[2]).toMatchObject({ written: [], left: expect.arrayContaining([{ model: 'label_orders', reason: 'unknown', code: null }]) });
  await expect(inlining.transaction(drizzle, () => Promise.resolve(), { maxKeys: 0 })).rejects.toMatchObject({ code: 'E_CONFIG' });
});

test('documents that somebody else writes for too long are left, and so are those that cannot be made; the transaction goes on', async () => {
  const depot = await openStocked();
  const { inlining, pool, drizzle } = depot;
  const told: { left: readonly unknown[] }[] = [];
  const holder = await pool.connect();
  try {
    await holder.query('begin');
    await holder.query(rename(1, 'slow'));
    await inlining.inline(holder);
    await inlining.transaction(drizzle, (tx) => tx.execute(rename(2, 'quick')), { waitMs: 20, onInlined: (inlined) => told.push(inlined) });
    await holder.query('commit');
  } finally {
    holder.release();
  }
  // Neighbours share a shard.
  expect(told).toMatchObject([{ left: [{ model: 'supplier_card', reason: 'busy' }] }]);
  expect(await card(depot, '1')).toContain('"slow"');

  // No JSON number is that large, so an order of that number has no sheet; its place in a list has nothing to do with it.
  await inlining.transaction(
    drizzle,
    (tx) =>
      tx.execute(
        `insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") values ('n', 9007199254740993, 2, 'T', now())`,
      ),
    { onInlined: (inlined) => told.push(inlined) },
  );
  expect(told[1]).toMatchObject({
    written: [{ model: 'supplier_orders', keys: ['["n","9007199254740993"]'] }],
    left: [
      { model: 'order_sheet', reason: 'failed', code: expect.stringMatching(/^[0-9A-Z]{5}$/) },
      { model: 'supplier_card', reason: 'failed', code: expect.stringMatching(/^[0-9A-Z]{5}$/) },
    ],
  });
});

test('nothing is left of a transaction that was rolled back, in either store, nor of a savepoint that was taken back', async () => {
  const depot = await openStocked();
  const { inlining, pool, drizzle } = depot;
  await expect(
    inlining.transaction(drizzle, async (tx) => {
      await tx.execute(rename(1, 'undone'));
      throw new Error('changed my mind');
    }),
  ).rejects.toThrow('changed my mind');
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(rename(1, 'undone'));
    const undone = await inlining.inline(client);
    await client.query('rollback');
    expect(await undone.publish()).toBe(true);

    await client.query('begin');
    await client.query('savepoint mine');
    await client.query(rename(1, 'taken back'));
    const takenBack = await inlining.inline(client);
    await client.query('rollback to savepoint mine');
    await client.query(rename(2, 'kept'));
    const kept = await inlining.inline(client);
    await client.query('commit');
    await takenBack.publish();
    expect(await redisCopies(depot, supplierCard)).toEqual(new Map());
    await kept.publish();
  } finally {
    client.release();
  }
  const [postgres, redis] = [await postgresCopies(depot, supplierCard), await redisCopies(depot, supplierCard)];
  expect([...postgres.keys()]).toEqual(['2']);
  expect(redis).toEqual(postgres);
});

test('a role with no rights on the schema may write inline once it is granted the function, and says what it lacks before', async () => {
  const depot = await openStocked();
  const { inlining, pool } = depot;
  const role = `inline_${depot.space.namespace.replaceAll('-', '_')}`;
  await pool.query(
    `create role "${role}"; grant usage on schema "Depot" to "${role}"; grant all on all tables in schema "Depot" to "${role}"`,
  );
  const client = await pool.connect();
  try {
    const write = async () => {
      await client.query(`begin; set local role "${role}"`);
      await client.query(rename(1, 'by a stranger'));
      return inlining.inline(client);
    };
    await expect(write()).rejects.toMatchObject({ code: 'E_INLINE', message: expect.stringContaining('grant execute') });
    await client.query('rollback');
    await client.query(`grant usage on schema everwarm to "${role}"; grant execute on function everwarm.inline to "${role}"`);
    const written = await write();
    await client.query('commit');
    await written.publish();
    expect(await card(depot, '1')).toContain('"by a stranger"');
  } finally {
    await client.query(`drop owned by "${role}"; drop role "${role}"`);
    client.release();
  }
});
