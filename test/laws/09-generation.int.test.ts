import { waitFor } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { openPostgres } from '../../libs/everwarm/src/platform/postgres.ts';
import { promoteBuilt } from '../../libs/everwarm/src/stages/relay/promote.ts';
import { reconcileStep } from '../../libs/everwarm/src/stages/relay/reconcile.ts';
import { captured, emptyOutbox } from './fixtures/captured.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';
import { orderSheet, orderSheetWithMemo } from './fixtures/read-models.ts';

const key = { region: 'north', orderNo: 1 };

/** Three orders, all served by the old definition, which does not watch their memo. */
async function openServing(): Promise<Depot> {
  const depot = await openDepot();
  await depot.pool.query(
    `insert into "Depot"."Order" ("Region", "orderNo", "Title", "placedAt") select 'north', i, 'Order', now() from generate_series(1, 3) i`,
  );
  await depot.everwarm.settled();
  return depot;
}

const states = async (depot: Depot) =>
  (await depot.pool.query<{ state: string }>(`select state from everwarm.generations where name = 'order_sheet' order by id`)).rows.map(
    (row) => row.state,
  );

test('a generation being built is not read, and what is written meanwhile is in it when it serves', async () => {
  const depot = await openServing();
  const release = depot.another([orderSheetWithMemo]);
  await emptyOutbox(depot.pool);
  const open = await depot.pool.connect();
  try {
    // The trigger of the old definition sees nothing in this; the walk of the new one must not pass before it commits.
    await open.query('begin');
    await open.query(`update "Depot"."Order" set memo = 'open before the migration' where "orderNo" = 1`);
    await release.migrate();
    await depot.pool.query(`update "Depot"."Order" set memo = 'during' where "orderNo" = 2`);
    await waitFor(async () => (await depot.everwarm.status()).outbox.undelivered === 0, { what: 'the relay to deliver' });

    // The walk is begun again and again, here and by the leader, and does not begin.
    const database = openPostgres(depot.database.urlFor('walk'), { max: 1 });
    onTestFinished(() => database.close());
    for (let step = 0; step < 3; step++) expect(await reconcileStep(database.transactions)).toBe(false);
    const { rows: walks } = await depot.pool.query(
      `select reconcile_phase, reconcile_position from everwarm.generations where state = 'building'`,
    );
    expect(walks).toEqual([{ reconcile_phase: 'source', reconcile_position: null }]);
    expect(await promoteBuilt(database.transactions)).toEqual([]);
    expect(await states(depot)).toEqual(['serving', 'building']);
    expect(await release.reader.raw(orderSheetWithMemo, { region: 'north', orderNo: 2 })).toMatchObject({ tier: 'source', version: null });
    expect(await release.reader.get(orderSheetWithMemo, { region: 'north', orderNo: 2 })).toMatchObject({ memo: 'during' });
    expect(await depot.everwarm.reader.raw(orderSheet, key)).toMatchObject({ tier: 'redis' });
    await open.query('commit');
  } finally {
    open.release();
  }
  await depot.everwarm.settled();

  const memo = captured(depot.pool).then((changes) => changes.filter(({ links }) => links?.['orderNo'] === '1'));
  expect(await memo, 'nothing captured the open writer, only the walk can have found it').toEqual([]);
  expect(await states(depot)).toEqual(['previous', 'serving']);
  await waitFor(async () => (await release.reader.raw(orderSheetWithMemo, key))?.tier === 'redis', {
    what: 'the reader to see the new generation',
  });
  const memos = await release.reader.getMany(
    orderSheetWithMemo,
    [1, 2, 3].map((orderNo) => ({ region: 'north', orderNo })),
  );
  expect(memos.map((sheet) => sheet?.memo)).toEqual(['open before the migration', 'during', '']);
  expect(await release.verify(orderSheetWithMemo)).toMatchObject({ checked: 3, differing: 0 });
});

test('code of the old definition goes on reading documents that are kept right, and can come back', async () => {
  const depot = await openServing();
  const release = depot.another([orderSheetWithMemo]);
  await release.migrate();
  await depot.everwarm.settled();
  await depot.pool.query(`update "Depot"."Order" set "Title" = 'after the swap', memo = 'x' where "orderNo" = 1`);
  await depot.everwarm.settled();
  expect(await depot.everwarm.reader.get(orderSheet, key)).toMatchObject({ title: 'after the swap' });
  expect(await release.reader.get(orderSheetWithMemo, key)).toMatchObject({ title: 'after the swap', memo: 'x' });

  const before = await depot.everwarm.reader.raw(orderSheet, key);
  await depot.everwarm.migrate();
  expect(await states(depot)).toEqual(['serving', 'previous']);
  expect((await depot.everwarm.reader.raw(orderSheet, key))?.version).toBe(before?.version);
});
