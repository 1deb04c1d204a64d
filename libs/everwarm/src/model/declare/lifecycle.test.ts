import { relations } from 'drizzle-orm';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { expect, test } from 'vitest';
import { definitionHash } from '#model/compile.ts';
import { defineList, defineReadModel } from './define.ts';

const plants = pgTable('plant', { id: integer('id').primaryKey(), name: text('name').notNull() });
const schema = { plants, plantRelations: relations(plants, () => ({})) };
const declare = (more: object) => defineReadModel(schema, 'plants', { name: 'plant_page', columns: { id: true, name: true }, ...more });

test('the lifecycle of a model is what it says, async by itself, and no part of its definition', () => {
  const lazy = { lazy: { expireAfter: '5m' } };
  for (const [more, lifecycle] of [
    [{}, 'async'],
    [{ lifecycle: 'inline' }, 'inline'],
    [{ lifecycle: lazy }, lazy],
  ] as const) {
    const model = declare(more);
    expect(model.lifecycle).toEqual(lifecycle);
    expect(model.compile().lifecycle ?? 'async').toEqual(lifecycle);
    expect(definitionHash(model.compile())).toBe(definitionHash(declare({}).compile()));
  }
  const list = defineList(declare({ lifecycle: 'inline' }), { name: 'plant_list', orderBy: (p) => [p.name], lifecycle: 'inline' });
  expect([list.lifecycle, list.compile().lifecycle]).toEqual(['inline', 'inline']);
});

test('an embedded model brings its lifecycle to nobody', () => {
  const pots = pgTable('pot', { id: integer('id').primaryKey(), plantId: integer('plant_id').notNull() });
  const potRelations = relations(pots, ({ one }) => ({ plant: one(plants, { fields: [pots.plantId], references: [plants.id] }) }));
  const both = { ...schema, pots, potRelations };
  const plant = defineReadModel(both, 'plants', { name: 'plant_page', columns: { id: true }, lifecycle: 'inline' });
  const pot = defineReadModel(both, 'pots', { name: 'pot_page', columns: { id: true }, with: { plant } });
  expect(pot.compile().lifecycle).toBeUndefined();
});

test('what is no lifecycle, a lazy list, and a transform over what Postgres is to write by itself are refused by name', () => {
  expect(() => declare({ lifecycle: 'eager' })).toThrow(/^plant_page\.lifecycle is "eager"\. It must be 'async', 'inline' or/);
  expect(() => declare({ lifecycle: 'inline' }).transform(1, (plant) => plant)).toThrow(
    /^plant_page\.lifecycle is 'inline', and the model has a transform/,
  );
  expect(() => defineList(declare({}), { name: 'plant_list', orderBy: (p) => [p.id], lifecycle: { lazy: {} } as never })).toThrow(
    /^plant_list\.lifecycle is lazy, which a list cannot be/,
  );
});

test.each([
  [{ expireAfter: 'soon' }, /^plant_page\.lifecycle lazy\.expireAfter is "soon", which is no duration/],
  [{ expireAfter: '1m', staleWhileRevalidate: -1 }, /lazy\.staleWhileRevalidate is -1, which is no duration/],
  [{ staleWhileRevalidate: '1m' }, /staleWhileRevalidate says for how long .* Give that, too\.$/],
  [{ refresh: 'always' }, /^plant_page\.lifecycle\.lazy\.refresh is "always"\. It must be 'evict' or 'recompute'\.$/],
  [{ ttl: '1m' }, /^plant_page\.lifecycle\.lazy\.ttl is no setting of a lazy read model\. Known: expireAfter/],
])('a lazy lifecycle with %j is refused', (lazy, words) => {
  expect(() => declare({ lifecycle: { lazy } })).toThrow(words);
});
