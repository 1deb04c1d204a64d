import { expect, test } from 'vitest';
import { projectionTable } from '../../libs/everwarm/src/contracts/names.ts';
import { captured, emptyOutbox } from './fixtures/captured.ts';
import { redisCopies, servingId } from './fixtures/copies.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';
import { orderSheet, readModels, supplierCard } from './fixtures/read-models.ts';

async function openStocked(start: boolean): Promise<Depot> {
  const depot = await openDepot({ start });
  await depot.pool.query(`
    insert into "Depot"."Supplier" ("supplierId", "legal Name") select i, 'Supplier' from generate_series(1, 3) i;
    insert into "Depot"."Label" values (1, 'Label');
    insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") select 'north', i, i % 3 + 1, 'Order', now() from generate_series(1, 9) i;
    insert into "Depot"."OrderLine" ("Region", "orderNo", line, "SKU", "Qty", "unitPrice") select 'north', o, l, 'sku', 10 - l, 1 from generate_series(1, 9) o, generate_series(1, 5) l;
    insert into "Depot"."OrderLabel" values ('north', 1, 1), ('north', 2, 1)`);
  if (start) await depot.everwarm.settled();
  return depot;
}

test('a change of what no read model shows is not captured', async () => {
  const { pool } = await openStocked(false);
  await emptyOutbox(pool);
  await pool.query(`update "Depot"."Supplier" set "creditLimit" = "creditLimit" + 1`);
  await pool.query(`update "Depot"."Order" set memo = 'x', "Title" = "Title"`);
  await pool.query(`update "Depot"."OrderLine" set picker = 'somebody'`);
  await pool.query(`update "Depot"."Label" set "labelId" = "labelId"`);
  await pool.query(`delete from "Depot"."Supplier" where false`);
  expect(await captured(pool)).toEqual([]);
  // The same statement with one more column is.
  await pool.query(`update "Depot"."Supplier" set "creditLimit" = 0, "Rating" = '0.0' where "supplierId" = 2`);
  expect(await captured(pool)).toEqual([{ table: 'Supplier', links: { supplierId: '2' } }]);
});

/** The versions of all documents in Redis: whatever was recomputed and changed has a new one. */
async function versions(depot: Depot): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const model of [orderSheet, supplierCard])
    for (const [key, { version }] of await redisCopies(depot, model)) all[`${model.name} ${key}`] = version;
  return all;
}

const changes: readonly (readonly [what: string, sql: string, affected: readonly string[]])[] = [
  ['an order', `update "Depot"."Order" set "Title" = 'New' where "orderNo" = 4`, ['order_sheet ["north","4"]', 'supplier_card 2']],
  [
    'a line',
    `update "Depot"."OrderLine" set "Qty" = 77 where "orderNo" = 4 and line = 1`,
    ['order_sheet ["north","4"]', 'supplier_card 2'],
  ],
  [
    'a label, by way of the join table',
    `update "Depot"."Label" set "Caption" = 'New'`,
    ['order_sheet ["north","1"]', 'order_sheet ["north","2"]'],
  ],
  [
    'an order that goes from one supplier to another',
    `update "Depot"."Order" set "supplierId" = 1 where "orderNo" = 4`,
    ['order_sheet ["north","4"]', 'supplier_card 1', 'supplier_card 2'],
  ],
];

test('a change writes the documents that show it and no others', async () => {
  const depot = await openStocked(true);
  for (const [what, sql, affected] of changes) {
    const before = await versions(depot);
    await depot.pool.query(sql);
    await depot.everwarm.settled();
    const after = await versions(depot);
    expect(
      Object.keys(after)
        .filter((key) => after[key] !== before[key])
        .toSorted(),
      what,
    ).toEqual(affected);
  }
});

test('a document whose bytes do not change is not written again', async () => {
  const depot = await openStocked(true);
  const table = `everwarm.${projectionTable(await servingId(depot.pool, orderSheet))}`;
  const rows = async () => (await depot.pool.query(`select key, xmin::text, ctid::text, version from ${table} order by key`)).rows;
  const [before, number] = [await rows(), await nextVersion(depot)];
  // The fifth line is beyond what a sheet shows, and the sum stays as it was.
  await depot.pool.query(`update "Depot"."OrderLine" set "unitPrice" = 5 where line = 5`);
  await depot.everwarm.settled();
  expect(await nextVersion(depot), 'the documents were recomputed').toBeGreaterThan(number + 1);
  expect(await rows()).toEqual(before);
});

const nextVersion = async ({ pool }: Depot) =>
  Number((await pool.query(`select nextval('everwarm.version_seq') as number`)).rows[0].number);

test('finding and recomputing a key reads no rows of others', async () => {
  const { pool } = await openStocked(false);
  await pool.query(
    `insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") select 'south', i, null, 'Filler', now() from generate_series(1, 20000) i`,
  );
  await pool.query(
    `insert into "Depot"."OrderLine" ("Region", "orderNo", line, "SKU", "Qty", "unitPrice") select 'south', i, 1, 'sku', 1, 1 from generate_series(1, 20000) i`,
  );
  await pool.query('analyze');
  for (const model of readModels) {
    const { recompute, dependencies } = model.compile();
    const statements = [
      { sql: recompute, values: [[model.name === 'supplier_card' ? '1' : '["north","1"]']] },
      ...dependencies.flatMap(({ wayBack, link }) =>
        wayBack.kind === 'query' ? [{ sql: wayBack.sql, values: link.map((column) => [column === 'Region' ? 'north' : '1']) }] : [],
      ),
    ];
    for (const { sql, values } of statements) {
      const { rows } = await pool.query(`explain (analyze, format json) ${sql}`, values);
      expect(mostRows(rows[0]['QUERY PLAN'][0].Plan), sql).toBeLessThan(100);
    }
  }
});

type Plan = { 'Actual Rows': number; 'Actual Loops': number; 'Rows Removed by Filter'?: number; Plans?: Plan[] };

/** The most rows that any one step of a plan looked at. */
function mostRows(plan: Plan): number {
  const own = (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'];
  return Math.max(own, ...(plan.Plans ?? []).map(mostRows));
}
