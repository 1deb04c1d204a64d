import { createDatabase } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { mostReadSchema } from '#platform/most-read-sql.ts';
import { openPostgres } from '#platform/postgres.ts';
import { MostRead } from './most-read.ts';

async function open() {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  await database.pool.query(`create schema everwarm; ${mostReadSchema}`);
  const order = async () =>
    (await database.pool.query<{ key: string }>('select key from everwarm.most_read where generation = 1 order by score desc')).rows.map(
      ({ key }) => key,
    );
  return { database, order };
}

/** So many reads that their order is beyond chance: thousands, of which one of 64 is counted. */
function read(counter: MostRead, times: Readonly<Record<string, number>>): void {
  for (const [key, n] of Object.entries(times)) for (let time = 0; time < n; time++) counter.count(1, key);
}

test('what several processes read most stands first, and old reads weigh less', async () => {
  const { database, order } = await open();
  const [one, other] = [new MostRead(), new MostRead()];
  read(one, { seldom: 3000, often: 20_000 });
  read(other, { seldom: 3000, always: 90_000 });
  await Promise.all([one.note(database.pool), other.note(database.pool)]);
  expect(await order()).toEqual(['always', 'often', 'seldom']);
  // Ten hours later a thousand reads of then count as one of now.
  await database.pool.query('update everwarm.most_read set score = score - 10');
  read(one, { seldom: 5000 });
  await one.note(database.pool);
  expect(await order()).toEqual(['seldom', 'always', 'often']);
});

test('a connection that may only read counts no more, and nobody hears of it', async () => {
  const { database, order } = await open();
  const readOnly = openPostgres(`${database.urlFor('most read')}&options=${encodeURIComponent('-c default_transaction_read_only=on')}`, {
    max: 1,
  });
  onTestFinished(() => readOnly.close());
  const counter = new MostRead();
  read(counter, { often: 10_000 });
  await counter.note(readOnly.transactions);
  read(counter, { often: 10_000 });
  await counter.note(database.pool);
  expect(await order()).toEqual([]);
});
