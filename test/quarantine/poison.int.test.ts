import { waitFor } from '@everwarm/testkit';
import { sql } from 'drizzle-orm';
import { defineList, defineReadModel, type Everwarm } from 'everwarm';
import { expect, test } from 'vitest';
import { openNewsroom, schema } from '../hatches/fixtures/news.ts';

/** A story whose share cannot be told where its budget is zero: a value error of its own SQL. */
const story = defineReadModel(schema, 'stories', {
  name: 'story',
  columns: { number: true, title: true },
  extras: (s) => ({ share: sql<number>`1000 / ${s.budget}`.as('share') }),
});
const editions = defineList(story, { name: 'editions', partitionBy: 'edition', orderBy: (s, { desc }) => [desc(s.number)] });

const key = (number: number) => ({ edition: 'a:b', number });
const keyText = (number: number) => `["a:b","${number}"]`;

async function openServing() {
  const newsroom = await openNewsroom();
  const { pool } = newsroom;
  const everwarm = newsroom.release([story, editions]);
  await everwarm.migrate();
  await everwarm.start();
  await everwarm.settled();
  const print = (count: number, budget = 10) =>
    pool.query(
      `insert into "News"."Story" ("Edition", number, "Title", budget) select 'a:b', n, 'title ' || n, $2 from generate_series(1, $1::integer) n`,
      [count, budget],
    );
  const set = (number: number, budget: number) => pool.query(`update "News"."Story" set budget = $2 where number = $1`, [number, budget]);
  return { ...newsroom, everwarm, print, set };
}

const quarantined = (everwarm: Everwarm, count: number) =>
  waitFor(async () => (await everwarm.quarantine.list()).length === count, { what: `${count} keys in quarantine` });
const statusOf = async (everwarm: Everwarm) => (await everwarm.status()).models.find(({ name }) => name === 'story');

test('a poison key is quarantined after few attempts; its batch mates are written, its last good document stays served and said so', async () => {
  const { everwarm, pool, print, set } = await openServing();
  await print(40);
  await everwarm.settled();
  const before = await everwarm.reader.raw(story, key(7));
  // One transaction: all forty are one batch.
  await pool.query(`update "News"."Story" set "Title" = 'new ' || number, budget = case when number = 7 then 0 else 20 end`);
  await everwarm.settled();
  for (const number of [1, 6, 8, 40])
    expect(await everwarm.reader.get(story, key(number))).toEqual({ number, title: `new ${number}`, share: 50 });
  expect(await everwarm.quarantine.list()).toEqual([
    {
      model: 'story',
      generation: expect.any(Number),
      key: keyText(7),
      since: expect.any(Date),
      code: '22012',
      error: 'division by zero',
      attempts: 3,
      firstFailedAt: expect.any(Date),
      lastFailedAt: expect.any(Date),
      causes: [{ table: 'News.Story', at: expect.any(String) }],
      owed: false,
    },
  ]);
  expect(String((await everwarm.reader.raw(story, key(7)))?.body)).toBe(String(before?.body));
  expect((await everwarm.reader.list(editions, 'a:b', { limit: 3 })).items).toHaveLength(3);
  expect(await statusOf(everwarm)).toMatchObject({ pending: 0, failing: 0, lagMs: 0, quarantined: { keys: 1 } });
  expect((await everwarm.doctor()).find(({ check }) => check === 'no key is in quarantine')?.problem).toContain('division by zero');
  expect(await everwarm.verify(story)).toMatchObject({
    checked: 40,
    differing: 1,
    findings: [{ key: keyText(7), layer: 'postgres', cause: 'quarantined' }],
  });

  // A newer change is tried again, and success takes it out.
  await set(7, 100);
  await quarantined(everwarm, 0);
  await everwarm.settled();
  expect(await everwarm.reader.get(story, key(7))).toMatchObject({ share: 10 });
  expect(await everwarm.verify(story)).toMatchObject({ checked: 40, differing: 0, findings: [] });
  expect(await statusOf(everwarm)).toMatchObject({ quarantined: { keys: 0 } });
});

test('a poison key that changes again and again is tried no oftener than its waits allow, and holds up nobody', async () => {
  const { everwarm, pool, print } = await openServing();
  await print(5);
  await everwarm.settled();
  const begun = performance.now();
  await pool.query(`update "News"."Story" set budget = 0 where number = 3`);
  for (let round = 1; round <= 150; round++) {
    await pool.query(`update "News"."Story" set "Title" = 'round ' || $1::text where number in (2, 3)`, [round]);
    // Its neighbour, changed in the same statements, is never behind it.
    if (round % 50 === 0) {
      await everwarm.settled();
      expect(await everwarm.reader.get(story, key(2))).toMatchObject({ title: `round ${round}` });
    }
  }
  await quarantined(everwarm, 1);
  const [poison] = await everwarm.quarantine.list();
  const { rows } = await pool.query<{ attempts: number }>(`select coalesce(max(attempts), 0) as attempts from everwarm.ledger`);
  const attempts = Math.max(poison!.attempts, rows[0]!.attempts);
  expect(attempts).toBeGreaterThanOrEqual(3);
  // Half a second after the first failure, twice as long after each further one, and at least half of that.
  expect(0.25 * (2 ** (attempts - 1) - 1)).toBeLessThanOrEqual((performance.now() - begun) / 1000);
  await pool.query(`update "News"."Story" set budget = 1 where number = 3`);
  await everwarm.quarantine.retry();
  await quarantined(everwarm, 0);
  await everwarm.settled();
  expect(await everwarm.verify(story)).toMatchObject({ checked: 5, differing: 0 });
});

test('an operator has keys tried again or discards them: both are in the operator log, a dry run is not', async () => {
  const { everwarm, pool, print, set } = await openServing();
  await print(4);
  await everwarm.settled();
  await pool.query('update "News"."Story" set budget = 0 where number in (1, 2, 3)');
  await quarantined(everwarm, 3);
  expect(await everwarm.quarantine.retry({ model: 'story' }, { dryRun: true })).toBe(3);
  const attempts = async (number: number) => (await everwarm.quarantine.list({ model: 'story', keys: [key(number)] }))[0]?.attempts ?? 0;
  const before = await attempts(1);
  expect(await everwarm.quarantine.retry({ model: 'story', keys: [key(1)] }, { by: 'ada' })).toBe(1);
  await waitFor(async () => (await attempts(1)) > before, { what: 'another attempt' });
  expect([await attempts(2), await attempts(3)]).toEqual([before, before]);
  expect(await everwarm.quarantine.discard({ model: 'story', keys: [key(2)] }, { dryRun: true })).toBe(1);
  expect(await everwarm.quarantine.discard({ model: 'story', keys: [key(2)] })).toBe(1);
  expect((await everwarm.quarantine.list()).map((found) => found.key).toSorted()).toEqual([keyText(1), keyText(3)]);
  expect(await everwarm.reader.get(story, key(2)), 'the last good one').toMatchObject({ share: 100 });
  expect((await everwarm.verify(story)).findings).toContainEqual({
    key: keyText(2),
    layer: 'postgres',
    cause: 'cannot be derived from its rows: division by zero',
  });
  const { rows } = await pool.query('select who, verb, arguments from everwarm.operator_log order by id');
  expect(rows).toEqual([
    { who: 'ada', verb: 'quarantine retry', arguments: { model: 'story', keys: [keyText(1)], count: 1 } },
    { who: expect.stringContaining('@'), verb: 'quarantine discard', arguments: { model: 'story', keys: [keyText(2)], count: 1 } },
  ]);
  await expect(everwarm.quarantine.discard({ keys: [key(1)] })).rejects.toMatchObject({ code: 'E_USAGE' });
  for (const number of [1, 2, 3]) await set(number, 1);
  await everwarm.quarantine.retry();
  await quarantined(everwarm, 0);
  await everwarm.settled();
  expect(await everwarm.verify(story)).toMatchObject({ differing: 0 });
});
