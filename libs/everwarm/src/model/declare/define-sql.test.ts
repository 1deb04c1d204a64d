import { type SQL, sql } from 'drizzle-orm';
import { integer, pgEnum, pgSchema, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import { definitionHash } from '#model/compile.ts';
import { defineSqlReadModel } from './define-sql.ts';

const mood = pgEnum('mood', ['good', 'bad']);
const post = pgTable('post', { id: integer('id').primaryKey(), title: text('title'), mood: mood('mood'), at: timestamp('at') });
const note = pgSchema('Notes').table('note "x"', { id: integer('id').primaryKey(), postId: integer(), second: integer('second') });

const own = { table: post, columns: ['title'], key: ['id'] } as const;
const define = (query: SQL, dependencies: readonly unknown[] = [own], key: object = { id: 'integer' }) =>
  defineSqlReadModel({ name: 'm', key, query, dependencies } as never);
const query = sql`select ${post.id}, 1 as doc from ${post} join ${note} on true where ${post.title} = ${"it's"} and ${post.id} in ${[1, 2]}`;

describe('hand-written SQL', () => {
  it('is asked for by its key, with schemas to its tables and values written out', () => {
    const model = define(query).compile();
    expect(
      model.recompute,
    ).toBe(`select k.key, (select q.doc::text from (select "post"."id", 1 as doc from "public"."post" join "Notes"."note ""x""" on true where "post"."title" = 'it''s' and "post"."id" in (1, 2)
) as q where q."id" = (k.key)::bigint) as doc
from unnest($1::text[]) as k (key)`);
    expect(model.key).toEqual([{ name: 'id', property: 'id', type: 'integer' }]);
  });

  it('may name columns as placeholders are named, and contain values that look like one', () => {
    const odd = pgTable('odd', { one: integer('$1').primaryKey(), two: text(`it's "$2"`) });
    const ownKey = [{ table: odd, columns: ['two'], key: ['one'] }];
    const model = define(sql`select ${odd.one} as id, '1'::json as doc from ${odd} where ${odd.two} = ${'$3'}`, ownKey).compile();
    expect(model.recompute).toContain(`"odd"."$1" as id, '1'::json as doc from "public"."odd" where "odd"."it's ""$2""" = '$3'`);
    expect(() => define(sql`select $1 as id, 1 as doc`, ownKey)).toThrow('m.query contains a placeholder');
  });

  it('has keys of the types that columns have, and parts of composite ones by their place', () => {
    const model = define(query, [{ table: post, key: ['mood', 'id'] }], { feeling: post.mood, 'a "b"': 'text' }).compile();
    expect(model.recompute).toContain(
      'q."feeling" = (((k.key)::json ->> 0))::"public"."mood" and q."a ""b""" = (((k.key)::json ->> 1))::text',
    );
    expect(model.key[0]).toMatchObject({ labels: ['good', 'bad'] });
  });

  it('watches what is declared, the link and the primary key, by the names of the database', () => {
    const { dependencies } = define(query, [
      own,
      { table: note, link: ['second', 'postId'], wayBack: sql`select post_id as id from changed where second <> ${7} -- why` },
    ]).compile('snake_case');
    expect(dependencies).toEqual([
      {
        path: 'm.dependencies.note "x"',
        table: { schema: 'Notes', name: 'note "x"' },
        columns: ['id', 'post_id', 'second'],
        link: ['second', 'post_id'],
        wayBack: {
          kind: 'query',
          nulls: true,
          sql: `with changed as (select (c.v0)::bigint as "second", (c.v1)::bigint as "post_id" from unnest($1::text[], $2::text[]) as c (v0, v1))
select distinct (found."id")::text as key from (select post_id as id from changed where second <> 7 -- why
) as found
where found."id" is not null`,
        },
      },
      {
        path: 'm.dependencies.post',
        table: { schema: 'public', name: 'post' },
        columns: ['id', 'title'],
        link: ['id'],
        wayBack: { kind: 'direct' },
      },
    ]);
  });

  it('is the same definition in whatever order its dependencies stand', () => {
    const others = [own, { table: note, key: ['postId'] }, { table: note, key: ['second'] }];
    const hash = (dependencies: readonly unknown[]) => definitionHash(define(query, dependencies).compile());
    expect(hash(others)).toBe(hash(others.toReversed()));
    expect(hash(others)).not.toBe(hash(others.slice(1)));
  });

  it.each<[string, () => unknown, string]>([
    ['no dependency', () => define(query, []), 'm.dependencies is empty'],
    ['a column that the table lacks', () => define(query, [{ ...own, columns: ['nope'] }]), 'm.dependencies[0] names the column "nope"'],
    ['neither key nor way back', () => define(query, [{ table: post }]), 'm.dependencies[0] needs "key", or "link" and "wayBack"'],
    [
      'a link without a way back',
      () => define(query, [{ table: post, link: ['id'] }]),
      'm.dependencies[0] has a "link" without a "wayBack"',
    ],
    [
      'a link that has no key form',
      () => define(query, [{ table: post, link: ['at'], wayBack: sql`select 1` }]),
      'm.dependencies[0] needs "at"',
    ],
    ['a key of another length', () => define(query, [{ table: post, key: ['id', 'mood'] }]), 'm.dependencies[0] has a "key" of 2 columns'],
    ['something that is no table', () => define(query, [{ table: 'post', key: ['id'] }]), 'm.dependencies[0] has a "table" that is not'],
    ['no key', () => define(query, [own], {}), 'm.key names no column'],
    ['a key of no type', () => define(query, [own], { id: 'number' }), 'm.key.id is of type number'],
    ['text instead of SQL', () => define('select 1' as never), 'm.query must be SQL'],
    ['a placeholder', () => define(sql`select ${sql.placeholder('x')}`), 'm.query uses a value'],
    ['a parameter written by hand', () => define(sql`select $1 as id`), 'm.query contains a placeholder'],
    [
      'a name of the engine',
      () => defineSqlReadModel({ name: 'ledger', key: { id: 'integer' }, query, dependencies: [own] }),
      'the engine uses itself',
    ],
  ])('with %s is refused', (_, declare, message) => {
    expect(declare).toThrow(message);
  });

  it('has no declaration to list or embed', () => {
    expect(() => define(query).declaration).toThrow('m is hand-written SQL');
  });

  it('may be transformed like any other', () => {
    expect(
      define(query)
        .transform(2, () => 1)
        .compile().transform,
    ).toEqual({ revision: 2 });
  });
});
