import { createDatabase, seededRandom } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { shardOf } from '#contracts/shard.ts';
import { lifecycleSchema } from './lifecycle-sql.ts';
import { openPostgres } from './postgres.ts';

const template = {
  key: 'shards',
  build: async (url: string) => {
    const postgres = openPostgres(url);
    await postgres.transactions.query(`create schema everwarm; create table everwarm.generations (id integer); ${lifecycleSchema}`);
    await postgres.close();
  },
};

test('Postgres gives every key the shard that the workers lock', async () => {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  const random = seededRandom('shards');
  const signs = ['a', 'Z', '0', '9', ' ', '"', '\\', 'é', 'ß', 'ж', '漢', '€', '🎈', '𝄞', '\uffff', '-', '['];
  const text = () => Array.from({ length: random.integer(0, 12) }, () => random.pick(signs)).join('');
  const numbers = ['0', '15', '16', '-16', '007', '999999999999999', '1000000000000000', '٣', '12345678901234567890'];
  const keys = [
    ...numbers,
    ...Array.from({ length: 3000 }, text),
    ...Array.from({ length: 1000 }, () => String(random.integer(0, 2 ** 40))),
  ];
  const { rows } = await database.pool.query<{ shard: number }>(
    'select everwarm.shard(k.key) as shard from unnest($1::text[]) with ordinality as k (key, n) order by n',
    [keys],
  );
  expect(rows.map(({ shard }) => shard)).toEqual(keys.map(shardOf));
});
