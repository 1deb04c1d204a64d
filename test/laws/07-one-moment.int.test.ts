import { createRandom } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { postgresCopies } from './fixtures/copies.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';
import { orderSheet, supplierCard } from './fixtures/read-models.ts';

const total = 1000;
const key = { region: 'north', orderNo: 1 };

/** One order with two lines whose quantities always sum to {@link total}, and whose title says the first of them. */
async function openWithPair(): Promise<Depot> {
  const depot = await openDepot();
  await depot.pool.query(`
    insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One');
    insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") values ('north', 1, 1, '${total}', now());
    insert into "Depot"."OrderLine" ("Region", "orderNo", line, "SKU", "Qty", "unitPrice") values ('north', 1, 1, 'a', ${total}, 1), ('north', 1, 2, 'b', 0, 1)`);
  await depot.everwarm.settled();
  return depot;
}

/** Moves pieces from one line to the other, statement by statement, in one transaction; the title follows in the middle. */
async function move(depot: Depot, pieces: number): Promise<void> {
  const client = await depot.pool.connect();
  try {
    await client.query('begin');
    await client.query(`update "Depot"."OrderLine" set "Qty" = ${total} - $1::integer where line = 1`, [pieces]);
    await client.query(`update "Depot"."Order" set "Title" = (${total} - $1::integer)::text`, [pieces]);
    await client.query(`update "Depot"."OrderLine" set "Qty" = $1 where line = 2`, [pieces]);
    await client.query('commit');
  } finally {
    client.release();
  }
}

type Sheet = { title: string; pieces: number; lines: { line: number; quantity: number }[] };

/** What a document contradicts itself in, or null. */
function contradiction(text: string): string | null {
  const { title, pieces, lines } = JSON.parse(text) as Sheet;
  const first = lines.find(({ line }) => line === 1)?.quantity ?? 0;
  const sum = lines.reduce((all, { quantity }) => all + quantity, 0);
  return sum === total && pieces === total && title === String(first) ? null : text;
}

test('rows changed in one transaction are never half visible in a document', async () => {
  const depot = await openWithPair();
  const random = createRandom(7);
  let writing = true;
  const found: (string | null)[] = [];
  const reading = (async () => {
    while (writing) {
      const sheet = await depot.everwarm.reader.raw(orderSheet, key);
      const card = await depot.everwarm.reader.get(supplierCard, 1);
      const stored = [...(await postgresCopies(depot, orderSheet)).values()];
      for (const text of [String(sheet?.body), ...stored.map(({ doc }) => doc ?? '')]) found.push(contradiction(text));
      const order = card?.orders[0];
      const sum = order?.lines.reduce((all, { quantity }) => all + quantity, 0);
      found.push(sum === total ? null : JSON.stringify(card));
    }
  })();
  for (let transfer = 0; transfer < 80; transfer++) await move(depot, random.integer(1, total));
  writing = false;
  await reading;
  expect(found.length).toBeGreaterThan(10);
  expect(found.filter((text) => text !== null)).toEqual([]);
});

test('a document read table by table would be half visible', async () => {
  const depot = await openWithPair();
  const quantity = async (line: number) =>
    (await depot.pool.query<{ quantity: number }>(`select "Qty" as quantity from "Depot"."OrderLine" where line = $1`, [line])).rows[0]!
      .quantity;
  const first = await quantity(1);
  await move(depot, 400);
  const second = await quantity(2);
  const sheet: Sheet = {
    title: String(first),
    pieces: first + second,
    lines: [
      { line: 1, quantity: first },
      { line: 2, quantity: second },
    ],
  };
  expect(contradiction(JSON.stringify(sheet))).not.toBeNull();
});
