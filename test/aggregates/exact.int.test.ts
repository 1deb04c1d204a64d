import { type Random, seededRandom, waitFor } from '@everwarm/testkit';
import type { Pool, PoolClient } from 'pg';
import { expect, test } from 'vitest';
import { foldDeltas } from '../../libs/everwarm/src/stages/relay/fold-deltas.ts';
import { setBases } from '../../libs/everwarm/src/stages/relay/set-bases.ts';
import { compare, withoutDeltas } from './fixtures/compare.ts';
import { openToll, setAllBases } from './fixtures/open-toll.ts';
import { gateCounts, readModels } from './fixtures/read-models.ts';

const gate = (random: Random) => {
  const no = random.integer(1, 8);
  // The last stands for no gate at all.
  return random.chance(0.9)
    ? `date '2024-01-30' + ${no % 3}, ${no}`
    : random.pick([`null, ${no}`, `date '2024-01-30', null`, `date '2031-01-01', 99`]);
};
const kind = (random: Random) => random.pick([`'car'`, `'truck'`, `'bus'`]);
const fee = (random: Random) => random.pick(['null', '0', `'NaN'`, String(random.integer(-500, 5000) / 100), '1.5', '99999999.99']);
const weight = (random: Random) => random.pick(['null', '-9223372036854775808', '9223372036854775807', String(random.integer(1, 90_000))]);
const axles = (random: Random) => random.pick(['null', '2', '-2147483648', '2147483647', String(random.integer(-3, 9))]);
const some = (random: Random) => `id % ${random.integer(2, 9)} = ${random.integer(0, 3)}`;

/** One statement on passages, of any form. */
function statement(random: Random): string {
  const row = () =>
    `(${random.integer(1, 200)}, ${gate(random)}, ${kind(random)}, ${axles(random)}, ${weight(random)}, ${fee(random)}, ${random.pick(['1', '1.00', 'null'])}, ${random.chance(0.3)})`;
  const columns = `(id, "Opened", "gateNo", kind, axles, weight, fee, loose, "is Exempt")`;
  const rows = () =>
    [...new Map(Array.from({ length: random.integer(1, 6) }, row).map((text) => [text.split(',')[0], text])).values()].join(', ');
  return random.pick([
    () => `insert into "Toll"."Passage" ${columns} values ${rows()} on conflict do nothing`,
    () => `insert into "Toll"."Passage" ${columns} values ${rows()} on conflict do nothing`,
    () =>
      `insert into "Toll"."Passage" ${columns} values ${rows()} on conflict (id) do update set kind = excluded.kind, fee = excluded.fee, "gateNo" = excluded."gateNo", "Opened" = excluded."Opened"`,
    () => `update "Toll"."Passage" set ("Opened", "gateNo") = (${gate(random)}) where ${some(random)}`,
    () => `update "Toll"."Passage" set kind = ${kind(random)}, axles = ${axles(random)} where ${some(random)}`,
    () => `update "Toll"."Passage" set fee = ${fee(random)}, weight = ${weight(random)} where ${some(random)}`,
    () => `update "Toll"."Passage" set note = 'seen' where ${some(random)}`,
    () =>
      `update "Toll"."Passage" set id = id + 200 where id = ${random.integer(1, 200)} and not exists (select from "Toll"."Passage" where id > 200)`,
    () => `delete from "Toll"."Passage" where id > 200 or (${some(random)})`,
    () =>
      `with gone as (delete from "Toll"."Passage" where ${some(random)} returning *) insert into "Toll"."Passage" ${columns} select id + 1000, "Opened", "gateNo", kind, axles, weight, fee, loose, "is Exempt" from gone on conflict do nothing`,
  ])();
}

/** One transaction of a few statements, kept or not. What fails is a conflict with another writer, and is rolled back. */
async function write(client: PoolClient, random: Random): Promise<void> {
  try {
    await client.query('begin');
    for (let count = random.integer(1, 4); count > 0; count--) {
      if (random.chance(0.01)) await client.query('truncate "Toll"."Passage"');
      const undo = random.chance(0.2);
      if (undo) await client.query('savepoint s');
      await client.query(statement(random));
      if (undo) await client.query('rollback to savepoint s');
    }
    await client.query(random.chance(0.8) ? 'commit' : 'rollback');
  } catch (error) {
    await client.query('rollback');
    if (!(error instanceof Error && 'code' in error && ['40P01', '23505'].includes(String(error.code)))) throw error;
  }
}

/** Runs several of these again and again, each beside the others, until `done`. Rejects with the first failure. */
async function beside(done: () => boolean, actions: readonly (() => Promise<unknown>)[]): Promise<void> {
  let failed = false;
  await Promise.all(
    actions.map(async (action) => {
      while (!done() && !failed)
        await action().catch((error: unknown) => {
          failed = true;
          throw error;
        });
    }),
  );
}

const asWriter = (pool: Pool, random: Random, count: (what: string) => void) => {
  const own = random.fork();
  return async () => {
    const client = await pool.connect();
    try {
      // Writers may live anywhere.
      await client.query(`set datestyle = '${own.pick(['SQL, DMY', 'German', 'ISO'])}'; set timezone = 'Asia/Kathmandu'`);
      for (let done = 0; done < 50; done++) {
        await write(client, own);
        count('transactions');
      }
    } finally {
      client.release(true);
    }
  };
};

test('whatever is written, folded and set anew meanwhile, what is kept gives the bytes that the rows would give', {
  timeout: 240_000,
}, async () => {
  const random = seededRandom('aggregates');
  const toll = await openToll();
  const { db, pool } = toll;
  const models = readModels.map((model) => model.compile());
  await setAllBases(toll);
  const counts: Record<string, number> = {};
  const note = (what: string, by = 1) => {
    counts[what] = (counts[what] ?? 0) + by;
  };
  let compared = 0;
  let used = 0;
  let unfolded = 0;
  const wrong: unknown[] = [];
  const comparer = async () => {
    for (const model of models) {
      const result = await compare(db, model);
      compared += result.compared;
      used += result.used;
      wrong.push(...result.differences);
      unfolded += (await compare(db, model, withoutDeltas(model))).differences.length;
    }
  };
  const keeper = (turns: Random) => async () => {
    // At a comparison's pace: some see deltas that are not folded, some do not.
    const seen = compared;
    await waitFor(() => isDone() || compared > seen + turns.integer(0, 40), { what: 'a comparison' });
    if (turns.chance(0.05))
      await db.query(`update everwarm.aggregates set ready = false, resets = resets + 1 where id % 3 = ${turns.integer(0, 2)}`);
    await db.query('update everwarm.aggregates set not_before = now()');
    while (await setBases(db)) note('set');
    if (turns.chance(0.7)) note('folded', (await foldDeltas(db, null)).moved);
  };
  const isDone = () => compared >= 2000 || wrong.length > 0;
  await beside(isDone, [
    ...Array.from({ length: 4 }, () => asWriter(pool, random, note)),
    comparer,
    comparer,
    keeper(random.fork()),
    // A leader that was replaced and does not know it yet.
    keeper(random.fork()),
  ]);
  console.log(
    `aggregates: ${compared} comparisons beside ${counts['transactions']} transactions, ${counts['folded']} deltas folded, ${counts['set']} settings of bases; without unfolded deltas ${unfolded} would have been wrong`,
  );
  expect(wrong.slice(0, 3)).toEqual([]);
  expect(used).toBeGreaterThan(0);
  await setAllBases(toll);
  for (const model of models) expect((await compare(db, model)).differences).toEqual([]);
});

test('with the unfolded deltas left out, what is kept is what the rows once were', async () => {
  const toll = await openToll();
  await setAllBases(toll);
  await toll.pool.query(`insert into "Toll"."Passage" (id, "Opened", "gateNo", kind) values (1, '2024-01-31', 1, 'car')`);
  const model = gateCounts.compile();
  expect((await compare(toll.db, model)).differences).toEqual([]);
  const differences = [
    {
      key: '["2024-01-31","1"]',
      kept: '{"no":1,"passages":0,"trucks":0,"meanFee":null}',
      source: '{"no":1,"passages":1,"trucks":0,"meanFee":null}',
    },
  ];
  expect(await compare(toll.db, model, withoutDeltas(model))).toMatchObject({ differences });
  await foldDeltas(toll.db, null);
  expect((await compare(toll.db, model, withoutDeltas(model))).differences).toEqual([]);
});
