import { waitFor } from '@everwarm/testkit';
import { defineList, defineReadModel } from 'everwarm';
import { expect, test } from 'vitest';
import { openNewsroom, schema } from './fixtures/news.ts';

/** A story whose code throws where it is titled "broken", and makes no JSON where it is titled "lost". */
const story = defineReadModel(schema, 'stories', {
  name: 'story',
  columns: { number: true, title: true },
  with: { notes: { columns: { body: true } } },
}).transform(3, ({ title, ...rest }) => {
  if (title === 'broken') throw new RangeError('no such title');
  return { ...rest, loud: title.toUpperCase(), length: title === 'lost' ? Number.NaN : title.length };
});
const editions = defineList(story, { name: 'editions', partitionBy: 'edition', orderBy: (s, { desc }) => [desc(s.number)] });

const key = (number: number) => ({ edition: 'a:b', number });

async function openServing() {
  const newsroom = await openNewsroom();
  const everwarm = newsroom.release([story, editions]);
  await everwarm.migrate();
  await everwarm.start();
  await everwarm.settled();
  return { ...newsroom, everwarm };
}

test('a transform makes the documents: stored, served from every tier, verified, shown in lists', async () => {
  const { everwarm, pool, redis, namespace, print } = await openServing();
  await print('first', 'second');
  expect(await everwarm.reader.get(story, key(1)), 'from wherever it is by now').toMatchObject({ loud: 'FIRST', length: 5 });
  await everwarm.settled();
  const stored = await everwarm.reader.raw(story, key(1));
  expect([stored?.tier, String(stored?.body)]).toEqual(['redis', '{"number":1,"notes":[],"loud":"FIRST","length":5}']);
  await redis.unlink(await redis.keys(`${namespace}:*"a:b","1"*`));
  const kept = await everwarm.reader.raw(story, key(1));
  expect([kept?.tier, String(kept?.body)]).toEqual(['postgres', String(stored?.body)]);
  await everwarm.rebuild(story);
  expect((await everwarm.reader.list(editions, 'a:b')).items.map(({ loud }) => loud)).toEqual(['SECOND', 'FIRST']);
  await pool.query(`update "News"."Story" set "Title" = 'third' where number = 2; delete from "News"."Story" where number = 1`);
  await everwarm.settled();
  expect(await everwarm.reader.getMany(story, [key(1), key(2)])).toEqual([null, expect.objectContaining({ loud: 'THIRD' })]);
  expect(await everwarm.verify(story)).toMatchObject({ checked: 1, differing: 0 });
});

test('an update that leaves the transformed bytes equal writes nothing', async () => {
  const { everwarm, pool, print } = await openServing();
  await print('same');
  await everwarm.settled();
  const before = await everwarm.reader.raw(story, key(1));
  await pool.query(`update "News"."Story" set "Title" = 'SAME'`);
  await everwarm.settled();
  expect((await everwarm.reader.raw(story, key(1)))?.version).toBe(before?.version);
});

test('a key whose transform fails stands alone: the others of its batch are written, and status says why', async () => {
  const { everwarm, pool, failures, print } = await openServing();
  await print('fine', 'broken', 'lost', 'well');
  const status = async () => (await everwarm.status()).models.find(({ name }) => name === 'story');
  await waitFor(async () => (await status())?.failing === 2, { what: 'two keys to fail' });
  await waitFor(async () => (await status())?.pending === 2, { what: 'the other two to be written' });
  expect((await status())?.error).toMatch(
    /^The transform of story (threw RangeError|gave NaN at length, which is not JSON,) for the key "\[\\"a:b\\",\\"[23]\\"\]"\.$/,
  );
  expect(failures).toContainEqual(expect.stringContaining('recompute of story: The transform of story'));
  const { rows } = await pool.query(`select key, attempts > 0 as tried, error from everwarm.ledger order by key`);
  expect(rows).toEqual([
    { key: '["a:b","2"]', tried: true, error: expect.stringContaining('threw RangeError for the key') },
    { key: '["a:b","3"]', tried: true, error: expect.stringContaining('gave NaN at length') },
  ]);
  expect(await everwarm.reader.get(story, key(4))).toMatchObject({ loud: 'WELL' });
  await expect(everwarm.reader.get(story, key(2)), 'never written, so derived now').rejects.toMatchObject({ code: 'E_TRANSFORM' });
  await pool.query(`update "News"."Story" set "Title" = 'mended' where number in (2, 3)`);
  await everwarm.settled();
  expect(await everwarm.reader.get(story, key(3))).toMatchObject({ loud: 'MENDED' });
  expect(await status()).toMatchObject({ failing: 0, error: null });
  expect(await everwarm.verify(story)).toMatchObject({ checked: 4, differing: 0 });
});

test('verify finds a copy that was tampered with', async () => {
  const { everwarm, pool, print } = await openServing();
  await print('true');
  await everwarm.settled();
  await pool.query(`update everwarm.projection_1 set doc = replace(doc, 'TRUE', 'FALSE')`);
  expect(await everwarm.verify(story)).toMatchObject({ differing: 1, findings: [{ layer: 'postgres' }, { layer: 'redis' }] });
});
