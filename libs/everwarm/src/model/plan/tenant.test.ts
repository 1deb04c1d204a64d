import { relations } from 'drizzle-orm';
import { doublePrecision, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { describe, expect, test } from 'vitest';
import { defineList, defineReadModel } from '#model/declare/define.ts';

const rows = pgTable('rows', {
  id: integer().primaryKey(),
  title: text(),
  owner: text().notNull(),
  maybe: text(),
  size: doublePrecision().notNull(),
});
const parts = pgTable('parts', { owner: text().notNull(), row: integer().notNull() }, (t) => [primaryKey({ columns: [t.row, t.owner] })]);
const rowRelations = relations(rows, ({ many }) => ({ parts: many(parts) }));
const partRelations = relations(parts, ({ one }) => ({ whole: one(rows, { fields: [parts.row], references: [rows.id] }) }));
const schema = { rows, parts, rowRelations, partRelations };

const owned = defineReadModel(schema, 'rows', { name: 'owned', tenantBy: 'owner', with: { parts: true } });

test('the tenant begins the key, once, and the document', () => {
  const { key, tenanted, recompute } = owned.compile();
  expect([key.map(({ property }) => property), tenanted]).toEqual([['owner', 'id'], true]);
  expect(recompute).toMatch(/^select k\.key, \(select '\{"owner":'/);
  const part = defineReadModel(schema, 'parts', { name: 'part', tenantBy: 'owner' }).compile();
  expect(part.key.map(({ property }) => property)).toEqual(['owner', 'row']);
});

test('a row that changes hands leads to both of its keys, and a child to its parent’s', () => {
  const { dependencies } = owned.compile();
  expect(dependencies.find(({ path }) => path === 'owned')).toMatchObject({ link: ['owner', 'id'], wayBack: { kind: 'direct' } });
  expect(dependencies.find(({ path }) => path === 'owned.parts')).toMatchObject({ link: ['row'], wayBack: { kind: 'query' } });
});

test('partitions of a list begin with the tenant, once', () => {
  const list = (name: string, partitionBy?: 'title' | 'owner') =>
    defineList(owned, { name, orderBy: (r) => [r.id], ...(partitionBy && { partitionBy }) }).compile().list;
  expect(list('all_owned')).toMatchObject({ partition: null, tenant: { property: 'owner' } });
  expect(list('titled', 'title')).toMatchObject({ partition: { property: 'title' }, tenant: { property: 'owner' } });
  expect(list('by_owner', 'owner')).toMatchObject({ partition: null, tenant: { property: 'owner' } });
});

test('a definition without tenants is what it was, and an embedded one has none', () => {
  const plain = defineReadModel(schema, 'rows', { name: 'plain' }).compile();
  expect(plain).not.toHaveProperty('tenanted');
  const outer = defineReadModel(schema, 'parts', { name: 'outer_part', with: { whole: owned } }).compile();
  expect(outer.key.map(({ property }) => property)).toEqual(['row', 'owner']);
});

describe('tenantBy is refused', () => {
  test.each([
    ['a column that may be null', 'maybe', /may be null/],
    ['a column that is none', 'nobody', /names the column "nobody"/],
    ['a type that is no key', 'size', /as a key/],
    ['what is no name', rows.owner, /must be the name/],
  ])('%s', (_, tenantBy, message) => {
    expect(() => defineReadModel(schema, 'rows', { name: 'wrong', tenantBy: tenantBy as never })).toThrow(message);
  });

  test('where the document does not hold the column', () => {
    expect(() => defineReadModel(schema, 'rows', { name: 'wrong', tenantBy: 'owner', columns: { id: true } })).toThrow(
      /leaves out "owner"/,
    );
  });
});
