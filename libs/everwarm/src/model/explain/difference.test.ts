import { relations, sql } from 'drizzle-orm';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import type { CompiledModel } from '#contracts/compiled.ts';
import { definitionHash } from '#model/compile.ts';
import { defineList, defineReadModel, type ReadModel } from '#model/declare/define.ts';
import { defineSqlReadModel } from '#model/declare/define-sql.ts';
import { differences } from './difference.ts';

function schemaOf(titles = text('title')) {
  const author = pgTable('author', { id: integer('id').primaryKey(), name: text('name'), email: text('email') });
  const post = pgTable('post', {
    id: integer('id').primaryKey(),
    title: titles,
    subtitle: text('subtitle'),
    authorId: integer('author_id'),
  });
  const note = pgTable('note', {
    id: integer('id').primaryKey(),
    postId: integer('post_id'),
    body: text('body'),
    weight: integer('weight'),
  });
  return {
    author,
    post,
    note,
    authorRelations: relations(author, ({ many }) => ({ posts: many(post) })),
    postRelations: relations(post, ({ one, many }) => ({
      author: one(author, { fields: [post.authorId], references: [author.id] }),
      notes: many(note),
    })),
    noteRelations: relations(note, ({ one }) => ({ post: one(post, { fields: [note.postId], references: [post.id] }) })),
  };
}

type Config = { readonly [option: string]: unknown };
type Fields = Record<string, unknown>;
const base: Config = {
  columns: { id: true, title: true },
  with: { author: { columns: { name: true } }, notes: { columns: { body: true }, limit: 50 } },
};
const model = (config: Config = {}, schema = schemaOf()): ReadModel =>
  defineReadModel(schema, 'post', { name: 'post_detail', ...base, ...config } as never) as ReadModel;
const notes = (config: Config): Config => ({
  with: { author: { columns: { name: true } }, notes: { columns: { body: true }, limit: 50, ...config } },
});
/** As a stored definition comes back from jsonb: its properties in another order. */
const stored = (compiled: CompiledModel): CompiledModel =>
  JSON.parse(JSON.stringify(compiled), (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).toReversed()) : value,
  );
const between = (from: Config, to: Config) => differences(stored(model(from).compile()), model(to).compile());

describe('the difference of two definitions', () => {
  it.each<[string, Config, Config, string[]]>([
    ['a limit', {}, notes({ limit: 20 }), ['post_detail.notes: limit 50 became 20']],
    ['a limit gone', {}, notes({ limit: undefined }), ['post_detail.notes: limit 50 became none']],
    [
      'a property more',
      {},
      { columns: { id: true, title: true, subtitle: true } },
      ['post_detail has subtitle, which it had not', 'post_detail watches post.subtitle, which it did not'],
    ],
    [
      'a nested property less',
      { with: { author: { columns: { name: true, email: true } } } },
      { with: { author: { columns: { name: true } } } },
      ['post_detail no longer has author.email', 'post_detail no longer watches author.email'],
    ],
    [
      'a filter at the root',
      {},
      { where: (p: Fields) => sql`${p['title']} <> ''` },
      [`post_detail: where changed: none became "title" <> ''`],
    ],
    [
      'a nested filter, over a column that was not watched',
      notes({ where: (n: Fields) => sql`${n['body']} > 'a'` }),
      notes({ where: (n: Fields) => sql`${n['weight']} > 1` }),
      [`post_detail.notes: where changed: "body" > 'a' became "weight" > 1`, 'post_detail watches note.weight, which it did not'],
    ],
    [
      'an order',
      notes({ orderBy: (n: Fields) => n['body'] }),
      notes({ orderBy: (n: Fields, { desc }: { desc: (of: unknown) => unknown }) => desc(n['body']) }),
      ['post_detail.notes: order changed: "body" became "body" desc'],
    ],
    [
      'an extra',
      { extras: { loud: sql`upper('a')`.as('loud') } },
      { extras: { loud: sql`upper('b')`.as('loud') } },
      [`post_detail.loud: expression changed: upper('a') became upper('b')`],
    ],
    [
      'what an aggregate counts',
      { aggregates: (a: Aggregates) => ({ score: a.count('notes', { where: (n) => sql`${n['body']} = 'x'` }) }) },
      { aggregates: (a: Aggregates) => ({ score: a.count('notes', { where: (n) => sql`${n['body']} = 'y'` }) }) },
      [`post_detail.score: predicate changed: "body" = 'x' became "body" = 'y'`],
    ],
    [
      'what an aggregate is',
      { aggregates: (a: Aggregates) => ({ score: a.max('notes', 'weight') }) },
      { aggregates: (a: Aggregates) => ({ score: a.min('notes', 'weight') }) },
      ['post_detail.score: kind max of weight became min of weight'],
    ],
    [
      'the order in which properties are written',
      { extras: { a: sql`1`.as('a'), b: sql`2`.as('b') } },
      { extras: { b: sql`2`.as('b'), a: sql`1`.as('a') } },
      ['post_detail: order of properties changed: id, title, a, b, author, notes became id, title, b, a, author, notes'],
    ],
  ])('tells of %s', (_, from, to, sentences) => {
    expect(between(from, to)).toEqual(sentences);
  });

  it('tells of a column of another type or nullness', () => {
    const [was, is] = [schemaOf(), schemaOf(integer('title').notNull() as never)];
    expect(differences(model({}, was).compile(), model({}, is).compile())).toEqual([
      'post_detail.title: form text became number',
      'post_detail.title is no longer null',
    ]);
  });

  it('tells of transforms', () => {
    const plain = model();
    const [first, second] = [plain.transform(1, () => 1), plain.transform(2, () => 1)];
    expect(differences(first.compile(), second.compile())).toEqual(['post_detail: transform revision 1 became 2']);
    expect(differences(plain.compile(), first.compile())).toEqual(['post_detail has a transform (revision 1), which it had not']);
    expect(differences(first.compile(), plain.compile())).toEqual(['post_detail no longer has a transform']);
  });

  it('tells of a list’s order, filter and partition', () => {
    const list = (config: Config) => defineList(model(), { name: 'posts', orderBy: (p: Fields) => p['id'], ...config } as never).compile();
    expect(differences(list({}), list({ orderBy: (p: Fields, { desc }: { desc: (of: unknown) => unknown }) => desc(p['id']) }))).toEqual([
      'posts: order changed: "id" became "id" desc',
    ]);
    expect(differences(list({ partitionBy: 'authorId' }), list({}))).toEqual([
      'posts: partition author_id became none',
      'posts no longer watches post.author_id',
    ]);
    expect(differences(list({}), list({ where: (p: Fields) => sql`${p['id']} > 3` }))).toEqual([
      'posts: where changed: none became "id" > 3',
    ]);
  });

  it('tells of hand-written SQL and its ways back', () => {
    const { post, note } = schemaOf();
    const written = (query: string, wayBack: string) =>
      defineSqlReadModel({
        name: 'stats',
        key: { id: 'integer' },
        query: sql.raw(query),
        dependencies: [
          { table: post, key: ['id'] },
          { table: note, link: ['postId'], wayBack: sql.raw(wayBack) },
        ],
      }).compile();
    const [sentence, ...others] = differences(written('select 1', 'select 1'), written('select 2', 'select 2'));
    expect(sentence).toMatch(/^stats: query changed: .*select 1[\s\S]* became [\s\S]*select 2/);
    expect(others).toEqual(['stats.dependencies.note: a change of note finds its documents in another way']);
  });

  it('is empty for equal definitions, and never for others', () => {
    expect(between({}, {})).toEqual([]);
    const compiled = model().compile();
    const other = { ...compiled, recompute: `${compiled.recompute} -- in another way` };
    expect(differences(compiled, other)).toEqual(['post_detail: the engine writes its SQL in another way; what was declared is the same']);
    const { shape: _, ...wordless } = compiled;
    expect(differences(wordless, other)).toHaveLength(1);
  });

  it('and the hash leave out words for people', () => {
    const { shape: _, ...wordless } = model().compile();
    expect(definitionHash(wordless)).toBe(definitionHash(model().compile()));
  });
});

type Aggregates = {
  readonly count: (relation: string, options: { readonly where: (fields: Fields) => unknown }) => unknown;
  readonly min: (relation: string, column: string) => unknown;
  readonly max: (relation: string, column: string) => unknown;
};
