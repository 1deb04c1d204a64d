import { seededRandom, waitFor } from '@everwarm/testkit';
import type { Lifecycle, ReadModel } from 'everwarm';
import { expect, test } from 'vitest';
import { postgresCopies } from '../laws/fixtures/copies.ts';
import { expectEquivalence } from '../laws/fixtures/equivalence.ts';
import { openDepot } from '../laws/fixtures/open-depot.ts';
import { openReader } from '../laws/fixtures/open-reader.ts';
import { readModels, supplierCard } from '../laws/fixtures/read-models.ts';
import { stockDepot, writeRandomly } from '../laws/fixtures/write-randomly.ts';
import { inlineModels, living } from './fixtures/inline-models.ts';

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

test('while it is switched between inline and lazy and written, no reader sees a document go back, and nothing is lost', async () => {
  const depot = await openDepot();
  const ids = [1, 2, 3, 4];
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") select unnest($1::integer[]), '0'`, [[...ids, 9]]);
  const others = readModels.filter((model) => model !== supplierCard);
  const as = (lifecycle: Lifecycle) => depot.another([living(supplierCard as ReadModel, lifecycle), ...others]);
  const writer = as('inline');
  await writer.migrate();
  await depot.everwarm.settled();
  const memory = { maxBytes: 2 ** 20, maxAgeMs: 60_000 };
  const readers = [writer.reader, (await openReader(depot)).reader, (await openReader(depot, memory)).reader];

  let isOver = false;
  const done = readers.map(() => 0);
  const watching = readers.map(async (reader, index) => {
    const seen = new Map<number, number>();
    while (!isOver) {
      const id = ids[done[index]!++ % ids.length]!;
      const shown = Number((await reader.get(supplierCard, id))?.legalName);
      expect(shown, `supplier ${id}, reader ${index}, after ${seen.get(id)}`).toBeGreaterThanOrEqual(seen.get(id) ?? 0);
      seen.set(id, shown);
      // What memory answers leaves nobody else a turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  let written = 0;
  const writing = (async () => {
    while (!isOver) {
      const values = [String(++written), ids[written % ids.length]];
      await writer.transaction(depot.pool, (tx) =>
        tx.query(`update "Depot"."Supplier" set "legal Name" = $1 where "supplierId" = $2`, values),
      );
    }
  })();
  const all = Promise.all([...watching, writing]).finally(() => {
    isOver = true;
  });
  all.catch(() => undefined);
  for (const [from, to] of [
    ['inline', 'lazy'],
    ['lazy', 'inline'],
  ] as const) {
    expect((await as(to === 'lazy' ? { lazy: {} } : to).migrate()).lifecycles).toEqual([{ name: supplierCard.name, from, to }]);
    const [reads, writes] = [[...done], written];
    const goesOn = () => isOver || (done.every((count, index) => count >= reads[index]! + 12) && written >= writes + 4);
    await waitFor(goesOn, { what: `reading and writing after the switch to ${to}` });
    if (to !== 'lazy') continue;
    await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = 'while lazy' where "supplierId" = 9`);
    await waitFor(async () => (await postgresCopies(depot, supplierCard)).get('9')?.doc === null, { what: 'what nobody reads to be gone' });
  }
  isOver = true;
  await all;
  expect(await expectEquivalence(depot)).toBeGreaterThan(0);
  expect([...(await postgresCopies(depot, supplierCard)).values()].filter(({ doc }) => doc !== null)).toHaveLength(5);
  for (const reader of readers)
    expect(Math.max(...(await reader.getMany(supplierCard, ids)).map((card) => Number(card?.legalName)))).toBe(written);
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
