import { sql } from 'drizzle-orm';
import { defineList, defineReadModel } from 'everwarm';
import { expect, test } from 'vitest';
import { notes, openNewsroom, people, schema, stories } from './fixtures/news.ts';

/** Who said something under a story: raw SQL over tables that no relation of a story leads to. */
const byline = defineReadModel(schema, 'stories', {
  name: 'byline',
  where: (s) => sql`exists (select from ${notes} where ${notes.edition} = ${s.edition} and ${notes.number} = ${s.number})`,
  columns: { title: true },
  extras: (s) => ({
    names: sql<string>`(select string_agg(${people.name}, ', ' order by ${people.id}) from ${people} where ${people.id} in (
      select n.author from ${notes} n where n."Edition" = ${s.edition} and n."story number" = ${s.number}))`.as('names'),
  }),
  dependsOn: [
    { table: notes, columns: ['author'], key: ['edition', 'number'] },
    {
      table: people,
      link: ['id'],
      wayBack: sql`select n."Edition", n."story number" as number from ${notes} n join changed on changed.id = n.author`,
    },
  ],
});
const bylines = defineList(byline, { name: 'bylines', orderBy: (s, { desc }) => [desc(s.number)] });

test('a declared dependency is watched and followed back, for documents and for the lists that the filter decides', async () => {
  const { pool, release, print } = await openNewsroom();
  const everwarm = release([byline, bylines]);
  await everwarm.migrate();
  await everwarm.start();
  await print('One', 'Two');
  await pool.query(`insert into "News".note (id, "Edition", "story number", author) values (1, 'a:b', 1, 1), (2, 'a:b', 1, 2)`);
  await everwarm.settled();
  const get = (number: number) => everwarm.reader.get(byline, { edition: 'a:b', number });
  const titles = async () => (await everwarm.reader.list(bylines)).items.map(({ title }) => title);
  expect([await get(1), await get(2), await titles()]).toEqual([{ title: 'One', names: 'person 1, person 2' }, null, ['One']]);
  // The column is named in the expression alone, and watched.
  await pool.query(`update "News".person set name = 'Ada' where id = 2`);
  await everwarm.settled();
  expect((await get(1))?.names).toBe('person 1, Ada');
  await pool.query(`update "News".note set "story number" = 2 where id = 2`);
  await everwarm.settled();
  expect([(await get(1))?.names, (await get(2))?.names, await titles()]).toEqual(['person 1', 'Ada', ['Two', 'One']]);
  await pool.query(`update "News".note set author = 3 where id = 2; delete from "News".note where id = 1`);
  await everwarm.settled();
  expect([await get(1), (await get(2))?.names, await titles()]).toEqual([null, 'person 3', ['Two']]);
  for (const model of [byline, bylines]) expect(await everwarm.verify(model)).toMatchObject({ differing: 0, inFlight: 0 });
});

test('without the dependency the same query is refused', async () => {
  const { release } = await openNewsroom();
  const declare = (dependsOn: never[]) =>
    defineReadModel(schema, 'stories', {
      name: 'counted',
      columns: { title: true },
      extras: (s) => ({ n: sql`(select count(*) from "News".note n where n."story number" = ${s.number})`.as('n') }),
      dependsOn,
    });
  await expect(release([declare([])]).migrate()).rejects.toThrow('reads News.note in raw SQL');
  expect(() => defineReadModel({ stories }, 'stories', { name: 'm', dependsOn: [{ table: people, key: ['id'] }] as never })).toThrow(
    'm.dependsOn[0] has a "table" that is not of the given schema',
  );
});
