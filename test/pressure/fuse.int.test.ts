import { waitFor } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { type Depot, openDepot } from '../laws/fixtures/open-depot.ts';
import { orderSheet, readModels } from '../laws/fixtures/read-models.ts';

const most = 20;

const suppliers = `insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'Wide'), (2, 'Narrow')`;
const orders = (region: string, supplier: number, count: number) =>
  `insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") select '${region}', i, ${supplier}, 'Order', now() from generate_series(1, ${count}) i`;
const rename = ({ pool }: Depot, id: number, name: string) =>
  pool.query(`update "Depot"."Supplier" set "legal Name" = $2 where "supplierId" = $1`, [id, name]);
const shown = async ({ pool }: Depot, name: string) =>
  Number((await pool.query(`select count(*) from everwarm.order_sheet where doc #>> '{supplier,legalName}' = $1`, [name])).rows[0].count);
const heldOf = (depot: Depot, count: number) =>
  waitFor(
    async () => {
      const held = await depot.everwarm.fuse.list();
      return held.length === count && held;
    },
    { what: `${count} held changes` },
  );
const statusOf = async (depot: Depot) => (await depot.everwarm.status()).models.find(({ name }) => name === orderSheet.name)!;

/** A depot with 30 orders of one supplier and 3 of another, whose order sheets a change may dirty only `most` of. */
async function openStocked(): Promise<Depot> {
  const depot = await openDepot({ fuse: { order_sheet: most } });
  await depot.pool.query(suppliers);
  await depot.everwarm.settled();
  // Each a transaction of its own, and together more than the fuse allows one.
  await depot.pool.query(orders('north', 1, 15));
  await depot.pool.query(orders('east', 1, 15));
  await depot.pool.query(orders('south', 2, 3));
  await depot.everwarm.settled();
  expect(await depot.everwarm.fuse.list()).toEqual([]);
  return depot;
}

test('a change that dirties too much is held and told of, everything else goes on, and an operator lets it through', async () => {
  const depot = await openStocked();
  const before = Date.now();
  await rename(depot, 1, 'Renamed');
  const [held] = await heldOf(depot, 1);
  expect(held).toMatchObject({ model: 'order_sheet', path: 'order_sheet.supplier', table: 'Depot.Supplier', changes: 1 });
  expect(held!.keys).toBeGreaterThan(most);
  expect(held!.since.getTime()).toBeGreaterThanOrEqual(before - 1);
  expect(depot.failures.filter((failure) => /^fuse: .*order_sheet/.test(failure))).toHaveLength(1);

  // Other keys of the same read model, the same keys by other changes, and other read models of the same change.
  await rename(depot, 2, 'Also renamed');
  await depot.pool.query(`update "Depot"."Order" set "Title" = 'New' where "Region" = 'north' and "orderNo" = 1`);
  await depot.everwarm.settled();
  expect([await shown(depot, 'Also renamed'), await shown(depot, 'Renamed'), await shown(depot, 'Wide')]).toEqual([3, 1, 29]);
  expect((await depot.pool.query(`select from everwarm.supplier_card where doc ->> 'legalName' = 'Renamed'`)).rowCount).toBe(1);

  // Settled, and yet not hidden.
  const asked = Date.now();
  const status = await statusOf(depot);
  expect(status.held).toMatchObject({ changes: 1, keys: held!.keys });
  expect(status.lagMs).toBeGreaterThanOrEqual(asked - held!.since.getTime());
  const problems = (await depot.everwarm.doctor()).filter(({ problem }) => problem !== null).map(({ check }) => check);
  expect(problems).toContain('the fuse holds nothing');

  // The same change again finds the same keys: one entry, as old as the older.
  await rename(depot, 1, 'Renamed again');
  await waitFor(async () => (await depot.everwarm.fuse.list())[0]?.changes === 2, { what: 'the second change to join the first' });
  expect(await depot.everwarm.fuse.list()).toEqual([{ ...held, changes: 2 }]);

  expect(await depot.everwarm.fuse.release([held!.id], { dryRun: true })).toHaveLength(1);
  expect(await depot.everwarm.fuse.list()).toHaveLength(1);
  await depot.everwarm.fuse.release([held!.id], { by: 'ada' });
  await depot.everwarm.settled();
  expect(await shown(depot, 'Renamed again')).toBe(30);
  expect(await statusOf(depot)).toMatchObject({ held: { changes: 0, keys: 0 }, lagMs: 0 });
  expect((await depot.everwarm.verify(orderSheet)).differing).toBe(0);
  const { rows } = await depot.pool.query('select who, verb, arguments from everwarm.operator_log');
  expect(rows).toEqual([{ who: 'ada', verb: 'fuse release', arguments: { ids: [held!.id], models: ['order_sheet'] } }]);
});

test('a transaction that changes too many rows itself is held with its keys, also when it deleted them', async () => {
  const depot = await openStocked();
  await depot.pool.query(orders('west', 2, most + 1));
  const [mass] = await heldOf(depot, 1);
  await depot.pool.query(`delete from "Depot"."Order" where "supplierId" = 1`);
  const [, gone] = await heldOf(depot, 2);
  // As many rows, of few documents: not held.
  await depot.pool.query(
    `insert into "Depot"."OrderLine" ("Region", "orderNo", line, "SKU", "Qty", "unitPrice") select 'south', 1, i, 'sku', 1, 1 from generate_series(1, ${most * 2}) i`,
  );
  await depot.everwarm.settled();
  const sheets = async () => Number((await depot.pool.query('select count(*) from everwarm.order_sheet')).rows[0].count);
  expect(await sheets()).toBe(33);
  expect((await depot.pool.query(`select from everwarm.order_sheet where (doc ->> 'lineCount')::integer = ${most * 2}`)).rowCount).toBe(1);
  expect((await depot.everwarm.fuse.list()).map(({ id }) => id)).toEqual([mass!.id, gone!.id]);

  await depot.everwarm.fuse.release([gone!.id]);
  await depot.everwarm.settled();
  expect(await sheets()).toBe(3);
  await depot.everwarm.fuse.discard([mass!.id]);
  await depot.everwarm.settled();
  expect(await sheets()).toBe(3);
  expect((await depot.everwarm.verify(orderSheet)).differing).toBe(most + 1);
  await expect(depot.everwarm.fuse.release([mass!.id])).rejects.toMatchObject({ code: 'E_USAGE' });
});

test('changes of several transactions are not held because they were delivered together', async () => {
  const depot = await openDepot({ fuse: { order_sheet: most } });
  await depot.pool.query(suppliers);
  await depot.everwarm.settled();
  for (const region of ['a', 'b', 'c', 'd']) await depot.pool.query(orders(region, region < 'c' ? 1 : 2, 10));
  await depot.everwarm.settled();
  await depot.everwarm.stop();
  await rename(depot, 1, 'One');
  await rename(depot, 2, 'Two');
  const later = depot.another(readModels);
  await later.start();
  await later.settled();
  expect([await shown(depot, 'One'), await shown(depot, 'Two')]).toEqual([20, 20]);
  expect(await later.fuse.list()).toEqual([]);
});

test('without the fuse the same change goes through', async () => {
  const depot = await openDepot({ fuse: false });
  await depot.pool.query(`${suppliers}; ${orders('north', 1, most * 3)}`);
  await depot.everwarm.settled();
  await rename(depot, 1, 'Renamed');
  await depot.everwarm.settled();
  expect(await shown(depot, 'Renamed')).toBe(most * 3);
  expect(await depot.everwarm.fuse.list()).toEqual([]);
});
