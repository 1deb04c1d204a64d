import { defineList, defineReadModel } from 'everwarm';
import { expect, test } from 'vitest';
import { openNewsroom, schema } from './fixtures/news.ts';

const story = defineReadModel(schema, 'stories', {
  name: 'story',
  columns: { number: true, title: true },
  with: { notes: { columns: { body: true }, limit: 50 } },
});
const shorter = defineReadModel(schema, 'stories', {
  name: 'story',
  columns: { number: true, title: true, editor: true },
  with: { notes: { columns: { body: true }, limit: 20 } },
}).transform(1, (document) => document);
const stories = defineList(story, { name: 'editions', partitionBy: 'edition', orderBy: (s, { desc }) => [desc(s.number)] });
const titled = defineList(shorter, {
  name: 'editions',
  partitionBy: 'edition',
  where: (s, { ne }) => ne(s.title, ''),
  orderBy: (s, { desc }) => [desc(s.number)],
});

test('a dry run changes nothing, and its SQL is what a migration runs', async () => {
  const { pool, release, print } = await openNewsroom();
  const everwarm = release([story, stories]);
  const told = await everwarm.migrate({ dryRun: true });
  expect(told).toMatchObject({ generations: ['story', 'editions'], captured: ['News.Story', 'News.note'], differences: [] });
  const traces = await pool.query(
    `select nspname as name from pg_namespace where nspname = 'everwarm' union all select tgname from pg_trigger where tgname like 'everwarm%'`,
  );
  expect(traces.rows).toEqual([]);

  for (const statement of told.sql) await pool.query(statement);
  // By hand: so the tables are looked at once more, and then nothing is left to do.
  expect(await everwarm.migrate()).toMatchObject({ schema: [], generations: [] });
  expect(await everwarm.migrate()).toEqual({ schema: [], generations: [], captured: [], lifecycles: [], differences: [], sql: [] });
  await print('One');
  await everwarm.start();
  await everwarm.settled();
  expect(await everwarm.verify(story)).toMatchObject({ checked: 1, differing: 0 });
  expect(await everwarm.migrate({ dryRun: true })).toMatchObject({ sql: [] });
});

test('a migration tells what becomes of every definition that serves', async () => {
  const { release } = await openNewsroom();
  const before = release([story, stories]);
  await before.migrate();
  await before.start();
  await before.settled();
  const differences = [
    {
      name: 'story',
      changes: [
        'story has editor, which it had not',
        'story.notes: limit 50 became 20',
        'story has a transform (revision 1), which it had not',
        'story watches News.Story.editor, which it did not',
      ],
    },
    {
      name: 'editions',
      changes: [`editions: where changed: none became "Title" <> ''`, 'editions watches News.Story.Title, which it did not'],
    },
  ];
  const after = release([shorter, titled]);
  const told = await after.migrate({ dryRun: true });
  expect(told.differences).toEqual(differences);
  expect(told.captured, 'the triggers learn a column').toEqual(['News.Story']);
  expect(told.sql.some((statement) => /^create or replace function everwarm."capture_update_Story/.test(statement))).toBe(true);
  const did = await after.migrate();
  expect(did).toMatchObject({ differences, generations: told.generations, captured: told.captured, sql: [] });
});
