import { waitFor } from '@everwarm/testkit';
import { sql } from 'drizzle-orm';
import { defineList, defineReadModel, type Everwarm } from 'everwarm';
import { expect, test } from 'vitest';
import { type Newsroom, openNewsroom, schema } from '../hatches/fixtures/news.ts';

/** A story whose share cannot be told where its budget is zero. */
const story = defineReadModel(schema, 'stories', {
  name: 'story',
  columns: { number: true },
  extras: (s) => ({ share: sql<number>`1000 / ${s.budget}`.as('share') }),
});
/** What came before it: never fails. */
const plain = defineReadModel(schema, 'stories', { name: 'story', columns: { number: true } });
const editions = defineList(story, { name: 'editions', partitionBy: 'edition', orderBy: (s, { desc }) => [desc(s.number)] });

const key = (number: number) => ({ edition: 'a:b', number });

async function print({ pool }: Newsroom, count: number, poisoned: number): Promise<void> {
  await pool.query(
    `insert into "News"."Story" ("Edition", number, "Title", budget)
     select 'a:b', n, 'title', case when n <= $2::integer then 0 else 10 end from generate_series(1, $1::integer) n`,
    [count, poisoned],
  );
}
const keysApart = (everwarm: Everwarm) => everwarm.quarantine.list({ model: 'story' }).then((keys) => keys.length);
const apart = (everwarm: Everwarm, count: number) =>
  waitFor(async () => (await keysApart(everwarm)) === count, { what: `${count} keys in quarantine` });
const stateOf = async (everwarm: Everwarm) =>
  (await everwarm.status()).models.filter(({ name }) => name === 'story').map(({ state }) => state);

test('the first build of a model serves with its quarantined keys; whoever asks for one hears why, a page goes on without it', async () => {
  const newsroom = await openNewsroom();
  await print(newsroom, 30, 3);
  const everwarm = newsroom.release([story, editions]);
  await everwarm.migrate();
  await everwarm.start();
  await everwarm.settled();
  expect(await keysApart(everwarm)).toBe(3);
  expect(await stateOf(everwarm)).toEqual(['serving']);
  expect(await everwarm.reader.get(story, key(4))).toEqual({ number: 4, share: 100 });
  await expect(everwarm.reader.get(story, key(2))).rejects.toMatchObject({
    code: 'E_DOCUMENT',
    message: expect.stringContaining('cannot be made from what its rows say: division by zero'),
    context: { model: 'story', key: '["a:b","2"]' },
  });
  await expect(everwarm.reader.getMany(story, [key(4), key(2)])).rejects.toMatchObject({ code: 'E_DOCUMENT' });
  const { items, next } = await everwarm.reader.list(editions, 'a:b', { limit: 30 });
  expect([items.length, items.at(-1)?.number, next]).toEqual([27, 4, null]);
  await newsroom.pool.query('update "News"."Story" set budget = 5 where budget = 0');
  await everwarm.quarantine.retry();
  await apart(everwarm, 0);
  await everwarm.settled();
  expect((await everwarm.reader.list(editions, 'a:b', { limit: 30 })).items).toHaveLength(30);
  expect(await everwarm.verify(story)).toMatchObject({ checked: 30, differing: 0 });
});

test('a build with quarantined keys does not take over from one that serves, until they are mended or an operator discards them', async () => {
  const newsroom = await openNewsroom();
  await print(newsroom, 30, 2);
  const before = newsroom.release([plain]);
  await before.migrate();
  await before.start();
  await before.settled();
  const everwarm = newsroom.release([story]);
  await everwarm.migrate();
  await everwarm.start();
  await apart(everwarm, 2);
  await everwarm.settled();
  expect(await stateOf(everwarm)).toEqual(['serving', 'building']);
  expect((await everwarm.status()).models.find(({ state }) => state === 'building')?.waitsFor).toContain('2 quarantined keys');
  expect((await everwarm.doctor()).find(({ check }) => check === 'no key is in quarantine')?.problem).toContain('waits for them');
  expect(await before.reader.get(plain, key(1)), 'what served goes on').toEqual({ number: 1 });
  expect(await everwarm.reader.get(story, key(9)), 'and new code reads what it declares').toEqual({ number: 9, share: 100 });

  await newsroom.pool.query('update "News"."Story" set budget = 5 where number = 1');
  await apart(everwarm, 1);
  await everwarm.quarantine.discard({ model: 'story', keys: [key(2)] });
  await waitFor(async () => (await stateOf(everwarm)).join() === 'previous,serving', { what: 'the new generation to serve' });
  expect(await everwarm.reader.get(story, key(1))).toEqual({ number: 1, share: 200 });
});

/** Longer than is allowed where its title is. */
const wide = defineReadModel(schema, 'stories', { name: 'story', columns: { number: true, title: true } });
const wideAfterwards = wide.transform(1, (document) => ({ ...document, twice: `${document.title}${document.title}` }));

test.each([
  ['of the statement', wide, 2000],
  ['of a transform', wideAfterwards, 700],
])(
  'a document above the maximum %s is not written; what was there stays served, and the others of its batch are written',
  async (_, model, long) => {
    const newsroom = await openNewsroom();
    await print(newsroom, 10, 0);
    const everwarm = newsroom.release([model], { maxDocumentBytes: 1024 });
    await everwarm.migrate();
    await everwarm.start();
    await everwarm.settled();
    await newsroom.pool.query(`update "News"."Story" set "Title" = case when number = 5 then repeat('x', $1) else 'short' end`, [long]);
    await everwarm.settled();
    expect(await everwarm.quarantine.list()).toMatchObject([
      {
        key: '["a:b","5"]',
        code: 'E_DOCUMENT',
        error: expect.stringMatching(/^The document of story for the key .* has \d{4} bytes; "maxDocumentBytes" is 1024/),
      },
    ]);
    expect(await everwarm.reader.get(model, key(5))).toMatchObject({ title: 'title' });
    expect(await everwarm.reader.get(model, key(6))).toMatchObject({ title: 'short' });
    await newsroom.pool.query(`delete from "News"."Story" where number = 5`);
    await apart(everwarm, 0);
    await everwarm.settled();
    expect(await everwarm.reader.get(model, key(5))).toBeNull();
    expect(await everwarm.verify(model)).toMatchObject({ checked: 9, differing: 0 });
  },
);
