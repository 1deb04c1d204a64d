import { waitFor } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { documentKey, projectionTable } from '../../libs/everwarm/src/contracts/names.ts';
import { encodeHeader } from '../../libs/everwarm/src/contracts/version.ts';
import { postgresCopies, redisCopies, servingId } from './fixtures/copies.ts';
import { openDepot } from './fixtures/open-depot.ts';
import { supplierCard } from './fixtures/read-models.ts';

const far = '0001-9000000000000000000';
const planted = '{"id":1,"legalName":"from the future","orders":[]}';

test('Postgres keeps the newer version when an older write comes late', async () => {
  const depot = await openDepot();
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One'), (2, 'Two')`);
  await depot.everwarm.settled();
  const table = `everwarm.${projectionTable(await servingId(depot.pool, supplierCard))}`;
  await depot.pool.query(`update ${table} set version = $1, doc = $2 where key = '1'`, [far, planted]);

  await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = "legal Name" || '!'`);
  await depot.everwarm.settled();

  const copies = await postgresCopies(depot, supplierCard);
  expect(copies.get('1')).toEqual({ version: far, doc: planted });
  expect(copies.get('2')?.doc).toContain('"Two!"');
  // What goes to Redis under a version is what Postgres holds under it.
  expect((await redisCopies(depot, supplierCard)).get('1')).toEqual({ version: far, doc: planted });
});

test('Redis keeps the newer version when an older write comes late', async () => {
  const depot = await openDepot();
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One'), (2, 'Two')`);
  await depot.everwarm.settled();
  const held = documentKey(depot.space, await servingId(depot.pool, supplierCard), '1');
  await depot.redis.set(held, encodeHeader(far, Date.now(), false) + planted);

  await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = "legal Name" || '!'`);
  await depot.everwarm.settled();

  const copies = await redisCopies(depot, supplierCard);
  expect(copies.get('1')).toEqual({ version: far, doc: planted });
  expect(copies.get('2')?.doc).toContain('"Two!"');
});

test('what one client reads never goes back, while many workers write one key', async () => {
  const depot = await openDepot({ concurrency: 8 });
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, '0')`);
  await depot.everwarm.settled();
  const seen: { version: string; value: number }[] = [];
  let writing = true;
  const reading = (async () => {
    while (writing) {
      const answer = await depot.everwarm.reader.raw(supplierCard, 1);
      seen.push({ version: answer?.version ?? '', value: Number(JSON.parse(String(answer?.body)).legalName) });
    }
  })();
  for (let value = 1; value <= 150; value++) await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = $1`, [String(value)]);
  await waitFor(() => seen.at(-1)?.value === 150, { what: 'the last value to be read' });
  writing = false;
  await reading;

  expect(new Set(seen.map(({ version }) => version)).size).toBeGreaterThan(3);
  for (const [index, { version, value }] of seen.slice(1).entries()) {
    expect(version >= seen[index]!.version, `${version} was read after ${seen[index]!.version}`).toBe(true);
    expect(value).toBeGreaterThanOrEqual(seen[index]!.value);
  }
});

test('what one client reads does not go back when Redis returns with what it held before', async () => {
  const depot = await openDepot({ ownRedis: 'persistent' });
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One')`);
  await depot.everwarm.settled();
  // What a worker leaves that Redis failed between the two stores.
  const table = `everwarm.${projectionTable(await servingId(depot.pool, supplierCard))}`;
  await depot.pool.query(`update ${table} set version = $1, doc = $2`, [far, planted]);
  await depot.redisServer!.kill();
  const first = await depot.everwarm.reader.raw(supplierCard, 1);
  expect(first).toMatchObject({ tier: 'postgres', version: far });
  await depot.redisServer!.start();
  const second = await waitFor(
    async () => {
      const answer = await depot.everwarm.reader.raw(supplierCard, 1);
      return answer?.tier === 'redis' && answer;
    },
    { what: 'Redis to answer again' },
  );
  expect(second.version! >= far).toBe(true);
});
