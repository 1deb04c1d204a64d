import { waitFor } from '@everwarm/testkit';
import { EverwarmError } from 'everwarm';
import { expect, onTestFinished, test } from 'vitest';
import { postgresCopies, redisCopies } from '../laws/fixtures/copies.ts';
import { type Depot, openDepot } from '../laws/fixtures/open-depot.ts';
import { labelOrders, orderSheet, orderSheetWithMemo, readModels } from '../laws/fixtures/read-models.ts';

const key = { region: 'nörth "1"', orderNo: 7 };
const sqlKey = JSON.stringify([key.region, String(key.orderNo)]);

/** A depot whose labels stand for something outside of the database: their changes are seen by nobody. */
async function openBlind(): Promise<Depot> {
  const depot = await openDepot();
  await depot.pool.query(`insert into "Depot"."Label" values (1, 'Old')`);
  await depot.pool.query(`insert into "Depot"."Order" ("Region", "orderNo", "Title", "placedAt") values ($1, 7, 'Order', now())`, [
    key.region,
  ]);
  await depot.pool.query(`insert into "Depot"."OrderLabel" values ($1, 7, 1)`, [key.region]);
  await depot.everwarm.settled();
  await depot.pool.query(`alter table "Depot"."Label" disable trigger user; update "Depot"."Label" set "Caption" = 'New'`);
  return depot;
}

const caption = async ({ everwarm }: Depot) => (await everwarm.reader.get(orderSheet, key))?.labels[0]?.caption;
const owed = async ({ pool }: Depot) =>
  (await pool.query(`select from everwarm.outbox o join everwarm.sources s on s.id = o.source where s.table_name = 'touch'`)).rowCount;

test('a touched document is derived again, when and if the transaction commits', async () => {
  const depot = await openBlind();
  const client = await depot.pool.connect();
  onTestFinished(() => client.release());
  await client.query('begin');
  await depot.everwarm.touch(orderSheet, [key], { client });
  await client.query('rollback');
  await depot.everwarm.settled();
  expect(await owed(depot)).toBe(0);
  expect(await caption(depot)).toBe('Old');
  await client.query('begin');
  await depot.everwarm.touch('order_sheet', [key], { client });
  expect(await owed(depot), 'before the commit').toBe(0);
  await client.query('commit');
  await depot.everwarm.settled();
  expect(await caption(depot)).toBe('New');
  for (const copies of [await postgresCopies(depot, orderSheet), await redisCopies(depot, orderSheet)])
    expect(copies.get(sqlKey)?.doc).toContain('"New"');
});

test('without a client it is a transaction of its own, and no keys are nothing', async () => {
  const depot = await openBlind();
  await depot.everwarm.touch(orderSheet, []);
  await depot.everwarm.touch(orderSheet, [key]);
  await depot.everwarm.settled();
  expect(await caption(depot)).toBe('New');
});

test.each([sqlKey, `[ "nörth \\"1\\"" , 7 ]`, `["n\\u00f6rth \\u00221\\u0022", "007"]`])(
  'in SQL the key may be written %s',
  async (written) => {
    const depot = await openBlind();
    const { rows } = await depot.pool.query(`select everwarm.touch('order_sheet', $1)`, [written]);
    expect(rows).toEqual([{ touch: 1 }]);
    await depot.everwarm.settled();
    expect(await caption(depot)).toBe('New');
  },
);

test('an entry of a list can be touched, and what has no row has no document', async () => {
  const depot = await openBlind();
  await depot.pool.query(`alter table "Depot"."OrderLabel" disable trigger user; delete from "Depot"."OrderLabel"`);
  await depot.pool.query(`select everwarm.touch('label_orders', $1, '["gone", 1]'), everwarm.touch('supplier_card', '1', '-2', '003')`, [
    sqlKey,
  ]);
  await depot.everwarm.settled();
  expect((await depot.everwarm.reader.list(labelOrders, 1)).items).toEqual([]);
  expect((await depot.everwarm.status()).models.filter(({ failing }) => failing > 0)).toEqual([]);
});

test('every live generation derives it again', async () => {
  const depot = await openBlind();
  const later = depot.another([orderSheetWithMemo]);
  await later.migrate();
  await waitFor(
    async () =>
      (await depot.pool.query(`select from everwarm.generations where name = 'order_sheet' and state in ('serving', 'previous')`))
        .rowCount === 2,
    {
      what: 'the later release to serve',
    },
  );
  await depot.pool.query(`alter table "Depot"."Order" disable trigger user; update "Depot"."Order" set "Title" = 'Later'`);
  await depot.everwarm.touch(orderSheet, [key]);
  await depot.everwarm.settled();
  expect((await depot.everwarm.reader.get(orderSheet, key))?.title).toBe('Later');
  expect((await later.reader.get(orderSheetWithMemo, key))?.title).toBe('Later');
});

test('what is wrong is said before anything is recorded', async () => {
  const depot = await openDepot({ start: false });
  const { everwarm, pool } = depot;
  const names = readModels
    .map(({ name }) => name)
    .toSorted()
    .join(', ');
  await expect(everwarm.touch('nothing', [1])).rejects.toThrow(expect.objectContaining({ code: 'E_UNKNOWN_MODEL' }));
  const client = await pool.connect();
  onTestFinished(() => client.release());
  await client.query('begin');
  for (const wrong of [7, { region: 'north' }, { region: 'north', orderNo: 'x' }]) {
    const refused = everwarm.touch(orderSheet, [key, wrong as never], { client });
    await expect(refused).rejects.toThrow(EverwarmError);
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: 'E_KEY' }));
  }
  await client.query('commit');
  await expect(pool.query(`select everwarm.touch('nothing', '1')`)).rejects.toThrow(`There is no read model "nothing". Known: ${names}.`);
  const wrong = [
    'north',
    '["north"]',
    '["north", 1, 2]',
    '["north", "x"]',
    '["north", null]',
    '{"Region": "north"}',
    '["north", 9223372036854775808]',
  ];
  for (const text of wrong)
    await expect(pool.query(`select everwarm.touch('order_sheet', $1, $2)`, [sqlKey, text]), text).rejects.toThrow(
      /is not a key of order_sheet, which has Region \(text\), orderNo \(bigint\)\. Write it as a JSON array, in this order\./,
    );
  for (const text of ['', 'x', '1.5', '3000000000', null])
    await expect(pool.query(`select everwarm.touch('supplier_card', $1)`, [text]), String(text)).rejects.toThrow(
      /is not a key of supplier_card, which has supplierId \(integer\)\.$/,
    );
  expect(await owed(depot)).toBe(0);
});

test('a role needs the right to execute it, and none to the tables behind', async () => {
  const depot = await openBlind();
  const { pool, database } = depot;
  const role = `editor_${database.name}`;
  await pool.query(`create role ${role}; grant usage on schema everwarm to ${role}`);
  const client = await pool.connect();
  onTestFinished(async () => {
    await client.query('reset role');
    client.release();
    await pool.query(`drop owned by ${role}; drop role ${role}`);
  });
  const touchAs = async () => {
    await client.query(`set role ${role}`);
    try {
      await client.query(`select everwarm.touch('order_sheet', $1)`, [sqlKey]);
    } finally {
      await client.query('reset role');
    }
  };
  await expect(touchAs()).rejects.toThrow('permission denied for function touch');
  await pool.query(`grant execute on function everwarm.touch to ${role}`);
  await touchAs();
  await depot.everwarm.settled();
  expect(await caption(depot)).toBe('New');
});
