import { seededRandom } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { expectEquivalence } from '../laws/fixtures/equivalence.ts';
import { openReader } from '../laws/fixtures/open-reader.ts';
import { orderSheet, supplierCard, supplierOrders } from '../laws/fixtures/read-models.ts';
import { openInline } from './fixtures/open-inline.ts';

const clients = 6;
const each = 350;

test('what a transaction wrote is in the next read, of documents and lists, in any process, while others write the same', async () => {
  const depot = await openInline();
  const { inlining, drizzle, pool } = depot;
  const random = seededRandom('visible inline');
  const { reader } = await openReader(depot);
  await pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") select i, 'S' || i from generate_series(1, 3) i`);
  await inlining.settled();
  /** What was committed and read by then: by supplier, the numbers of their orders. */
  const committed = new Map<number, Set<number>>([1, 2, 3].map((supplier) => [supplier, new Set()]));
  let [next, misses, left] = [0, 0, 0];

  const client = async () => {
    const stream = random.fork();
    for (let done = 0; done < each; done++) {
      const supplier = stream.integer(1, 3);
      const order = ++next;
      await inlining.transaction(
        drizzle,
        (tx) =>
          tx.execute(
            `insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") values ('n', ${order}, ${supplier}, 'T${order}', now())`,
          ),
        { onInlined: (inlined) => void (inlined.left.length > 0 || !inlined.published ? left++ : null) },
      );
      const known = committed.get(supplier)!;
      known.add(order);
      const expected = [...known];
      // Of a growing card only now and then: what is read is a page of all of them.
      const [sheet, card] = await Promise.all([
        reader.get(orderSheet, { region: 'n', orderNo: order }),
        done % 10 === 0 ? reader.get(supplierCard, supplier) : null,
      ]);
      if (sheet?.title !== `T${order}`) misses++;
      if (card) {
        const shown = new Set(card.orders.map(({ orderNo }) => orderNo));
        misses += expected.filter((number) => !shown.has(number)).length;
        const page = await reader.list(supplierOrders, supplier, { limit: 1000 });
        const listed = new Set(page.items.map(({ orderNo }) => orderNo));
        misses += expected.slice(-10).filter((number) => !listed.has(number)).length;
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  expect({ misses, left }).toEqual({ misses: 0, left: 0 });
  expect(await expectEquivalence(depot)).toBe(clients * each + 3);
});
