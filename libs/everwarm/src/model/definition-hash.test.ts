import { relations, sql } from 'drizzle-orm';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import { definitionHash } from './compile.ts';
import { defineList, defineReadModel } from './declare/define.ts';

function schemaOf(notNull = false) {
  const post = pgTable('post', {
    id: integer('id').primaryKey(),
    title: notNull ? text('title').notNull() : text('title'),
    topic: integer('topic'),
  });
  const note = pgTable('note', { id: integer('id').primaryKey(), postId: integer('post_id'), body: text('body') });
  return {
    post,
    note,
    postRelations: relations(post, ({ many }) => ({ notes: many(note) })),
    noteRelations: relations(note, ({ one }) => ({ post: one(post, { fields: [note.postId], references: [post.id] }) })),
  };
}

const schema = schemaOf();
type Config = { [option: string]: unknown };
const base: Config = { name: 'm', columns: { id: true, title: true }, with: { notes: { columns: { body: true }, limit: 3 } } };
const model = (config: Config = {}, over = schema) => defineReadModel(over, 'post', { ...base, ...config } as never);
const hash = (config: Config = {}, over = schema) => definitionHash(model(config, over).compile());
const listHash = (config: Config = {}, item = model()) =>
  definitionHash(defineList(item, { name: 'l', orderBy: (p: { id: never }) => p.id, ...config } as never).compile());

describe('the hash of a definition', () => {
  it('is 32 hexadecimal digits', () => {
    expect(hash()).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is the same for the same declaration, over another instance of the schema too', () => {
    expect(hash()).toBe(hash());
    expect(hash({}, schemaOf())).toBe(hash());
    expect(listHash()).toBe(listHash({}, model({}, schemaOf())));
  });

  it('is the same however the same is said', () => {
    expect(hash({ columns: { title: true, id: true } })).toBe(hash());
    expect(hash({ columns: { topic: false } })).toBe(hash());
    expect(hash({ with: { notes: { limit: 3, columns: { body: true, id: undefined } } } })).toBe(hash());
  });

  it('survives the way through jsonb, which forgets the order of properties', () => {
    const compiled = model().compile();
    const reversed = JSON.parse(JSON.stringify(compiled), (_, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).toReversed()) : value,
    );
    expect(definitionHash(reversed)).toBe(definitionHash(compiled));
  });

  it.each<[string, Config]>([
    ['the name', { name: 'n' }],
    ['the columns', { columns: { id: true } }],
    ['a filter', { where: (p: Fields) => sql`${p['id']} > 1` }],
    ['a value in a filter', { where: (p: Fields) => sql`${p['id']} > ${2}` }],
    ['a limit', { with: { notes: { columns: { body: true }, limit: 4 } } }],
    ['an order', { with: { notes: { columns: { body: true }, limit: 3, orderBy: (n: Fields) => n['body'] } } }],
    ['an aggregate', { aggregates: (a: { count: (relation: string) => unknown }) => ({ n: a.count('notes') }) }],
    ['the order in which properties are written', { extras: { b: sql`1`.as('b'), a: sql`2`.as('a') } }],
  ])('changes with %s', (_, config) => {
    expect(hash(config)).not.toBe(hash());
  });

  it('does not change with what cannot change a document: a column that may now be null was always allowed to be', () => {
    expect(hash({}, schemaOf(true) as typeof schema)).toBe(hash());
  });

  it('of a list changes with its order, filter, partition and item, but not with what its item shows', () => {
    const changed = [
      listHash({ orderBy: (p: Fields, { desc }: { desc: (column: unknown) => unknown }) => desc(p['id']) }),
      listHash({ partitionBy: 'topic' }),
      listHash({ partitionBy: ['notes', 'id'] }),
      listHash({ where: (p: Fields) => sql`${p['id']} > 1` }),
      listHash({}, model({ where: (p: Fields) => sql`${p['id']} > 1` })),
      listHash({}, model({ name: 'other' })),
    ];
    expect(new Set([listHash(), ...changed]).size).toBe(changed.length + 1);
    expect(listHash({}, model({ columns: { id: true } }))).toBe(listHash());
  });
});

type Fields = Record<string, unknown>;
