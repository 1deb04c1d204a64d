import { createDatabase, waitFor } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { parseSnapshot } from '../../libs/everwarm/src/contracts/snapshot.ts';
import { openPostgres } from '../../libs/everwarm/src/platform/postgres.ts';
import { rotate } from '../../libs/everwarm/src/stages/relay/rotate.ts';
import { type Depot, openDepot } from '../laws/fixtures/open-depot.ts';
import { orderSheet } from '../laws/fixtures/read-models.ts';

const order = (number: number) =>
  `insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") values ('north', ${number}, null, 'Order', now())`;
const sheets = async ({ pool }: Depot) =>
  (await pool.query<{ no: number }>(`select (doc ->> 'orderNo')::integer as no from everwarm.order_sheet order by 1`)).rows.map(
    ({ no }) => no,
  );

/** Tries to empty the outbox once more, beside the leader, which does so every few seconds. */
async function rotateNow({ pool, database }: Depot): Promise<boolean> {
  const postgres = openPostgres(database.urlFor('rotation'), { max: 1 });
  try {
    const { rows } = await pool.query<{ snapshot: string }>('select snapshot from everwarm.relay');
    return await rotate(postgres.transactions, parseSnapshot(rows[0]!.snapshot));
  } finally {
    await postgres.close();
  }
}

/** Begins to write order 1000, and gives what ends it. */
type Begin = (depot: Depot) => Promise<() => Promise<unknown>>;

const inIsolation =
  (isolation: string): Begin =>
  async ({ pool }) => {
    const client = await pool.connect();
    await client.query(`begin isolation level ${isolation}`);
    await client.query(order(1000));
    return async () => client.query('commit').then(() => client.release());
  };

const prepared: Begin = async ({ pool, database }) => {
  await pool.query(`begin; ${order(1000)}; prepare transaction '${database.name}'`);
  return () => pool.query(`commit prepared '${database.name}'`);
};

const elsewhere: Begin = async (depot) => {
  const other = await createDatabase();
  onTestFinished(() => other.drop());
  const client = await other.pool.connect();
  await client.query('begin isolation level repeatable read');
  await client.query('select pg_current_xact_id()');
  return async () => {
    await client.query('commit').then(() => client.release());
    await depot.pool.query(order(1000));
  };
};

/** Writers that stay open until they are told to end; whether they hold what they wrote in the outbox. */
const writers: readonly (readonly [what: string, begin: Begin, holdsOutbox: boolean])[] = [
  ['a transaction in read committed', inIsolation('read committed'), true],
  ['a transaction in repeatable read', inIsolation('repeatable read'), true],
  ['a prepared transaction', prepared, true],
  ['a transaction in another database of the cluster', elsewhere, false],
];

test.each(writers)('%s delays nothing but its own rows, while the outbox is emptied or waits for it', async (_, begin, holdsOutbox) => {
  const depot = await openDepot();
  await depot.pool.query(order(1));
  await depot.everwarm.settled();
  const end = await begin(depot);
  const rotations: boolean[] = [];
  let written = 1;
  for (let round = 0; round < 4; round++) {
    for (let more = 0; more < 20; more++) await depot.pool.query(order(++written));
    // Waits for what was committed before, and not for the writer.
    await depot.everwarm.settled();
    rotations.push(await rotateNow(depot));
  }
  expect(await sheets(depot)).toEqual(Array.from({ length: written }, (_unused, index) => index + 1));
  // Whoever wrote here holds one of the two tables, and is never waited for.
  expect(rotations).toContain(!holdsOutbox);
  await end();
  await depot.everwarm.settled();
  await waitFor(() => rotateNow(depot), { what: 'the outbox to be emptied when nobody holds it' });
  expect((await sheets(depot)).at(-1)).toBe(1000);
  expect((await depot.everwarm.verify(orderSheet)).differing).toBe(0);
});
