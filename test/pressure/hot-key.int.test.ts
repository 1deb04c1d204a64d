import { expect, test } from 'vitest';
import { openDepot } from '../laws/fixtures/open-depot.ts';
import { supplierCard } from '../laws/fixtures/read-models.ts';

test('a document whose row is written again and again is recomputed some times, and ends as the last write left it', async () => {
  const { pool, everwarm } = await openDepot();
  await pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One')`);
  await everwarm.settled();
  const versions = async () => Number((await pool.query('select last_value from everwarm.version_seq')).rows[0].last_value);
  const [before, start] = [await versions(), performance.now()];
  const writes = 400;
  for (let write = 1; write <= writes; write++) await pool.query(`update "Depot"."Supplier" set "legal Name" = $1`, [`Name ${write}`]);
  await everwarm.settled();
  const seconds = (performance.now() - start) / 1000;
  // A burst, one for each 25 changes, and four a second; twice that, since a batch may be overtaken and done once more.
  expect((await versions()) - before).toBeLessThanOrEqual(2 * (8 + writes / 25 + 4 * seconds) + 5);
  expect(await everwarm.reader.get(supplierCard, 1)).toMatchObject({ legalName: `Name ${writes}` });
});
