import { createDatabase } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { migrateSchema } from '#platform/migrate-schema.ts';
import { openPostgres } from '#platform/postgres.ts';
import { giveBack } from './give-back.ts';

const template = {
  key: 'given back',
  build: async (url: string) => {
    const postgres = openPostgres(url);
    await migrateSchema(postgres.transactions);
    await postgres.transactions.query(
      `insert into everwarm.ledger (generation, key, since, queued_at, attempts)
select g, k, now(), now(), case k when 'failed' then 1 else 0 end from unnest(array[1, 2]) g cross join unnest(array['a', 'b', 'c', 'failed']) k`,
    );
    await postgres.close();
  },
};

test('keys that others have locked are not waited for when keys are given back', async () => {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  const postgres = openPostgres(database.url);
  onTestFinished(() => postgres.close());
  const other = await database.pool.connect();
  onTestFinished(() => other.release(true));
  await other.query('begin');
  // As an acknowledgement does, which waits for the next one.
  await other.query(`delete from everwarm.ledger where generation = 1 and key = 'b'`);

  await giveBack(
    postgres.transactions,
    ['a', 'b', 'c', 'failed', 'gone'].map((key) => ({ generation: 1, key })),
  );

  const leased = await database.pool.query<{ key: string }>(
    `select generation || ' ' || key as key from everwarm.ledger where queued_at is not null order by 1`,
  );
  expect(leased.rows.map(({ key }) => key)).toEqual(['1 b', '1 failed', '2 a', '2 b', '2 c', '2 failed']);
  await other.query('rollback');
});
