import { relations, sql } from 'drizzle-orm';
import { date, foreignKey, integer, pgEnum, pgSchema, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import type { Dependency } from '#contracts/compiled.ts';
import { defineReadModel } from './declare/define.ts';

/*
 * A schema with every way two tables can be tied: composite keys, quoted names, a second Postgres schema, a table to itself, a
 * join table, a column that is no key.
 */
const kind = pgEnum('kind', ['a', 'b']);
const yard = pgSchema('Yard "1"');
const hall = pgTable('Hall "A"', { code: text('Code "x"').primaryKey(), open: text('open'), unread: text('unread') });
const shelf = pgTable('shelf', { hall: text('hall'), no: integer('No'), title: text('title'), extra: text('extra') }, (t) => [
  primaryKey({ columns: [t.no, t.hall] }),
]);
const crate = yard.table(
  'crate',
  {
    id: uuid('id').primaryKey(),
    hall: text('hall'),
    shelfNo: integer('shelf_no'),
    label: text('label'),
    packed: timestamp('packed'),
    kind: kind('kind'),
    weight: integer('weight'),
  },
  (t) => [foreignKey({ columns: [t.hall, t.shelfNo], foreignColumns: [shelf.hall, shelf.no] })],
);
const tag = pgTable('tag', { id: integer('id').primaryKey(), name: text('name'), hidden: text('hidden') });
const crateTag = pgTable('crate_tag', { crate: uuid('crate'), tag: integer('tag'), note: text('note') }, (t) => [
  primaryKey({ columns: [t.crate, t.tag] }),
]);
const node = pgTable('node', { id: integer('id').primaryKey(), parentId: integer('parent_id'), name: text('name'), day: date('day') });
const nickname = pgTable('nickname', { id: integer('id').primaryKey(), name: text('of_name') });

const schema = {
  hall,
  shelf,
  crate,
  tag,
  crateTag,
  node,
  nickname,
  hallRelations: relations(hall, ({ many }) => ({ shelves: many(shelf) })),
  shelfRelations: relations(shelf, ({ one, many }) => ({
    in: one(hall, { fields: [shelf.hall], references: [hall.code] }),
    crates: many(crate),
  })),
  crateRelations: relations(crate, ({ one, many }) => ({
    on: one(shelf, { fields: [crate.hall, crate.shelfNo], references: [shelf.hall, shelf.no] }),
    crateTags: many(crateTag),
  })),
  tagRelations: relations(tag, ({ many }) => ({ crateTags: many(crateTag) })),
  crateTagRelations: relations(crateTag, ({ one }) => ({
    crate: one(crate, { fields: [crateTag.crate], references: [crate.id] }),
    tag: one(tag, { fields: [crateTag.tag], references: [tag.id] }),
  })),
  nodeRelations: relations(node, ({ one, many }) => ({
    parent: one(node, { fields: [node.parentId], references: [node.id], relationName: 'tree' }),
    children: many(node, { relationName: 'tree' }),
    nicknames: many(nickname),
  })),
  nicknameRelations: relations(nickname, ({ one }) => ({ of: one(node, { fields: [nickname.name], references: [node.name] }) })),
};

function byPath(model: { compile(): { dependencies: readonly Dependency[] } }): Record<string, Dependency> {
  return Object.fromEntries(model.compile().dependencies.map((dependency) => [dependency.path, dependency]));
}

const wayBackOf = (dependency: Dependency | undefined): string =>
  dependency?.wayBack.kind === 'query' ? dependency.wayBack.sql : String(dependency?.wayBack.kind);

describe('what a read model watches', () => {
  const model = defineReadModel(schema, 'shelf', {
    name: 'm',
    columns: { title: true },
    where: (s, { isNotNull }) => isNotNull(s.extra),
    with: {
      crates: {
        columns: { id: true },
        where: (c, { gt }) => gt(c.weight, 3),
        orderBy: (c, { desc }) => [desc(c.packed)],
        extras: (c) => ({ loud: sql`upper(${c.label})`.as('loud') }),
      },
      in: { columns: { open: true } },
    },
    aggregates: (a) => ({ kinds: a.count('crates', { where: (c, { eq }) => eq(c.kind, 'a') }), heaviest: a.max('crates', 'weight') }),
  });
  const found = byPath(model);

  it('is one dependency for every appearance of a table', () => {
    expect(Object.keys(found)).toEqual(['m', 'm.crates', 'm.in', 'm.kinds', 'm.heaviest']);
    expect(found['m.crates']?.table).toEqual({ schema: 'Yard "1"', name: 'crate' });
    expect(found['m.in']?.table).toEqual({ schema: 'public', name: 'Hall "A"' });
  });

  it('is the columns it selects, filters, sorts, joins and computes by, sorted, and no others', () => {
    expect(found['m']?.columns).toEqual(['No', 'extra', 'hall', 'title']);
    expect(found['m.crates']?.columns).toEqual(['hall', 'id', 'label', 'packed', 'shelf_no', 'weight']);
    expect(found['m.in']?.columns).toEqual(['Code "x"', 'open']);
    expect(found['m.kinds']?.columns).toEqual(['hall', 'id', 'kind', 'shelf_no']);
    expect(found['m.heaviest']?.columns).toEqual(['hall', 'id', 'shelf_no', 'weight']);
  });

  it('includes the columns through which its children join', () => {
    const parents = byPath(
      defineReadModel(schema, 'crate', {
        name: 'm',
        columns: { label: true },
        with: { on: { columns: {}, with: { in: { columns: { open: true } } } } },
      }),
    );
    expect(parents['m']?.columns).toEqual(['hall', 'id', 'label', 'shelf_no']);
    expect(parents['m.on']?.columns).toEqual(['No', 'hall']);
  });

  it('takes columns of the imported table and of the callback alike', () => {
    const imported = defineReadModel(schema, 'node', {
      name: 'm',
      columns: { id: true },
      with: { children: { columns: { id: true }, where: sql`${node.day} > ${'2024-01-01'}` } },
    } as never);
    expect(byPath(imported)['m.children']?.columns).toEqual(['day', 'id', 'parent_id']);
    expect(imported.compile().recompute).toContain(`"t1"."day" > '2024-01-01'`);
  });
});

describe('the way back', () => {
  const shelves = byPath(
    defineReadModel(schema, 'shelf', {
      name: 'm',
      with: { in: true, crates: { with: { crateTags: { columns: { note: true } } }, through: { tags: { via: 'crateTags', to: 'tag' } } } },
    }),
  );

  it('of the root is its key, in the order of the primary key', () => {
    expect(shelves['m']).toMatchObject({ link: ['No', 'hall'], wayBack: { kind: 'direct' } });
  });

  it('of a child that refers to the whole key is direct, in the order of the key, whatever order the relation has', () => {
    expect(shelves['m.crates']).toMatchObject({ link: ['shelf_no', 'hall'], wayBack: { kind: 'direct' } });
  });

  it('of a parent goes to the rows that refer to it', () => {
    expect(shelves['m.in']?.link).toEqual(['Code "x"']);
    expect(wayBackOf(shelves['m.in'])).toBe(
      `select distinct '[' || to_json((t0."No")::text)::text || ',' || to_json((t0."hall")::text)::text || ']' as key from unnest($1::text[]) as c (v0) join "public"."shelf" t0 on t0."hall" = (c.v0)::text`,
    );
  });

  it('of a grandchild stops at the table that has the key of the root', () => {
    expect(shelves['m.crates.crateTags']?.link).toEqual(['crate']);
    expect(wayBackOf(shelves['m.crates.crateTags'])).toBe(
      `select distinct '[' || to_json((t2."shelf_no")::text)::text || ',' || to_json((t2."hall")::text)::text || ']' as key from unnest($1::text[]) as c (v0) join "Yard ""1"""."crate" t2 on t2."id" = (c.v0)::uuid where t2."hall" is not null and t2."shelf_no" is not null`,
    );
  });

  it('through a join table leads from both of its sides, and takes each row on the way once', () => {
    expect(shelves['m.crates.tags.crateTags']?.link).toEqual(['crate']);
    expect(shelves['m.crates.tags']?.link).toEqual(['id']);
    expect(wayBackOf(shelves['m.crates.tags'])).toContain(
      'from (select distinct t4."crate" as v0 from unnest($1::text[]) as c (v0) join "public"."crate_tag" t4 on t4."tag" = (c.v0)::bigint) c join "Yard ""1"""."crate" t2 on t2."id" = c.v0',
    );
  });

  it('of a table to itself keeps each appearance apart', () => {
    const tree = byPath(
      defineReadModel(schema, 'node', { name: 'm', with: { parent: { with: { parent: true } }, children: { with: { children: true } } } }),
    );
    expect(tree['m.children']).toMatchObject({ link: ['parent_id'], wayBack: { kind: 'direct' } });
    expect(tree['m.parent']?.link).toEqual(['id']);
    expect(wayBackOf(tree['m.parent'])).toBe(
      `select distinct (t0."id")::text as key from unnest($1::text[]) as c (v0) join "public"."node" t0 on t0."parent_id" = (c.v0)::bigint`,
    );
    expect(wayBackOf(tree['m.parent.parent'])).toContain(
      'from (select distinct t1."id" as v0 from unnest($1::text[]) as c (v0) join "public"."node" t1 on t1."parent_id" = (c.v0)::bigint) c join "public"."node" t0 on t0."parent_id" = c.v0',
    );
    expect(wayBackOf(tree['m.children.children'])).toBe(
      `select distinct (t3."parent_id")::text as key from unnest($1::text[]) as c (v0) join "public"."node" t3 on t3."id" = (c.v0)::bigint where t3."parent_id" is not null`,
    );
  });

  it('over a column that is no key asks the root', () => {
    const named = byPath(
      defineReadModel(schema, 'node', { name: 'm', columns: { id: true }, with: { nicknames: { columns: { id: true } } } }),
    );
    expect(named['m']?.columns).toEqual(['id', 'name']);
    expect(named['m.nicknames']?.link).toEqual(['of_name']);
    expect(wayBackOf(named['m.nicknames'])).toBe(
      `select distinct (t0."id")::text as key from unnest($1::text[]) as c (v0) join "public"."node" t0 on t0."name" = (c.v0)::text`,
    );
  });

  it('compares integers as bigint, so that a reference beyond the key’s range finds nothing instead of failing', () => {
    expect(defineReadModel(schema, 'node', { name: 'm' }).compile().recompute).toContain('t0."id" = (k.key)::bigint');
  });
});

describe('the casing that drizzle() has', () => {
  const item = pgTable('order_item', { orderId: integer().primaryKey(), unitPrice: integer(), own: integer('OwnName') });
  const model = defineReadModel({ item }, 'item', { name: 'm', where: (i, { gt }) => gt(i.unitPrice, 0) });

  it.each([
    [undefined, 'orderId', 'unitPrice'],
    ['camelCase' as const, 'orderId', 'unitPrice'],
    ['snake_case' as const, 'order_id', 'unit_price'],
  ])('%s names columns everywhere, and never those with a name of their own', (casing, key, price) => {
    const compiled = model.compile(casing);
    expect(compiled.key).toEqual([{ name: key, property: 'orderId', type: 'integer' }]);
    expect(compiled.dependencies[0]).toMatchObject({ link: [key], columns: ['OwnName', key, price].toSorted() });
    expect(compiled.recompute).toContain(`"t0"."${price}" > 0`);
    expect(compiled.recompute).toContain(`',"unitPrice":' || coalesce((t0."${price}")::text, 'null')`);
    expect(compiled.enumerate).toContain(`order by t0."${key}"`);
  });
});
