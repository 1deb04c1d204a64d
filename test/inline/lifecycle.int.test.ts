import { seededRandom } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { postgresCopies } from '../laws/fixtures/copies.ts';
import { expectEquivalence } from '../laws/fixtures/equivalence.ts';
import { openDepot } from '../laws/fixtures/open-depot.ts';
import { readModels, supplierCard } from '../laws/fixtures/read-models.ts';
import { stockDepot, writeRandomly } from '../laws/fixtures/write-randomly.ts';
import { inlineModels } from './fixtures/inline-models.ts';

test('a lifecycle is no part of the definition: migrate changes it in place, to and fro, while rows are written, and loses nothing', async () => {
  const depot = await openDepot();
  const inlining = depot.another(inlineModels);
  const random = seededRandom('switching lifecycles');
  await stockDepot(depot.pool);
  const generations = async () => (await depot.pool.query('select id, name, hash, state from everwarm.generations order by id')).rows;
  const lifecycles = async () =>
    (await depot.pool.query<{ lifecycle: string }>('select distinct lifecycle from everwarm.generations')).rows.map((row) => row.lifecycle);
  const before = await generations();

  const told = await inlining.migrate({ dryRun: true });
  expect(told.lifecycles).toEqual(readModels.map(({ name }) => ({ name, from: 'async', to: 'inline' })));
  expect(told.sql.join('\n')).toContain('create or replace function everwarm."inline"');
  expect(await lifecycles()).toEqual(['async']);

  const writing = writeRandomly(depot.pool, random, 90, 3, (client) => inlining.inline(client));
  for (const models of [inlineModels, readModels, inlineModels]) {
    const migrated = await depot.another(models).migrate();
    expect(migrated).toMatchObject({ generations: [], captured: [] });
    expect(migrated.lifecycles.length).toBe(readModels.length);
  }
  expect(await inlining.migrate()).toMatchObject({ lifecycles: [] });
  await writing;
  expect(await lifecycles()).toEqual(['inline']);
  expect(await generations()).toEqual(before);
  expect(await expectEquivalence(depot)).toBeGreaterThan(0);
});

test('what is no more inline leaves no function behind, and its documents are written by workers alone', async () => {
  const depot = await openDepot({ start: false });
  await depot.another(inlineModels).migrate();
  const functions = async () =>
    (
      await depot.pool.query<{ name: string }>(
        `select proname as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace where nspname = 'everwarm' and proname ~ '^inline' order by 1`,
      )
    ).rows.map(({ name }) => name);
  expect((await functions()).length).toBeGreaterThan(readModels.length);
  const everwarm = depot.another(readModels);
  await everwarm.migrate();
  expect(await functions()).toEqual(['inline']);
  await stockDepot(depot.pool);
  const client = await depot.pool.connect();
  await client.query('begin');
  await client.query(`update "Depot"."Supplier" set "legal Name" = 'x'`);
  expect(await everwarm.inline(client)).toMatchObject({ written: [], left: [] });
  await client.query('commit');
  client.release();
  expect((await postgresCopies(depot, supplierCard)).size).toBe(0);
});
