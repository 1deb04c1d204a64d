import { readFile } from 'node:fs/promises';
import { createDatabase } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { migrateBlog } from '../migrate.ts';
import { dumpSchema } from './dump-schema.ts';

test('the migrations add up to migrations/schema.sql', async () => {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  await migrateBlog(database.url);
  const expected = await readFile(new URL('../../../../migrations/schema.sql', import.meta.url), 'utf8');
  expect(await dumpSchema(database.pool), 'run `npm run blog -- schema-dump` and look at the difference').toBe(expected);
});

test('migrating again, and from several processes at once, changes nothing', async () => {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  await Promise.all([1, 2, 3].map(() => migrateBlog(database.url)));
  const once = await dumpSchema(database.pool);
  await migrateBlog(database.url);
  expect(await dumpSchema(database.pool)).toBe(once);
});
