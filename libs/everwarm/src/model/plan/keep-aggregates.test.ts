import { relations, sql } from 'drizzle-orm';
import { bigint, integer, numeric, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { expect, test } from 'vitest';
import { keptAggregates } from '#contracts/aggregates.ts';
import { sourcesSql } from '#contracts/compiled.ts';
import { defineReadModel } from '#model/declare/define.ts';

const shelves = pgTable('shelf', { id: integer('id').primaryKey(), code: text('code').notNull() });
const crates = pgTable('crate', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  shelfId: bigint('shelf id', { mode: 'number' }),
  shelfCode: text('shelf_code'),
  kind: text('kind').notNull(),
  weight: integer('weight'),
  price: numeric('price', { precision: 9, scale: 3 }),
  whole: numeric('whole', { precision: 9 }),
  loose: numeric('loose'),
  until: timestamp('until', { withTimezone: true }),
});
const labels = pgTable('label', { id: integer('id').primaryKey(), crateId: bigint('crate_id', { mode: 'bigint' }) });
const schema = {
  shelves,
  crates,
  labels,
  shelfRelations: relations(shelves, ({ many }) => ({
    crates: many(crates, { relationName: 'id' }),
    named: many(crates, { relationName: 'code' }),
  })),
  crateRelations: relations(crates, ({ one, many }) => ({
    shelf: one(shelves, { fields: [crates.shelfId], references: [shelves.id], relationName: 'id' }),
    named: one(shelves, { fields: [crates.shelfCode], references: [shelves.code], relationName: 'code' }),
    labels: many(labels),
  })),
  labelRelations: relations(labels, ({ one }) => ({ crate: one(crates, { fields: [labels.crateId], references: [crates.id] }) })),
};

const shelf = defineReadModel(schema, 'shelves', {
  name: 'shelf',
  columns: { id: true },
  aggregates: (a) => ({
    crates: a.count('crates'),
    glass: a.count('crates', { where: (c, { eq }) => eq(c.kind, 'glass') }),
    weight: a.sum('crates', 'weight'),
    price: a.avg('crates', 'price'),
    whole: a.sum('crates', 'whole'),
    loose: a.sum('crates', 'loose'),
    lightest: a.min('crates', 'weight'),
    fresh: a.count('crates', { where: sql`${crates.until} > now()` }),
    old: a.count('crates', { where: (c, { lt }) => lt(c.until, new Date(0)) }),
  }),
}).compile();

const how = (path: string) => shelf.aggregates?.find((aggregate) => aggregate.path === `shelf.${path}`);
const kept = (path: string) => {
  const found = how(path);
  return found?.kept === 'deltas' ? found.aggregate : undefined;
};

test('what is a sum over the rows of one relation is kept by deltas', () => {
  expect(kept('crates')).toEqual({
    id: expect.stringMatching(/^\d+$/),
    table: { schema: 'public', name: 'crate' },
    link: ['shelf id'],
    where: null,
    value: null,
    columns: ['shelf id'],
    isSteady: true,
  });
  expect(kept('glass')).toMatchObject({ where: `("r"."kind" = 'glass')`, columns: ['kind', 'shelf id'] });
  expect(kept('weight')).toMatchObject({ value: { name: 'weight', scale: 0 } });
  expect(kept('price')).toMatchObject({ value: { name: 'price', scale: 3 } });
  expect(kept('whole')).toMatchObject({ value: { name: 'whole', scale: 0 } });
  // How a literal is read beside a timestamp is up to the session.
  expect(kept('old')).toMatchObject({ isSteady: false });
});

test('what is read again says why', () => {
  expect(how('loose')).toMatchObject({ kept: 'reread', why: expect.stringContaining('"loose" is a numeric without a declared scale') });
  expect(how('lightest')).toMatchObject({ kept: 'reread', why: expect.stringContaining('min is not a sum') });
  expect(how('fresh')).toMatchObject({ kept: 'reread', why: expect.stringContaining('looks at the time') });
});

test('read models that ask the same of the same rows share one aggregate, wherever they stand', () => {
  const nested = defineReadModel(schema, 'labels', {
    name: 'label',
    columns: { id: true },
    with: {
      crate: {
        columns: {},
        with: {
          shelf: {
            columns: {},
            aggregates: (a) => ({ glass: a.count('crates', { where: sql`${crates.kind} = 'glass'` }), named: a.count('named') }),
          },
        },
      },
    },
  }).compile();
  const [glass, named] = nested.aggregates ?? [];
  expect(glass?.kept === 'deltas' && glass.aggregate).toEqual(kept('glass'));
  expect(named?.kept === 'deltas' && named.aggregate.link).toEqual(['shelf_code']);
  expect(keptAggregates([shelf, nested, shelf])).toHaveLength(7);
});

test('there is always a statement that reads the sources alone', () => {
  expect(shelf.recompute).toContain('everwarm.aggregate_deltas');
  expect(sourcesSql(shelf)).not.toContain('everwarm.');
  const plain = defineReadModel(schema, 'shelves', { name: 'plain' }).compile();
  expect(plain).not.toHaveProperty('fromSources');
  expect(plain).not.toHaveProperty('aggregates');
  expect(sourcesSql(plain)).toBe(plain.recompute);
});
