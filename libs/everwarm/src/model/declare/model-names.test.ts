import { integer, pgTable } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import { reservedNames } from '#contracts/names.ts';
import { schemaMigrations } from '#platform/schema-migrations.ts';
import { defineList, defineReadModel } from './define.ts';

const schema = { book: pgTable('book', { id: integer('id').primaryKey() }) };
const books = defineReadModel(schema, 'book', { name: 'books' });
const define = (name: unknown) => defineReadModel(schema, 'book', { name: name as string });
const list = (name: unknown) => defineList(books, { name: name as string, orderBy: (b) => b.id });

describe('names of read models', () => {
  it.each(['', 'Posts', 'post-detail', '1st', 'a b', 'a;b', 'é', 'x'.repeat(49), undefined, 7])('that are none are refused: %j', (name) => {
    const error = /is not a name for a read model. Use lower-case letters/;
    expect(() => define(name)).toThrow(error);
    expect(() => list(name)).toThrow(error);
  });

  it.each([...reservedNames, 'outbox_0', 'projection_1', 'capture_x'])('the engine uses are refused: %s', (name) => {
    expect(() => define(name)).toThrow(`${name} is a name the engine uses itself. Choose another.`);
  });

  it('include no table of the engine: its view would stand in the way', () => {
    const tables = schemaMigrations.flatMap(({ sql }) => [...sql.matchAll(/create table everwarm\.(\w+)/g)].map((match) => match[1] ?? ''));
    expect(tables.length).toBeGreaterThan(8);
    for (const table of tables) expect(() => define(table), table).toThrow(/the engine uses itself/);
  });

  it.each(['a', 'post_detail', 'x'.repeat(48), 'a1_2'])('of lower-case letters, digits and underscores are taken: %s', (name) => {
    expect(define(name).name).toBe(name);
  });
});
