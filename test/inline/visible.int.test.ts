import { seededRandom } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { expectEquivalence } from '../laws/fixtures/equivalence.ts';
import { openReader } from '../laws/fixtures/open-reader.ts';
import { orderSheet, supplierCard, supplierOrders } from '../laws/fixtures/read-models.ts';
import { openInline } from './fixtures/open-inline.ts';

const clients = 6;
const ordersEach = 3;
const suppliers = 3;
/** More by EVERWARM_TRANSACTIONS. */
const transactions = Number(process.env['EVERWARM_TRANSACTIONS'] ?? 300);

/** When an order is placed that is the n-th to be placed anew. */
const placedAt = (n: number) => new Date(Date.UTC(2024, 0, 1) + n * 1000).toISOString();

test('what a transaction wrote is in the next read, of documents and lists, in any process, while others write the same', async () => {
  const depot = await openInline();
  const { inlining, drizzle, pool } = depot;
  const random = seededRandom('visible inline');
  const { reader } = await openReader(depot);
  await pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") select i, 'S' from generate_series(1, ${suppliers}) i`);
  await pool.query(
    `insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") select 'n', i, 1 + i % ${suppliers}, '0', '2024-01-01Z' from generate_series(1, ${clients * ordersEach}) i`,
  );
  await inlining.settled();
  /** By order, the number that was last given to it: to any transaction, and to one that is committed and published. */
  const [issued, known] = [new Map<number, number>(), new Map<number, number>()];
  let [next, checked, told] = [0, 0, 0];
  const misses: string[] = [];
  const look = (seen: number | undefined, least: number, what: string) => {
    checked++;
    if (seen === undefined || !(seen >= least)) misses.push(`${what}: ${seen} where ${least} was committed`);
  };

  const client = async (index: number) => {
    const stream = random.fork();
    for (let done = 0; done < transactions / clients; done++) {
      // An order is one client's, a supplier's card and list are everybody's.
      const order = 1 + index * ordersEach + stream.integer(0, ordersEach - 1);
      const supplier = 1 + (order % suppliers);
      const n = ++next;
      issued.set(order, n);
      let isWhole = false;
      await inlining.transaction(
        drizzle,
        (tx) => tx.execute(`update "Depot"."Order" set "Title" = '${n}', "placedAt" = '${placedAt(n)}' where "orderNo" = ${order}`),
        {
          waitMs: 30_000,
          onInlined: (inlined) => {
            isWhole = inlined.left.length === 0 && inlined.published;
          },
        },
      );
      // A machine that is busy with other things may not reach Redis in time; then it is told, and the workers do it.
      if (!isWhole) {
        told++;
        continue;
      }
      known.set(order, n);
      const expected = new Map(known);
      const [sheet, card, page] = await Promise.all([
        reader.get(orderSheet, { region: 'n', orderNo: order }),
        reader.get(supplierCard, supplier),
        done % 5 === 0 ? reader.list(supplierOrders, supplier, { limit: 100 }) : null,
      ]);
      look(Number(sheet?.title), n, `the sheet of ${order}`);
      for (const { orderNo, title } of card?.orders ?? [])
        look(Number(title), expected.get(orderNo) ?? 0, `${orderNo} on the card of ${supplier}`);
      if (!page) continue;
      const places = page.items.map(({ orderNo }) => orderNo);
      // Whatever was placed before this one, and not since, stands behind it.
      for (const other of places)
        if (other !== order && (issued.get(other) ?? 0) < n)
          look(places.indexOf(other), places.indexOf(order) + 1, `the place of ${other} after ${order} in the list of ${supplier}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  expect(misses).toEqual([]);
  expect(told).toBeLessThan(transactions / 10);
  expect(checked).toBeGreaterThan(transactions * 4);
  expect(await expectEquivalence(depot)).toBe(clients * ordersEach + suppliers);
});
