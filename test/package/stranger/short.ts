import { relations } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { createEverwarm, defineReadModel } from 'everwarm';

const part = pgTable(
  'Part',
  { maker: text('Maker'), number: integer('No.'), name: text('Name').notNull(), ofMaker: text('of Maker'), ofNumber: integer('of No.') },
  (t) => [primaryKey({ columns: [t.maker, t.number] })],
);
const partRelations = relations(part, ({ one, many }) => ({
  whole: one(part, { fields: [part.ofMaker, part.ofNumber], references: [part.maker, part.number], relationName: 'parts' }),
  parts: many(part, { relationName: 'parts' }),
}));
const parts = defineReadModel({ part, partRelations }, 'part', {
  name: 'parts',
  columns: { name: true },
  with: { whole: { columns: { name: true } }, parts: { columns: { number: true, name: true } } },
  aggregates: (a) => ({ count: a.count('parts') }),
});

const { DATABASE_URL = '', REDIS_URL = '' } = process.env;
const db = drizzle(DATABASE_URL);
await db.execute(`create table "Part" ("Maker" text, "No." int, "Name" text not null, "of Maker" text, "of No." int,
  primary key ("Maker", "No."), foreign key ("of Maker", "of No.") references "Part" on update cascade)`);
const everwarm = createEverwarm({ postgres: DATABASE_URL, redis: REDIS_URL, namespace: 'short', readModels: [parts] });
await everwarm.migrate();
await everwarm.start();
await db.execute(`insert into "Part" values ('A/B', 1, 'Clock', null, null), ('A/B', 2, 'Hand', 'A/B', 1), ('C', 1, 'Spring', 'A/B', 2)`);
await db.execute(
  `update "Part" set "of No." = 1 where "Maker" = 'C'; update "Part" set "No." = 7, "Name" = 'Watch' where "Name" = 'Clock'`,
);
await everwarm.settled();
console.log(JSON.stringify(await everwarm.reader.get(parts, { maker: 'A/B', number: 7 })));
console.log(JSON.stringify(await everwarm.verify(parts)));
await everwarm.stop();
await db.$client.end();
