import { type Random, seededRandom, waitFor } from '@everwarm/testkit';
import type { PoolClient } from 'pg';
import { expect, test } from 'vitest';
import { shardOf } from '../../libs/everwarm/src/contracts/shard.ts';
import { liveTexts, postgresCopies, redisCopies } from '../laws/fixtures/copies.ts';
import { expectEquivalence } from '../laws/fixtures/equivalence.ts';
import { naiveDocuments } from '../laws/fixtures/naive-documents.ts';
import { orderSheet, supplierCard } from '../laws/fixtures/read-models.ts';
import { stockDepot, writeRandomly } from '../laws/fixtures/write-randomly.ts';
import { type InlineDepot, openInline } from './fixtures/open-inline.ts';

/** Every document as both stores have it, and as the rows say it should be. */
async function documentsOf(depot: InlineDepot) {
  const naive = await naiveDocuments(depot.pool);
  const texts = async (model: typeof orderSheet | typeof supplierCard) => ({
    rows: Object.fromEntries(naive[model.name as 'order_sheet' | 'supplier_card']),
    postgres: liveTexts(await postgresCopies(depot, model)),
    redis: liveTexts(await redisCopies(depot, model)),
  });
  return [await texts(orderSheet), await texts(supplierCard)];
}

test('random transactions, one after another and no worker anywhere, leave what workers would have written, byte for byte', async () => {
  const depot = await openInline({ start: false });
  const random = seededRandom('inline alone');
  const client = await depot.pool.connect();
  await client.query('begin');
  await stockDepot({ query: client.query.bind(client) } as never);
  const stocked = await depot.inlining.inline(client);
  await client.query('commit');
  client.release();
  await stocked.publish();
  const left: unknown[] = [];
  for (let round = 0; round < 6; round++) {
    await writeRandomly(depot.pool, random, 25, 1, async (writer) => {
      const pending = await depot.inlining.inline(writer, { maxKeys: 1000 });
      left.push(...pending.left);
      return pending;
    });
    for (const { rows, postgres, redis } of await documentsOf(depot)) {
      expect(postgres).toEqual(rows);
      expect(redis).toEqual(rows);
    }
  }
  expect(left).toEqual([]);
});

test('random transactions from several connections, with workers on the same documents, end in what the rows say', async () => {
  const depot = await openInline();
  const random = seededRandom('inline among workers');
  await stockDepot(depot.pool);
  // Some of the writers know nothing of it.
  await Promise.all([
    writeRandomly(depot.pool, random.fork(), 120, 3, (writer) => depot.inlining.inline(writer)),
    writeRandomly(depot.pool, random.fork(), 60, 2),
  ]);
  expect(await expectEquivalence(depot)).toBeGreaterThan(0);
  expect(depot.failures).toEqual([]);
});

test('two transactions that change one document at once: the second waits, and its document has both changes', async () => {
  const depot = await openInline({ start: false });
  await stockDepot(depot.pool);
  const [first, second] = [await depot.pool.connect(), await depot.pool.connect()];
  try {
    const insert = (client: PoolClient, order: number) =>
      client.query(
        `insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") values ('n', $1, 1, 'both', now())`,
        [order],
      );
    await first.query('begin');
    await second.query('begin');
    await insert(first, 1);
    await insert(second, 2);
    const one = await depot.inlining.inline(first);
    const { rows } = await second.query<{ pid: number }>('select pg_backend_pid() as pid');
    const waiting = depot.inlining.inline(second);
    const waits = async () =>
      (await depot.pool.query(`select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'`, [rows[0]?.pid])).rowCount === 1;
    await waitFor(waits, { what: 'the second to wait for the first' });
    await first.query('commit');
    const two = await waiting;
    await second.query('commit');
    // Whoever is late is refused.
    await two.publish();
    await one.publish();
    for (const copies of [await postgresCopies(depot, supplierCard), await redisCopies(depot, supplierCard)])
      expect(JSON.parse(copies.get('1')?.doc ?? '').orders.map((order: { orderNo: number }) => order.orderNo)).toEqual([1, 2]);
  } finally {
    first.release();
    second.release();
  }
});

/** Suppliers no two of which share a shard, so that each is a lock of its own. */
function apart(count: number): number[] {
  const found = new Map<number, number>();
  for (let id = 1; found.size < count; id += 16) if (!found.has(shardOf(String(id)))) found.set(shardOf(String(id)), id);
  return [...found.values()];
}

test.each([1, 2, 3])('transactions over the same documents in every order never wait in a circle (seed %i)', async (seed) => {
  const depot = await openInline({ start: false });
  const random = seededRandom(`inline deadlocks ${seed}`);
  const suppliers = apart(6);
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") select i, 'S' from unnest($1::integer[]) i`, [
    suppliers,
  ]);
  const failures: unknown[] = [];
  const left: unknown[] = [];
  let number = 0;
  const writer = async (stream: Random) => {
    for (let done = 0; done < 40; done++) {
      // Orders of several suppliers, theirs in any order: their own rows meet nobody's.
      const mine = stream.shuffle([...suppliers]).slice(0, stream.integer(2, 5));
      await depot.inlining
        .transaction(
          depot.drizzle,
          async (tx) => {
            for (const supplier of mine)
              await tx.execute(
                `insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") values ('n', ${++number}, ${supplier}, 'T', now())`,
              );
          },
          { maxKeys: 1000, waitMs: 30_000, onInlined: (inlined) => void left.push(...inlined.left) },
        )
        .catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: 8 }, () => writer(random.fork())));
  expect(failures).toEqual([]);
  expect(left).toEqual([]);
  for (const { rows, postgres, redis } of await documentsOf(depot)) {
    expect(postgres).toEqual(rows);
    expect(redis).toEqual(rows);
  }
});
