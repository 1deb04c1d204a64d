import { defineReadModel } from 'everwarm';
import { expect, test } from 'vitest';
import { openNewsroom, schema } from './fixtures/news.ts';

// Three releases that watch different columns of one table, so that each would write another body into its trigger functions.
const titles = defineReadModel(schema, 'stories', { name: 'titles', columns: { number: true, title: true } });
const editors = defineReadModel(schema, 'stories', { name: 'editors', columns: { number: true, editor: true } });
const noted = defineReadModel(schema, 'stories', {
  name: 'noted',
  columns: { number: true },
  with: { notes: { columns: { body: true } } },
});

test('different releases that migrate at once leave triggers that see what each of them watches', async () => {
  const { release, print, pool } = await openNewsroom();
  const both = release([titles, editors, noted]);
  for (let round = 0; round < 4; round++) {
    await Promise.all([[titles], [editors], [noted]].map((models) => release(models).migrate()));
    expect(await both.migrate(), `round ${round}: nothing is left to do`).toMatchObject({ generations: [], captured: [] });
    // From the beginning again: triggers, functions and all that is known.
    if (round < 3) await pool.query('drop schema everwarm cascade');
  }
  await print('One');
  await both.start();
  await both.settled();
  await pool.query(`update "News"."Story" set "Title" = 'Two'`);
  await both.settled();
  for (const model of [titles, editors, noted]) expect(await both.verify(model)).toMatchObject({ checked: 1, differing: 0 });
});
