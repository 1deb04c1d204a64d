// A product catalogue: stock changes all day, descriptions once a year. Needs DATABASE_URL and REDIS_URL of its own.
import { relations } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { foreignKey, integer, numeric, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { createEverwarm, defineList, defineReadModel } from 'everwarm';

// Keys as shops have them: article numbers with slashes in them, stock by article and place, shelves that stand in other shelves.
const shelves = pgTable('shelves', { id: integer().primaryKey(), parentId: integer(), name: text().notNull() }, (t) => [
  foreignKey({ columns: [t.parentId], foreignColumns: [t.id] }),
]);
const products = pgTable('products', {
  sku: text().primaryKey(),
  shelfId: integer()
    .notNull()
    .references(() => shelves.id),
  name: text().notNull(),
  description: text().notNull(),
  price: numeric({ precision: 10, scale: 2 }).notNull(),
  supplierNote: text(),
});
const stock = pgTable(
  'stock',
  {
    sku: text()
      .notNull()
      .references(() => products.sku, { onDelete: 'cascade' }),
    place: text().notNull(),
    quantity: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.sku, t.place] })],
);
const schema = {
  shelves,
  products,
  stock,
  shelvesRelations: relations(shelves, ({ one }) => ({
    parent: one(shelves, { fields: [shelves.parentId], references: [shelves.id] }),
  })),
  productsRelations: relations(products, ({ one, many }) => ({
    shelf: one(shelves, { fields: [products.shelfId], references: [shelves.id] }),
    stock: many(stock),
  })),
  stockRelations: relations(stock, ({ one }) => ({ product: one(products, { fields: [stock.sku], references: [products.sku] }) })),
};

const productPage = defineReadModel(schema, 'products', {
  name: 'product_page',
  columns: { sku: true, name: true, description: true, price: true },
  with: {
    shelf: { columns: { name: true }, with: { parent: { columns: { name: true } } } },
    stock: { columns: { place: true, quantity: true }, where: (s, { gt }) => gt(s.quantity, 0), orderBy: (s) => s.place },
  },
  aggregates: (a) => ({ available: a.sum('stock', 'quantity') }),
});

const shelfProducts = defineList(productPage, {
  name: 'shelf_products',
  partitionBy: 'shelfId',
  orderBy: (p, { asc }) => [asc(p.price), asc(p.sku)],
});

const { DATABASE_URL = '', REDIS_URL = '' } = process.env;
const db = drizzle(DATABASE_URL, { casing: 'snake_case' });
await db.execute(`
  create table shelves (id integer primary key, parent_id integer references shelves, name text not null);
  create table products (sku text primary key, shelf_id integer not null references shelves, name text not null,
    description text not null, price numeric(10, 2) not null, supplier_note text);
  create table stock (sku text not null references products on delete cascade, place text not null, quantity integer not null,
    primary key (sku, place));
  create index on products (shelf_id, price, sku)`);

const everwarm = createEverwarm({
  postgres: DATABASE_URL,
  redis: REDIS_URL,
  casing: 'snake_case',
  readModels: [productPage, shelfProducts],
});
await everwarm.migrate();
await everwarm.start();
const { reader } = everwarm;
const print = async (what: string) => {
  await everwarm.settled();
  const page = await reader.get(productPage, 'tea/green:250');
  console.log(
    `${what}: ${page?.available} of ${page?.name} at ${page?.price}, in ${page?.stock.map(({ place }) => place).join(' and ') || 'no place'}`,
  );
};

await db.insert(shelves).values([
  { id: 1, parentId: null, name: 'Drinks' },
  { id: 2, parentId: 1, name: 'Tea' },
]);
await db.insert(products).values([
  { sku: 'tea/green:250', shelfId: 2, name: 'Green tea', description: 'Two hundred and fifty grams.', price: '7.90' },
  { sku: 'tea/black:250', shelfId: 2, name: 'Black tea', description: 'As strong as you like.', price: '6.50' },
]);
await db.insert(stock).values([
  { sku: 'tea/green:250', place: 'Lyon', quantity: 4 },
  { sku: 'tea/green:250', place: 'Turin', quantity: 8 },
]);
await print('delivered');

// Three sales in one transaction: one recompute of one document, and its total was never counted again.
await db.transaction(async (tx) => {
  for (const sold of [1, 1, 2])
    await tx.execute(`update stock set quantity = quantity - ${sold} where sku = 'tea/green:250' and place = 'Lyon'`);
});
await print('sold');

// Nothing shows a supplier's note: nothing is recomputed, and the version stays.
const before = await reader.raw(productPage, 'tea/green:250');
await db.execute(`update products set supplier_note = 'late again'`);
await everwarm.settled();
const after = await reader.raw(productPage, 'tea/green:250');
console.log(`a note: version ${before?.version === after?.version ? 'unchanged' : 'changed'}`);

// A dearer price moves the entry in its list; a renamed shelf reaches every product below it.
await db.execute(`update products set price = 5.00 where sku = 'tea/green:250'; update shelves set name = 'Beverages' where id = 1`);
await print('cheaper');
const { items } = await reader.list(shelfProducts, 2, { limit: 10 });
console.log(items.map(({ name, price, shelf }) => `${shelf?.parent?.name} > ${shelf?.name}: ${name} ${price}`).join('\n'));

const checked = await Promise.all([productPage, shelfProducts].map((model) => everwarm.verify(model)));
console.log(`differing: ${checked.reduce((sum, { differing }) => sum + differing, 0)}`);
await everwarm.stop();
await db.$client.end();
