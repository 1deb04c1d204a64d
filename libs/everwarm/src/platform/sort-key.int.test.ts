import { createDatabase, type Random, seededRandom } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { sortKeySchema } from './sort-key-sql.ts';

async function openDatabase() {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  await database.pool.query(`create schema everwarm; ${sortKeySchema}`);
  return database.pool;
}

const digits = (random: Random, most: number) => Array.from({ length: random.integer(1, most) }, () => random.integer(0, 9)).join('');
const letters = ['', 'a', 'b', 'Z', 'ß', 'é', '€', '🎈', '\u0001', '\uffff', ' ', '_', 'ab', 'Ab'];
const numeric = (random: Random) =>
  random.chance(0.1)
    ? random.pick(['NaN', 'Infinity', '-Infinity', '0', '0.00', '1', '1.0', '1.000', '-1', '10000', '0.0001', '10000.0001', '-10000.0001'])
    : `${random.pick(['', '-'])}${digits(random, random.pick([1, 3, 30, 200]))}${random.pick(['', `.${digits(random, random.pick([1, 6, 60]))}`])}${random.pick(['', '', `e${random.integer(-60, 60)}`])}`;
const float = (random: Random) =>
  random.chance(0.2)
    ? random.pick(['NaN', 'Infinity', '-Infinity', '0', '-0', '1', '-1'])
    : `${random.pick(['', '-'])}${digits(random, 8)}e${random.integer(-30, 25)}`;
const moment = (random: Random) =>
  random.chance(0.05)
    ? random.pick(['infinity', '-infinity', '0001-01-01 00:00:00 BC', '2000-01-01 00:00:00'])
    : `${random.integer(1, 9999).toString().padStart(4, '0')}-${random.integer(1, 12)}-${random.integer(1, 28)} ${random.integer(0, 23)}:${random.integer(0, 59)}:${random.integer(0, 59)}.${random.integer(0, 999999)}`;

const types: readonly (readonly [type: string, make: (random: Random) => string])[] = [
  ['smallint', (random) => String(random.integer(-32768, 32767))],
  ['integer', (random) => String(random.integer(-(2 ** 31), 2 ** 31 - 1))],
  ['bigint', (random) => String(BigInt(random.integer(-(2 ** 31), 2 ** 31 - 1)) * BigInt(random.integer(1, 2 ** 32 - 1)))],
  ['numeric', numeric],
  ['real', float],
  ['double precision', float],
  ['boolean', (random) => random.pick(['true', 'false'])],
  ['uuid', (random) => Array.from({ length: 32 }, () => random.integer(0, 15).toString(16)).join('')],
  ['text', (random) => Array.from({ length: random.integer(0, 5) }, () => random.pick(letters)).join('')],
  ['varchar(9)', (random) => Array.from({ length: random.integer(0, 4) }, () => random.pick(letters)).join('')],
  ['date', (random) => moment(random)],
  ['time', (random) => `${random.integer(0, 23)}:${random.integer(0, 59)}:${random.integer(0, 59)}.${random.integer(0, 999999)}`],
  ['timestamp', moment],
  ['timestamptz', moment],
  ['public.mood', (random) => random.pick(['sad', 'ok', 'Happy', 'between'])],
];

test.each(types)('the bytes of %s have the order of Postgres, equal values equal bytes', async (type, make) => {
  const random = seededRandom(`order of ${type}`);
  const pool = await openDatabase();
  // Labels in no alphabetical order, one of them put in later between two others.
  await pool.query(`create type public.mood as enum ('sad', 'ok', 'Happy'); alter type public.mood add value 'between' before 'ok'`);
  const values = Array.from({ length: 2000 }, () => make(random));
  await pool.query(`create table v (n serial, v ${type})`);
  await pool.query(`insert into v (v) select t::${type} from unnest($1::text[]) as u (t)`, [values]);
  const collated = /text|char/.test(type) ? `v collate "C"` : 'v';
  for (const direction of ['', ' desc']) {
    const bytes = direction === '' ? 'everwarm.sort_key(v)' : 'everwarm.sort_key_inverted(everwarm.sort_key(v))';
    const { rows } = await pool.query(
      `select count(*)::int as wrong from (
  select dense_rank() over (order by ${collated}${direction}) as value, dense_rank() over (order by ${bytes}) as bytes from v) r where value <> bytes`,
    );
    expect(rows[0].wrong, `${type}${direction}`).toBe(0);
  }
  // None is a prefix of another: in ascending order a prefix would come directly before something that begins with it.
  const { rows } = await pool.query(
    `select count(*)::int as prefixes from (select b, lead(b) over (order by b) as after from (select distinct everwarm.sort_key(v) as b from v) d) p
where substring(after for octet_length(b)) = b`,
  );
  expect(rows[0].prefixes).toBe(0);
});

test('a label that is added between others leaves the bytes of those as they are', async () => {
  const pool = await openDatabase();
  await pool.query(`create type public.mood as enum ('sad', 'ok', 'happy')`);
  const bytes = async () =>
    (
      await pool.query(
        `select m::text, everwarm.sort_key(m) as b from unnest(enum_range(null::public.mood)) m order by everwarm.sort_key(m)`,
      )
    ).rows;
  const before = await bytes();
  await pool.query(`alter type public.mood add value 'so so' before 'ok'; alter type public.mood rename value 'happy' to 'A'`);
  const after = await bytes();
  expect(after.map(({ m }) => m)).toEqual(['sad', 'so so', 'ok', 'A']);
  expect(after.filter(({ m }) => m !== 'so so').map(({ b }) => b)).toEqual(before.map(({ b }) => b));
});

test('a type without such an order has no bytes', async () => {
  const pool = await openDatabase();
  for (const value of [`'{}'::jsonb`, `'{1}'::integer[]`, `'1 day'::interval`, `'x'::bytea`, `'10.0.0.1'::inet`, `'1:00+1'::timetz`])
    await expect(pool.query(`select everwarm.sort_key(${value})`), value).rejects.toThrow(/sort_key.* does not exist/);
});
