import { describe, expect, test } from 'vitest';
import { type Captured, captured, emptyOutbox } from './fixtures/captured.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';

const order = (orderNo: number, supplierId: number | null = 1, Region = 'north'): Captured => ({
  table: 'Order',
  links: { Region, orderNo: String(orderNo), supplierId: supplierId === null ? null : String(supplierId) },
});
const line = (orderNo: number): Captured => ({ table: 'OrderLine', links: { Region: 'north', orderNo: String(orderNo) } });
const supplier = (supplierId: number): Captured => ({ table: 'Supplier', links: { supplierId: String(supplierId) } });
const carried = (orderNo: number): Captured => ({ table: 'OrderLabel', links: { Region: 'north', orderNo: String(orderNo) } });
const anything = (table: string): Captured => ({ table, links: null });

/** Two suppliers, order 1 with two lines and a label; nothing relays, so the outbox keeps what is written. */
async function depotAtRest(): Promise<Depot> {
  const depot = await openDepot({ start: false });
  await depot.pool.query(`
    insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One'), (2, 'Two');
    insert into "Depot"."Label" values (5, 'Fragile');
    insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") values ('north', 1, 1, 'First', '2024-01-01');
    insert into "Depot"."OrderLine" ("Region", "orderNo", line, "SKU", "Qty", "unitPrice") values ('north', 1, 1, 'a', 1, 1), ('north', 1, 2, 'b', 2, 1);
    insert into "Depot"."OrderLabel" values ('north', 1, 5)`);
  await emptyOutbox(depot.pool);
  return depot;
}

const insertOrder = (rows: string) => `insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") values ${rows}`;

const committed: readonly (readonly [what: string, sql: string, expected: readonly Captured[]])[] = [
  ['an insert of several rows', insertOrder(`('north', 7, 1, 'x', now()), ('north', 8, null, 'y', now())`), [order(7), order(8, null)]],
  [
    'an upsert that inserts one row and updates another',
    `${insertOrder(`('north', 1, 1, 'new title', now()), ('north', 9, 2, 'x', now())`)} on conflict ("Region", "orderNo") do update set "Title" = excluded."Title"`,
    [order(1), order(9, 2)],
  ],
  ['an upsert that does nothing', `${insertOrder(`('north', 1, 2, 'x', now())`)} on conflict do nothing`, []],
  [
    'a merge',
    `merge into "Depot"."Supplier" s using (values (2, 'Renamed'), (3, 'Three')) v (id, name) on s."supplierId" = v.id
     when matched then update set "legal Name" = v.name when not matched then insert ("supplierId", "legal Name") values (v.id, v.name)`,
    [supplier(2), supplier(3)],
  ],
  [
    'a copy',
    `copy "Depot"."Supplier" ("supplierId", "legal Name") from program 'echo 11,Copied; echo 12,Too' with (format csv)`,
    [supplier(11), supplier(12)],
  ],
  ['a foreign key set from one parent to another: both', `update "Depot"."Order" set "supplierId" = 2`, [order(1), order(1, 2)]],
  ['a foreign key taken away', `update "Depot"."Order" set "supplierId" = null`, [order(1), order(1, null)]],
  [
    'a primary key that moves, and what cascades',
    `update "Depot"."Order" set "orderNo" = 4`,
    [order(1), order(4), line(1), line(4), carried(1), carried(4)],
  ],
  [
    'a delete that cascades to the grandchildren',
    `delete from "Depot"."Supplier" where "supplierId" = 1`,
    [order(1), line(1), carried(1), supplier(1)],
  ],
  ['a truncate', `truncate "Depot"."OrderLine"`, [anything('OrderLine')]],
  [
    'a writable CTE that touches two tables',
    `with gone as (delete from "Depot"."OrderLabel" returning "orderNo") update "Depot"."Order" o set "Title" = 'bare' from gone where o."orderNo" = gone."orderNo"`,
    [order(1), carried(1)],
  ],
  [
    'a replicated session',
    `set local session_replication_role = replica; update "Depot"."Supplier" set "legal Name" = 'x'`,
    [supplier(1), supplier(2)],
  ],
  [
    'a savepoint that was released beside one that was rolled back',
    `savepoint kept; update "Depot"."Supplier" set "legal Name" = 'x' where "supplierId" = 1; release kept;
     savepoint undone; update "Depot"."Supplier" set "legal Name" = 'y' where "supplierId" = 2; rollback to undone`,
    [supplier(1)],
  ],
];

const sorted = (changes: readonly Captured[]) => changes.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

describe('what commits is in the outbox', () => {
  test('exactly, however it was written', async () => {
    const { pool } = await depotAtRest();
    for (const [what, sql, expected] of committed) {
      const client = await pool.connect();
      try {
        await client.query(`begin; ${sql}`);
        expect(await captured(pool), `${what}, before the commit`).toEqual([]);
        await client.query('commit');
        expect(await captured(pool), what).toEqual(sorted(expected));
        // Each way of writing starts from the same rows.
        await client.query(`
          begin;
          truncate "Depot"."Supplier", "Depot"."Label" cascade;
          insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One'), (2, 'Two');
          insert into "Depot"."Label" values (5, 'Fragile');
          ${insertOrder(`('north', 1, 1, 'First', '2024-01-01')`)};
          insert into "Depot"."OrderLine" ("Region", "orderNo", line, "SKU", "Qty", "unitPrice") values ('north', 1, 1, 'a', 1, 1), ('north', 1, 2, 'b', 2, 1);
          insert into "Depot"."OrderLabel" values ('north', 1, 5);
          truncate everwarm.outbox;
          commit`);
      } finally {
        client.release();
      }
    }
  });

  test('when a prepared transaction is committed, by another session', async () => {
    const { pool, database } = await depotAtRest();
    await pool.query(
      `begin; update "Depot"."Supplier" set "legal Name" = 'x' where "supplierId" = 2; prepare transaction '${database.name}'`,
    );
    expect(await captured(pool)).toEqual([]);
    await pool.query(`commit prepared '${database.name}'`);
    expect(await captured(pool)).toEqual([supplier(2)]);
  });
});

test('what does not commit is not in the outbox', async () => {
  const { pool, database } = await depotAtRest();
  await pool.query(`alter table "Depot"."OrderLabel" alter constraint "OrderLabel_Region_orderNo_fkey" deferrable initially deferred`);
  for (const ending of [
    ['rollback'],
    ['rollback to start', 'commit'],
    [`prepare transaction '${database.name}'`, `rollback prepared '${database.name}'`],
    // Refused when it commits.
    [`insert into "Depot"."OrderLabel" values ('nowhere', 1, 5)`, 'commit'],
  ]) {
    const client = await pool.connect();
    try {
      await client.query(`begin; savepoint start; update "Depot"."Supplier" set "legal Name" = 'x'; truncate "Depot"."OrderLine"`);
      for (const statement of ending) await client.query(statement).catch(() => undefined);
    } finally {
      client.release();
    }
    expect(await captured(pool), ending.join('; ')).toEqual([]);
    const { rows } = await pool.query(`select "legal Name" as name from "Depot"."Supplier" order by 1`);
    expect(rows).toEqual([{ name: 'One' }, { name: 'Two' }]);
  }
});
