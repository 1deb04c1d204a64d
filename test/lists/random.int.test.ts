import { type Random, seededRandom } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { openShop, type Shop } from './fixtures/open-shop.ts';
import { expectPages } from './fixtures/pages.ts';
import { fromScratch, priceList, shelfItems, tagItems } from './fixtures/shop.ts';

const operations = 2000;

/** Values that tie, differ in scale or case only, or have no order to speak of. */
const values: Readonly<Record<string, readonly (string | null)[]>> = {
  name: [null, '', 'a', 'A', 'b', 'B', 'ab', 'é', 'ß', '🎈', ' a', "a'b"],
  price: [
    null,
    '0',
    '0.00',
    '1',
    '1.0',
    '1.000',
    '-1',
    '-1.50',
    '99999999999999999999.5',
    'NaN',
    'Infinity',
    '-Infinity',
    '10000',
    '0.0001',
  ],
  weight: [null, '0', '-0', '1e300', '-1e-300', 'NaN', 'Infinity', '-Infinity'],
  mood: [null, 'sad', 'ok', 'happy'],
  at: [null, '2020-01-01Z', '2020-01-01T01:00:00.000001Z', '1999-12-31Z', 'infinity', '-infinity', '0044-03-15Z BC'],
  shelf: [null, '1', '2'],
};
const columns = Object.keys(values);
const tags = ['red', 'green', 'blue'];

/** One statement of a random kind, over sixty ids. */
function statement(random: Random): [sql: string, values: (string | number | null)[]] {
  const id = random.integer(1, 60);
  const row = columns.map((column) => random.pick(values[column]!));
  const column = random.pick(columns);
  switch (random.integer(0, 7)) {
    case 0:
    case 1:
    case 2:
      return [
        `insert into item (id, ${columns.join(', ')}) values ($1, ${columns.map((_, index) => `$${index + 2}`).join(', ')}) on conflict (id) do update set ${columns.map((name) => `${name} = excluded.${name}`).join(', ')}`,
        [id, ...row],
      ];
    case 3:
      return [`update item set ${column} = $2 where id = $1`, [id, random.pick(values[column]!)]];
    case 4:
      return ['insert into item_tag values ($1, $2) on conflict do nothing', [id, random.pick(tags)]];
    case 5:
      return [
        'update item_tag set tag = $2 where item = $1 and tag = (select min(tag) from item_tag where item = $1) and not exists (select from item_tag where item = $1 and tag = $2)',
        [id, random.pick(tags)],
      ];
    case 6:
      return [
        random.pick([
          'delete from item_tag where item = $1',
          'delete from item where id = $1',
          'delete from item where id between $1 and $1 + 3',
        ]),
        [id],
      ];
    default:
      return ['update item set id = id + 60 where id = $1 and not exists (select from item where id = $1 + 60)', [id]];
  }
}

async function expectLists({ pool, everwarm }: Shop, random: Random): Promise<void> {
  await everwarm.settled();
  const parts = [
    ...[1, 2].map((partition) => ({ list: shelfItems, partition })),
    { list: priceList, partition: null },
    ...tags.map((partition) => ({ list: tagItems, partition })),
  ] as const;
  for (const { list, partition } of parts) {
    const { rows } = await pool.query<{ id: number }>(fromScratch[list.name as keyof typeof fromScratch], [partition]);
    await expectPages(everwarm.reader, { list, partition, expected: rows.map((row) => row.id), limit: random.integer(2, 9) });
  }
}

test('after any writes, lists of which Redis holds five entries page both ways as a sort from scratch', { timeout: 300_000 }, async () => {
  const random = seededRandom('lists');
  const shop = await openShop({ ownRedis: true });
  for (let done = 0; done < operations; ) {
    for (let burst = random.integer(40, 200); burst > 0; burst--, done++) {
      const [sql, parameters] = statement(random);
      await shop.pool.query(sql, parameters);
    }
    if (random.chance(0.1)) await shop.redis.flushall();
    await expectLists(shop, random);
  }
  for (const list of [shelfItems, priceList, tagItems]) expect((await shop.everwarm.verify(list)).findings).toEqual([]);
});
