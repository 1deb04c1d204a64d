import { waitFor } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { documentKey } from '../../libs/everwarm/src/contracts/names.ts';
import { encodeHeader } from '../../libs/everwarm/src/contracts/version.ts';
import { publishEntries } from '../../libs/everwarm/src/stages/write-through/publish-entries.ts';
import { withFencedCommands } from '../../libs/everwarm/src/stages/write-through/scripts.ts';
import { putAhead } from './fixtures/ahead-of-redis.ts';
import { servingId } from './fixtures/copies.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';
import { type LinkedReader, openReader } from './fixtures/open-reader.ts';
import { supplierCard, supplierOrders } from './fixtures/read-models.ts';

/** Two suppliers, and one order of the first. */
async function openFilled(): Promise<Depot> {
  const depot = await openDepot();
  await depot.pool.query(`
    insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One'), (2, 'Two');
    insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") values ('north', 1, 1, 'First', now())`);
  await depot.everwarm.settled();
  return depot;
}

/** Shows the reader what Redis has, then what Postgres has while its way to Redis is cut, and waits until it believes Redis again. */
async function lookAwayAndBack({ reader, redis }: LinkedReader, meanwhile: () => Promise<void>): Promise<void> {
  expect(await reader.raw(supplierCard, 1)).toMatchObject({ tier: 'redis' });
  expect(await reader.rawList(supplierOrders, 1)).toMatchObject({ tier: 'redis', items: [{}] });
  redis.cut();
  await meanwhile();
  redis.heal();
  await waitFor(async () => (await reader.raw(supplierCard, 2))?.tier === 'redis', { what: 'Redis to be trusted again' });
}

test('what Postgres said is not taken back by a Redis that has it older, until Redis has it too', async () => {
  const depot = await openFilled();
  const linked = await openReader(depot);
  const { reader } = linked;
  await reader.raw(supplierCard, 1);
  const { version, legalName, acknowledge } = await putAhead(depot);
  const ahead = { tier: 'postgres', version };
  const shown = async () => {
    expect(await reader.raw(supplierCard, 1)).toMatchObject(ahead);
    expect(await reader.getMany(supplierCard, [2, 1])).toMatchObject([{ legalName: 'Two' }, { legalName }]);
    expect(await reader.rawList(supplierOrders, 1)).toMatchObject({ tier: 'postgres', items: [] });
  };
  await lookAwayAndBack(linked, shown);
  await shown();

  // What a worker does next: Redis first, then the ledger.
  const [cards, list] = [await servingId(depot.pool, supplierCard), await servingId(depot.pool, supplierOrders)];
  await depot.redis.set(
    documentKey(depot.space, cards, '1'),
    encodeHeader(version, Date.now(), false) + JSON.stringify({ id: 1, legalName, orders: [] }),
  );
  expect(await reader.raw(supplierCard, 1)).toMatchObject({ tier: 'redis', version });
  const { rows: gone } = await depot.pool.query<{ key: string }>(`select key from everwarm.ledger where generation = $1`, [list]);
  await publishEntries(withFencedCommands(depot.redis), depot.space, depot.pool, { id: list, model: supplierOrders.compile() }, [
    { partition: '1', key: gone[0]!.key, member: null, version },
  ]);
  expect(await reader.rawList(supplierOrders, 1)).toMatchObject({ tier: 'redis', items: [] });
  await acknowledge();
});

test('what was written to Postgres alone is what every process reads, until Redis is told to be whole', async () => {
  const depot = await openFilled();
  const first = await openReader(depot);
  await first.reader.raw(supplierCard, 1);
  const { version, legalName } = await putAhead(depot, { isDrained: true });
  await waitFor(async () => (await first.reader.raw(supplierCard, 1))?.version === version, { what: 'the first reader to see it' });
  const second = await openReader(depot);
  expect(await second.reader.raw(supplierCard, 1)).toMatchObject({ tier: 'postgres', version });
  expect(await first.reader.get(supplierCard, 1)).toMatchObject({ legalName });
});
