import { createDatabase } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { migrateSchema } from '#platform/migrate-schema.ts';
import { openPostgres } from '#platform/postgres.ts';
import { logOperation } from './operator-log.ts';

test('what was done stands in the operator log with who did it; what was rolled back does not', async () => {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const postgres = openPostgres(database.urlFor('operator log'), { max: 2 });
  onTestFinished(() => postgres.close());
  const db = postgres.transactions;
  await migrateSchema(db);
  await db.transaction((tx) => logOperation(tx, { verb: 'quarantine discard', args: { model: 'post', keys: ['1', '2'] }, by: 'ada' }));
  await db.transaction((tx) => logOperation(tx, { verb: 'rebuild', args: { model: 'post', all: true } }));
  const undone = db.transaction(async (tx) => {
    await logOperation(tx, { verb: 'never', args: {} });
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
  const { rows } = await db.query('select who, role = current_user as own, verb, arguments from everwarm.operator_log order by id');
  expect(rows).toEqual([
    { who: 'ada', own: true, verb: 'quarantine discard', arguments: { model: 'post', keys: ['1', '2'] } },
    { who: expect.stringMatching(/^.+@.+$/), own: true, verb: 'rebuild', arguments: { model: 'post', all: true } },
  ]);
});
