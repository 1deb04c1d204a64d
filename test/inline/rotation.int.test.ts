import { expect, test } from 'vitest';
import { parseSnapshot } from '../../libs/everwarm/src/contracts/snapshot.ts';
import { openPostgres } from '../../libs/everwarm/src/platform/postgres.ts';
import { rotate } from '../../libs/everwarm/src/stages/relay/rotate.ts';
import { stockDepot } from '../laws/fixtures/write-randomly.ts';
import { type InlineDepot, openInline } from './fixtures/open-inline.ts';

/** Turns the outbox over as the relay does; nothing that stands in it is of any use to this test. */
async function turnOver({ pool }: InlineDepot): Promise<boolean> {
  const { transactions } = openPostgres(pool);
  const { rows } = await pool.query<{ now: string }>('select pg_current_snapshot()::text as now');
  return rotate(transactions, parseSnapshot(rows[0]!.now));
}

const rename = (supplier: number) => `update "Depot"."Supplier" set "legal Name" = 'renamed' where "supplierId" = ${supplier}`;

test('a transaction that writes inline keeps no table of the outbox from being emptied but the one that it wrote to', async () => {
  const depot = await openInline({ start: false });
  await stockDepot(depot.pool);
  const client = await depot.pool.connect();
  try {
    await client.query('begin');
    await client.query(rename(1));
    const { written } = await depot.inlining.inline(client);
    expect(written).toEqual([{ model: 'supplier_card', keys: ['1'] }]);
    expect(await turnOver(depot)).toBe(true);
    expect(await turnOver(depot)).toBe(false);
    await client.query('commit');
  } finally {
    client.release();
  }
});

test('a transaction during which the outbox is turned over finds what it changed before and after', async () => {
  const depot = await openInline({ start: false });
  await stockDepot(depot.pool);
  const client = await depot.pool.connect();
  try {
    await client.query('begin');
    await client.query(rename(1));
    expect(await turnOver(depot)).toBe(true);
    await client.query(rename(2));
    const { written } = await depot.inlining.inline(client);
    expect(written.map(({ keys }) => keys.toSorted())).toEqual([['1', '2']]);
    await client.query('commit');
  } finally {
    client.release();
  }
});
