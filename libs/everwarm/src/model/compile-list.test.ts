import { relations, sql } from 'drizzle-orm';
import { boolean, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import type { CompiledModel } from '#contracts/compiled.ts';
import { defineList, defineReadModel } from './declare/define.ts';

const post = pgTable('post', {
  id: uuid('id').primaryKey(),
  topic: integer('topic'),
  pinned: boolean('pinned').notNull(),
  at: timestamp('at'),
  title: text('title'),
  draft: boolean('draft'),
});
const mark = pgTable('mark', { post: uuid('post'), tag: text('tag').notNull() }, (t) => [primaryKey({ columns: [t.post, t.tag] })]);
const part = pgTable('part', { a: text('a'), b: integer('b'), n: integer('n').notNull() }, (t) => [primaryKey({ columns: [t.a, t.b] })]);
const schema = {
  post,
  mark,
  part,
  postRelations: relations(post, ({ many }) => ({ marks: many(mark) })),
  markRelations: relations(mark, ({ one }) => ({ of: one(post, { fields: [mark.post], references: [post.id] }) })),
};
const card = defineReadModel(schema, 'post', { name: 'card', columns: { title: true }, where: (p, { eq }) => eq(p.draft, false) });

const dependency = (model: CompiledModel, path: string) => model.dependencies.find((candidate) => candidate.path === path);

describe('a list', () => {
  it('watches what places its entries, not what its item shows', () => {
    const list = defineList(card, {
      name: 'l',
      partitionBy: 'topic',
      orderBy: (p, { desc }) => desc(p.at),
      where: (p, { isNotNull }) => isNotNull(p.title),
    }).compile();
    expect(dependency(list, 'l')).toMatchObject({
      columns: ['at', 'draft', 'id', 'title', 'topic'],
      link: ['id'],
      wayBack: { kind: 'direct' },
    });
    const plain = defineList(card, { name: 'l', orderBy: (p) => p.pinned }).compile();
    expect(dependency(plain, 'l')?.columns).toEqual(['draft', 'id', 'pinned']);
  });

  it('holds an item only while it has a document: the item’s filter is part of it', () => {
    const list = defineList(card, { name: 'l', orderBy: (p) => p.pinned, where: (p, { eq }) => eq(p.topic, 3) }).compile();
    expect(list.recompute).toContain('where ("t0"."draft" = false) and ("t0"."topic" = 3)');
    expect(list.list?.entries).toContain('("t0"."draft" = false) and ("t0"."topic" = 3)');
    expect(list.fragments.map(({ path }) => path)).toEqual(['card.where', 'l.orderBy[0]', 'l.where']);
  });

  it('leaves out entries without a partition, where a column can be null', () => {
    const list = defineList(card, { name: 'l', partitionBy: 'topic', orderBy: (p) => p.pinned }).compile();
    expect(list.recompute).toContain('t0."topic" is not null');
    expect(list.list).toMatchObject({ item: 'card', partition: { name: 'topic', property: 'topic', type: 'integer' } });
  });

  it('by a join table follows the rows of that table, old and new', () => {
    const list = defineList(card, { name: 'l', partitionBy: ['marks', 'tag'], orderBy: (p) => p.pinned }).compile();
    expect(dependency(list, 'l.marks')).toMatchObject({
      table: { schema: 'public', name: 'mark' },
      columns: ['post', 'tag'],
      link: ['post'],
      wayBack: { kind: 'direct' },
    });
    expect(list.recompute).toMatch(/^select distinct /);
    expect(list.recompute).toContain('join "public"."mark" membership on membership."post" = t0."id"');
  });

  it('by a relation that does not join by the key watches the item’s column that it joins by', () => {
    const topics = pgTable('topic', { id: integer('id').primaryKey(), group: text('group') });
    const joined = {
      post,
      topics,
      topicRelations: relations(topics, ({ one }) => ({ of: one(post, { fields: [topics.id], references: [post.topic] }) })),
      postRelations: relations(post, ({ many }) => ({ topics: many(topics) })),
    };
    const list = defineList(defineReadModel(joined, 'post', { name: 'p' }), {
      name: 'l',
      partitionBy: ['topics', 'group'],
      orderBy: (p) => p.pinned,
    }).compile();
    expect(dependency(list, 'l')?.columns).toEqual(['id', 'pinned', 'topic']);
  });

  it('whole has one partition, the empty text', () => {
    const list = defineList(card, { name: 'l', orderBy: (p) => p.pinned }).compile();
    expect(list.list?.partition).toBe(null);
    expect(list.recompute).toContain(`''::text as partition`);
  });
});

describe('the bytes of an entry', () => {
  const member = (orderBy: (p: typeof post) => unknown) =>
    / as partition, (.*) as member/.exec(defineList(card, { name: 'l', orderBy: orderBy as never }).compile().recompute)?.[1] ?? '';
  const key = `convert_to((t0."id")::text, 'UTF8') || int2send(octet_length(convert_to((t0."id")::text, 'UTF8'))::smallint)`;

  it('end with the key columns the order does not name, the key and its length', () => {
    expect(member((p) => p.pinned)).toBe(`everwarm.sort_key("t0"."pinned") || everwarm.sort_key(t0."id") || ${key}`);
    expect(member((p) => [p.id])).toBe(`everwarm.sort_key("t0"."id") || ${key}`);
  });

  it.each<[string, (p: typeof post) => unknown, string, string]>([
    ['asc', (p) => p.topic, '02', 'everwarm.sort_key('],
    ['asc nulls first', (p) => sql`${p.topic} asc nulls first`, '00', 'everwarm.sort_key('],
    ['desc', (p) => sql`${p.topic} desc`, '00', 'everwarm.sort_key_inverted(everwarm.sort_key('],
    ['DESC NULLS LAST', (p) => sql`${p.topic} DESC NULLS LAST`, '02', 'everwarm.sort_key_inverted(everwarm.sort_key('],
  ])('place nulls as %s does, by a byte before the value', (_, orderBy, byte, form) => {
    const text = member(orderBy);
    expect(text).toContain(`coalesce('\\x01'::bytea || ${form}"t0"."topic")`);
    expect(text).toContain(`, '\\x${byte}'::bytea)`);
  });

  it('of an expression place nulls, and end with the key column that it reads', () => {
    expect(member((p) => sql`lower(${p.title}) desc`)).toBe(
      `coalesce('\\x01'::bytea || everwarm.sort_key_inverted(everwarm.sort_key(lower("t0"."title"))), '\\x00'::bytea) || everwarm.sort_key(t0."id") || ${key}`,
    );
    expect(member((p) => sql`${p.id}::text collate "C"`)).toContain(`'\\x02'::bytea) || everwarm.sort_key(t0."id") || ${key}`);
  });

  it('of a composite key name each of its columns once', () => {
    const parts = defineReadModel(schema, 'part', { name: 'parts' });
    const text = defineList(parts, { name: 'l', orderBy: (p, { desc }) => [desc(p.b), p.n] }).compile().recompute;
    expect(text.match(/sort_key\("t0"\."b"\)/g)).toHaveLength(1);
    expect(text).toContain(`everwarm.sort_key(t0."a") || `);
    expect(text).toContain(`'[' || to_json((t0."a")::text)::text || ',' || to_json((t0."b")::text)::text || ']'`);
  });
});
