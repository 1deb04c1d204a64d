import { relations } from 'drizzle-orm';
import {
  bigint,
  char,
  date,
  integer,
  type PgColumnBuilderBase,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { defineList, defineReadModel, type KeyInput, type ListModel, type ReadModel } from 'everwarm';
import { expect, test } from 'vitest';
import { openDeclared } from './open-declared.ts';

/* Every type a key may have, with the values that are most likely to be torn apart, padded or reformatted on their way. */

const size = pgEnum('Size "x"', ['s"', "m'", '']);

type Kind = {
  readonly type: string;
  readonly column: () => PgColumnBuilderBase;
  readonly keys: readonly (string | number | bigint | Date)[];
};

const nasty = [
  '',
  ' ',
  'a:b',
  '["a","b"]',
  '"',
  "'",
  '\\',
  '{x}',
  'a\nb\tc',
  '😀\u0301',
  'null',
  '%',
  '-0',
  'x'.repeat(200),
  '\u0001',
  'ä/ß',
];
const kinds: Readonly<Record<string, Kind>> = {
  small: { type: 'smallint', column: () => smallint(), keys: [-32768, 0, 32767] },
  whole: { type: 'integer', column: () => integer(), keys: [-2147483648, 7] },
  big: { type: 'bigint', column: () => bigint({ mode: 'bigint' }), keys: [-9223372036854775808n, 9007199254740993n] },
  bigNumber: { type: 'bigint', column: () => bigint({ mode: 'number' }), keys: [-5, 9007199254740991] },
  uuid: { type: 'uuid', column: () => uuid(), keys: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'] },
  text: { type: 'text', column: () => text(), keys: nasty },
  varchar: { type: 'varchar(300)', column: () => varchar({ length: 300 }), keys: nasty },
  char: { type: 'char(4)', column: () => char({ length: 4 }), keys: ['a', 'ab', 'abcd', ' b'] },
  enum: { type: '"Size ""x"""', column: () => size(), keys: ['s"', "m'", ''] },
  day: { type: 'date', column: () => date(), keys: ['2024-02-29', '0044-03-15 BC', 'infinity'] },
  dayDate: { type: 'date', column: () => date({ mode: 'date' }), keys: [new Date('2024-02-29')] },
};

type Columns = { [name: string]: PgColumnBuilderBase };
const given = (value: string | number | bigint | Date) => (value instanceof Date ? value.toISOString().slice(0, 10) : String(value));

const models = Object.entries(kinds).map(([name, kind]) => {
  const parent = pgTable(`${name} parent`, { id: kind.column(), note: text('note') } as Columns, (t) => [
    primaryKey({ columns: [t['id'] as never] }),
  ]);
  const child = pgTable(`${name}Child`, { id: integer('id').primaryKey(), of: kind.column(), note: text('note') } as Columns);
  const fields = { fields: [child['of']] as never, references: [parent['id']] as never };
  const schema = {
    parent,
    child,
    parentRelations: relations(parent, ({ many }) => ({ children: many(child) })),
    childRelations: relations(child, ({ one }) => ({ parent: one(parent, fields as never) })),
  };
  const config = { name: `of_${name.toLowerCase()}`, columns: { note: true }, with: { children: { columns: { note: true } } } };
  const model = defineReadModel(schema as never, 'parent' as never, config as never) as ReadModel;
  const order = { name: `all_${name.toLowerCase()}`, orderBy: (p: { id: never }) => p.id };
  const list = defineList(model, order as never) as ListModel<{ note: string }>;
  const tables = `create table "${name} parent" (id ${kind.type} primary key, note text);
create table "${name}Child" (id integer primary key, "of" ${kind.type}, note text); create index on "${name}Child" ("of");`;
  return { name, kind, model, list, tables };
});

test.each(models)(
  'a key of type $kind.type ($name) leads to its document, from its row, its children and a list',
  async ({ name, kind, model, list, tables }) => {
    const {
      pool,
      everwarm,
      after,
      text: now,
      failures,
    } = await openDeclared(`create type "Size ""x""" as enum ('s"', 'm''', ''); ${tables}`, [model, list]);
    const { keys } = kind;
    for (const [index, key] of keys.entries()) {
      await pool.query(`insert into "${name} parent" values ($1, $2)`, [given(key), `note ${index}`]);
      await pool.query(`insert into "${name}Child" values ($1, $2, 'old')`, [index, given(key)]);
    }
    await everwarm.settled();
    for (const [index, key] of keys.entries())
      expect(await now(model, key as KeyInput)).toBe(`{"note":"note ${index}","children":[{"note":"old"}]}`);
    await after(`update "${name}Child" set note = 'new'`, model, keys[0] as KeyInput);
    for (const [index, key] of keys.entries())
      expect(await now(model, key as KeyInput)).toBe(`{"note":"note ${index}","children":[{"note":"new"}]}`);
    const seen: string[] = [];
    for (let cursor: string | null = null, pages = 0; pages <= keys.length; pages++) {
      const page: { items: readonly { note: string }[]; next: string | null } = await everwarm.reader.list(list, null, {
        limit: 1,
        after: cursor,
      });
      seen.push(...page.items.map(({ note }) => note));
      cursor = page.next;
      if (cursor === null) break;
    }
    expect(seen.toSorted()).toEqual(keys.map((_, index) => `note ${index}`).toSorted());
    expect(await after(`delete from "${name} parent"`, model, keys[0] as KeyInput)).toBeNull();
    expect(await everwarm.verify(model)).toMatchObject({ differing: 0 });
    expect(failures).toEqual([]);
  },
);

test('a composite key has the order of the primary key, whatever order columns, relation and the object given have', async () => {
  const stay = pgTable(
    'stay',
    { note: text('note'), 'Guest Name': text('Guest Name'), day: date('day', { mode: 'date' }), room: char('room', { length: 4 }) },
    (t) => [primaryKey({ columns: [t.room, t['Guest Name'], t.day] })],
  );
  const extra = pgTable('extra', {
    id: integer('id').primaryKey(),
    day: date('day'),
    guest: text('guest'),
    room: char('room', { length: 4 }),
  });
  const schema = {
    stay,
    extra,
    stayRelations: relations(stay, ({ many }) => ({ extras: many(extra) })),
    extraRelations: relations(extra, ({ one }) => ({
      stay: one(stay, {
        fields: [extra.day, extra.guest, extra.room] as never,
        references: [stay.day, stay['Guest Name'], stay.room] as never,
      }),
    })),
  };
  const model = defineReadModel(schema, 'stay', {
    name: 'stays',
    columns: { note: true },
    aggregates: (a) => ({ extras: a.count('extras') }),
  });
  const { after, everwarm, failures } = await openDeclared(
    `create table stay (note text, "Guest Name" text, day date, room char(4), primary key (room, "Guest Name", day));
create table extra (id integer primary key, day date, guest text, room char(4)); create index on extra (room, guest, day)`,
    [model],
  );
  for (const [index, guest] of ['a","b', '', '"]', '😀'].entries()) {
    const key = { day: new Date('2024-02-29'), room: '7 ', 'Guest Name': guest };
    const quoted = guest.replaceAll("'", "''");
    expect(await after(`insert into stay values ('here', '${quoted}', '2024-02-29', '7')`, model, key)).toBe('{"note":"here","extras":0}');
    expect(
      await after(`insert into extra select ${index} * 10 + i, '2024-02-29', '${quoted}', '7' from generate_series(1, 2) i`, model, key),
    ).toBe('{"note":"here","extras":2}');
    expect(await after(`update stay set "Guest Name" = "Guest Name" || '!' where "Guest Name" = '${quoted}'`, model, key)).toBeNull();
  }
  expect(await everwarm.verify(model)).toMatchObject({ checked: 4, differing: 0 });
  expect(failures).toEqual([]);
});
