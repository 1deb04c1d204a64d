import { drizzle } from 'drizzle-orm/postgres-js';
import type { Everwarm } from 'everwarm';
import postgres, { type TransactionSql } from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import { postgresCopies, redisCopies } from '../laws/fixtures/copies.ts';
import { schema } from '../laws/fixtures/depot-schema.ts';
import { supplierCard, supplierOrders } from '../laws/fixtures/read-models.ts';
import { stockDepot } from '../laws/fixtures/write-randomly.ts';
import { openInline } from './fixtures/open-inline.ts';

test('postgres.js writes inline as pg does, by itself and beneath Drizzle: documents, entries, and what is refused', async () => {
  const depot = await openInline({ start: false });
  await stockDepot(depot.pool);
  const sql = postgres(depot.database.urlFor('postgres-js'), { max: 2, onnotice: () => undefined });
  onTestFinished(() => sql.end());
  const { inlining } = depot;
  const inlineOf = (tx: TransactionSql) => inlining.inline({ query: (statements) => tx.unsafe(statements) });
  const shown = async (supplier: number) => [
    (await inlining.reader.get(supplierCard, supplier))?.legalName,
    (await inlining.reader.list(supplierOrders, supplier)).items.map(({ title }) => title),
  ];
  // An order is a document and an entry, whose place in the list is bytes.
  const order = (region: string, supplier: number, title: string) =>
    `insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") values ('${region}', 900, ${supplier}, '${title}', now() + interval '1 day')`;
  const rename = (supplier: number, name: string) =>
    `update "Depot"."Supplier" set "legal Name" = '${name}' where "supplierId" = ${supplier}`;

  const pending = await sql.begin(async (tx): Promise<Awaited<ReturnType<Everwarm['inline']>>> => {
    await tx.unsafe(rename(1, 'By itself'));
    await tx.unsafe(order('north', 1, 'By itself'));
    return inlineOf(tx);
  });
  const all = (...keys: [supplier: string, order: string]) => ({
    left: [],
    written: expect.arrayContaining([
      { model: 'supplier_card', keys: [keys[0]] },
      { model: 'order_sheet', keys: [keys[1]] },
      { model: 'supplier_orders', keys: [keys[1]] },
    ]),
  });
  expect(pending).toMatchObject(all('1', '["north","900"]'));
  expect(await pending.publish()).toBe(true);
  expect(await shown(1)).toEqual(['By itself', expect.arrayContaining(['By itself'])]);

  const db = drizzle({ client: sql, schema });
  const told: unknown[] = [];
  const write = async (tx: Pick<typeof db, 'execute'>) => {
    await tx.execute(rename(2, 'By Drizzle'));
    await tx.execute(order('south', 2, 'By Drizzle'));
  };
  await inlining.transaction(db, write, { onInlined: (inlined) => told.push(inlined) });
  expect(told).toMatchObject([{ ...all('2', '["south","900"]'), published: true }]);
  expect(await shown(2)).toEqual(['By Drizzle', expect.arrayContaining(['By Drizzle'])]);

  for (const id of ['1', '2'])
    expect((await redisCopies(depot, supplierCard)).get(id)).toEqual((await postgresCopies(depot, supplierCard)).get(id));

  await expect(inlining.inline({ query: (statements) => sql.unsafe(statements) })).rejects.toMatchObject({ code: 'E_INLINE' });
  await expect(sql.begin('isolation level serializable', inlineOf)).rejects.toMatchObject({ code: 'E_INLINE' });
});
