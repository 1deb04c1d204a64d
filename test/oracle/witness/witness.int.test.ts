import { createDatabase } from '@everwarm/testkit';
import { relations } from 'drizzle-orm';
import { inet, integer, numeric, pgTable, text } from 'drizzle-orm/pg-core';
import { defineReadModel, type ReadModel } from 'everwarm';
import { expect, it, onTestFinished } from 'vitest';
import { callWitness } from './witness.ts';

const shop = pgTable('shop', { id: integer('id').primaryKey(), name: text('name'), host: inet('host') });
const item = pgTable('item', { id: integer('id').primaryKey(), shopId: integer('shop_id'), price: numeric('price') });
const schema = {
  shop,
  item,
  shopRelations: relations(shop, ({ many }) => ({ items: many(item) })),
  itemRelations: relations(item, ({ one }) => ({ shop: one(shop, { fields: [item.shopId], references: [shop.id] }) })),
};
const model = defineReadModel(schema, 'shop', {
  name: 'shops',
  where: (s, { isNotNull }) => isNotNull(s.name),
  with: { items: { columns: { price: true }, orderBy: (i, { desc }) => desc(i.price), limit: 2 } },
  aggregates: (a) => ({ itemCount: a.count('items') }),
}) as unknown as ReadModel;

it('says where a document is not what Drizzle gives, as exactly as Drizzle knows, and nothing of what is beyond it', async () => {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  await database.pool.query(
    `create table shop (id integer primary key, name text, host inet); create table item (id integer primary key, shop_id integer, price numeric);
     insert into shop values (1, 'a', '10.0.0.1'), (2, null, null); insert into item values (1, 1, 1.50), (2, 1, 9), (3, 1, 1)`,
  );
  const witness = callWitness(database.url, undefined);
  onTestFinished(() => witness.close());
  const first = await witness.question(model, ['1']);
  const document = { id: 1, name: 'a', host: '10.0.0.1', items: [{ price: '9' }, { price: '1.50' }], itemCount: 77 };
  const said = (changed: object) => first?.(JSON.stringify({ ...document, ...changed }));
  expect(said({})).toEqual([]);
  expect(said({ host: '10.0.0.1/32' })).toEqual(['.host: Drizzle gives "10.0.0.1", the document says "10.0.0.1/32"']);
  expect(said({ items: [{ price: '9' }] })).toEqual(['.items: Drizzle gives 2 rows, the document has 1']);
  expect(said({ items: [{ price: '9' }, { price: '1.51' }] })).toHaveLength(1);
  expect(said({ more: 1 })).toHaveLength(1);
  expect(first?.(null)).toEqual(['Drizzle gives a document']);
  const absent = await witness.question(model, ['2']);
  expect(absent?.(null)).toEqual([]);
  expect(absent?.('{}')).toEqual(['Drizzle gives nothing']);
  expect([...witness.testimony.leftOut]).toEqual([['aggregates', 1]]);
});
