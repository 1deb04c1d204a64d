import { type ColumnBuilderBase, sql } from 'drizzle-orm';
import {
  bigint,
  bit,
  boolean,
  char,
  cidr,
  customType,
  date,
  doublePrecision,
  inet,
  integer,
  interval,
  json,
  jsonb,
  line,
  macaddr,
  macaddr8,
  numeric,
  type PgColumnBuilderBase,
  pgEnum,
  pgTable,
  point,
  real,
  smallint,
  text,
  time,
  timestamp,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { defineReadModel, jsonForm } from 'everwarm';
import { expect, test } from 'vitest';
import { openDeclared } from './open-declared.ts';

/* The JSON form of every column type, each expectation written by hand from what the documentation promises. */

const mood = pgEnum('mood', ['so "so"', "it's"]);
const custom = (type: string) => customType<{ data: string }>({ dataType: () => type })();
const asText = <Builder extends ColumnBuilderBase>(builder: Builder) =>
  jsonForm(builder, { sql: (value) => sql`${value}::text`, type: 'string' });
const bytes = jsonForm(customType<{ data: Uint8Array }>({ dataType: () => 'bytea' })(), {
  sql: (value) => sql`translate(encode(${value}, 'base64'), E'\n', '')`,
  type: 'string',
});

type Case = readonly [column: PgColumnBuilderBase, type: string, value: string, expected: string];

const cases: readonly Case[] = [
  [smallint(), 'smallint', '-32768', '-32768'],
  [integer(), 'integer', '2147483647', '2147483647'],
  [bigint({ mode: 'number' }), 'bigint', '-9007199254740991', '-9007199254740991'],
  [bigint({ mode: 'bigint' }), 'bigint', '-9223372036854775808', '"-9223372036854775808"'],
  [numeric(), 'numeric', '1.00', '"1.00"'],
  [numeric(), 'numeric', 'NaN', '"NaN"'],
  [numeric(), 'numeric', '-Infinity', '"-Infinity"'],
  [numeric({ mode: 'number' }), 'numeric', '1.50', '1.50'],
  [numeric({ mode: 'number' }), 'numeric', 'NaN', '"NaN"'],
  [numeric({ mode: 'bigint' }), 'numeric', '123456789012345678901', '"123456789012345678901"'],
  [real(), 'real', '1.1', '1.1'],
  [doublePrecision(), 'double precision', '0.30000000000000004', '0.30000000000000004'],
  [doublePrecision(), 'double precision', '1e300', '1e+300'],
  [doublePrecision(), 'double precision', 'NaN', '"NaN"'],
  [doublePrecision(), 'double precision', '-infinity', '"-Infinity"'],
  [text(), 'text', '😀 "quoted" \\ \b\n\u0001\u007f/', '"😀 \\"quoted\\" \\\\ \\b\\n\\u0001\u007f/"'],
  [text(), 'text', '', '""'],
  [varchar({ length: 9 }), 'varchar(9)', 'null', '"null"'],
  [char({ length: 4 }), 'char(4)', 'ab', '"ab  "'],
  [mood(), 'mood', 'so "so"', '"so \\"so\\""'],
  [uuid(), 'uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"'],
  [boolean(), 'boolean', 'true', 'true'],
  [json(), 'json', '{"b" : 1.00, "a":[ ]}', '{"b" : 1.00, "a":[ ]}'],
  [json(), 'json', 'null', 'null'],
  [jsonb(), 'jsonb', '{"aa":1.00,"b" :[ ]}', '{"b": [], "aa": 1.00}'],
  [jsonb(), 'jsonb', 'null', 'null'],
  [date({ mode: 'string' }), 'date', '2024-02-29', '"2024-02-29"'],
  [date({ mode: 'date' }), 'date', '0044-03-15 BC', '"0044-03-15 BC"'],
  [date(), 'date', '12024-01-01', '"12024-01-01"'],
  [date(), 'date', 'infinity', '"infinity"'],
  [timestamp(), 'timestamp', '2024-01-02 03:04:05.678901', '"2024-01-02T03:04:05.678"'],
  [timestamp({ mode: 'string' }), 'timestamp', '2024-01-02 03:04:05', '"2024-01-02T03:04:05.000000"'],
  [timestamp({ withTimezone: true }), 'timestamptz', '2024-01-02 03:04:05.678901+09', '"2024-01-01T18:04:05.678Z"'],
  [timestamp({ withTimezone: true, mode: 'string' }), 'timestamptz', '2024-01-02 03:04:05.678901+09', '"2024-01-01T18:04:05.678901Z"'],
  [timestamp(), 'timestamp', '0044-03-15 12:00:00 BC', '"-000043-03-15T12:00:00.000"'],
  [timestamp({ withTimezone: true }), 'timestamptz', '12024-03-15 12:00:00Z', '"+012024-03-15T12:00:00.000Z"'],
  [timestamp(), 'timestamp', '-infinity', '"-infinity"'],
  [time(), 'time', '03:04:05.100', '"03:04:05.1"'],
  [time({ withTimezone: true }), 'timetz', '03:04:05+09', '"03:04:05+09"'],
  [interval(), 'interval', '1 month 2 days 03:04:05', '"1 mon 2 days 03:04:05"'],
  [inet(), 'inet', '10.0.0.1', '"10.0.0.1"'],
  [inet(), 'inet', '::1/64', '"::1/64"'],
  [cidr(), 'cidr', '10.0.0.0/8', '"10.0.0.0/8"'],
  [macaddr(), 'macaddr', '08-00-2B-01-02-03', '"08:00:2b:01:02:03"'],
  [macaddr8(), 'macaddr8', '08:00:2b:01:02:03:04:05', '"08:00:2b:01:02:03:04:05"'],
  [point(), 'point', '(1.5,-2)', '[1.5,-2]'],
  [point({ mode: 'xy' }), 'point', '(NaN,1e20)', '{"x":"NaN","y":1e+20}'],
  [line(), 'line', '{1,-2,3.5}', '[1,-2,3.5]'],
  [line({ mode: 'abc' }), 'line', '{1,-2,3.5}', '{"a":1,"b":-2,"c":3.5}'],
  [bit({ dimensions: 4 }), 'bit(4)', '0101', '"0101"'],
  [integer().array(), 'integer[]', '{1,NULL,-3}', '[1,null,-3]'],
  [integer().array(), 'integer[]', '{}', '[]'],
  [integer().array(), 'integer[]', '[0:1]={7,8}', '[7,8]'],
  [integer().array().array(), 'integer[][]', '{{1,2},{3,NULL}}', '[[1,2],[3,null]]'],
  [bigint({ mode: 'bigint' }).array(), 'bigint[]', '{9007199254740993,NULL}', '["9007199254740993",null]'],
  [numeric().array(), 'numeric[]', '{1.0,NaN,NULL,0}', '["1.0","NaN",null,"0"]'],
  [numeric().array(), 'numeric[]', '{}', '[]'],
  [numeric().array(), 'numeric[]', '[5:6]={1,2}', '["1","2"]'],
  [numeric().array().array(), 'numeric[][]', '{{1.0,2},{NULL,10},{0,0.5}}', '[["1.0","2"],[null,"10"],["0","0.5"]]'],
  [doublePrecision().array(), 'double precision[]', '{NaN,1.5}', '["NaN",1.5]'],
  [text().array(), 'text[]', '{"NULL",NULL,"a\\"b,{}",""}', '["NULL",null,"a\\"b,{}",""]'],
  [char({ length: 2 }).array(), 'char(2)[]', '{a,bc}', '["a ","bc"]'],
  [boolean().array(), 'boolean[]', '{t,NULL,f}', '[true,null,false]'],
  [mood().array(), 'mood[]', `{"it's"}`, `["it's"]`],
  [uuid().array(), 'uuid[]', '{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}', '["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]'],
  [json().array(), 'json[]', '{"{\\"a\\" : 1}",NULL,"null"}', '[{"a" : 1},null,null]'],
  [jsonb().array(), 'jsonb[]', '{"[1,2]"}', '[[1, 2]]'],
  [date().array(), 'date[]', '{2024-02-29,infinity}', '["2024-02-29","infinity"]'],
  [timestamp({ withTimezone: true }).array(), 'timestamptz[]', '{2024-01-02 03:04:05+09,NULL}', '["2024-01-01T18:04:05.000Z",null]'],
  [timestamp().array().array(), 'timestamp[][]', '{{2024-01-02 03:04:05},{infinity}}', '[["2024-01-02T03:04:05.000"],["infinity"]]'],
  [interval().array(), 'interval[]', '{1 day,NULL}', '["1 day",null]'],
  [point().array(), 'point[]', '{"(1,2)","(3,4)"}', '[[1,2],[3,4]]'],
  [
    bytes,
    'bytea',
    '\\x00ff'.concat('5c'.repeat(60)),
    '"AP9cXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFw="',
  ],
  [asText(custom('int4range')), 'int4range', '[1,5]', '"[1,6)"'],
  [asText(custom('tstzrange')), 'tstzrange', '[2024-01-02 03:04:05+09,)', '"[\\"2024-01-01 18:04:05+00\\",)"'],
  [asText(custom('nummultirange')), 'nummultirange', '{[1,2),[5,6)}', '"{[1,2),[5,6)}"'],
  [jsonForm(custom('shout'), { sql: (value) => sql`lower(${value}::text)`, type: 'string' }), 'shout', 'HEY', '"hey"'],
  [jsonForm(jsonb(), { sql: (value) => sql`${value} -> 'a'`, type: 'unknown' }), 'jsonb', '{"a": {"b": [1]}}', '{"b": [1]}'],
];

const columns = Object.fromEntries(cases.map(([column], index) => [`c${index}`, column]));
const thing = pgTable('thing', { id: integer('id').primaryKey(), ...columns });
const all = defineReadModel({ thing }, 'thing', {
  name: 'all_types',
  columns: Object.fromEntries(Object.keys(columns).map((name) => [name, true])) as never,
});

/** Defaults that no client would choose, for all sessions of the database. */
const strangeDefaults = `do $$ begin
execute format('alter database %I set timezone = ''Asia/Tokyo''', current_database());
execute format('alter database %I set datestyle = ''German''', current_database());
execute format('alter database %I set intervalstyle = ''iso_8601''', current_database());
execute format('alter database %I set bytea_output = ''escape''', current_database());
execute format('alter database %I set extra_float_digits = 0', current_database());
end $$;`;

test('each column type has its one JSON form, whatever the defaults of the database are', async () => {
  const {
    pool,
    text: now,
    after,
    everwarm,
    failures,
  } = await openDeclared(
    `create type mood as enum ('so "so"', 'it''s'); create domain shout as text check (value = upper(value));
${strangeDefaults}
create table thing (id integer primary key, ${cases.map(([, type], index) => `"c${index}" ${type}`).join(', ')}); insert into thing values (0)`,
    [all],
  );
  const parts = (body: string | null) =>
    (body ?? '')
      .slice(1, -1)
      .split(/,?"c\d+":/)
      .slice(1);
  expect(parts(await now(all, 0))).toEqual(cases.map(() => 'null'));

  await pool.query(
    `insert into thing values (1, ${cases.map((_, index) => `$${index + 1}`).join(', ')})`,
    cases.map(([, , value]) => value),
  );
  await everwarm.settled();
  const given = parts(await now(all, 1));
  expect(given.map((json, index) => `${cases[index]?.[1]} ${cases[index]?.[2]}: ${json}`)).toEqual(
    cases.map(([, type, value, expected]) => `${type} ${value}: ${expected}`),
  );
  expect(await everwarm.verify(all)).toMatchObject({ checked: 2, differing: 0 });
  // What is equal and prints differently is another value.
  const numbers = cases.findIndex(([, type]) => type === 'numeric');
  expect(parts(await after(`update thing set "c${numbers}" = 1.000 where id = 1`, all, 1))[numbers]).toBe('"1.000"');
  expect(failures).toEqual([]);
});

test('a bigint in mode number that no number holds is quarantined, since JSON.parse would round it', async () => {
  const wide = pgTable('wide', { id: integer('id').primaryKey(), n: bigint({ mode: 'number' }), list: bigint({ mode: 'number' }).array() });
  const model = defineReadModel({ wide }, 'wide', { name: 'wide_numbers', columns: { n: true, list: true } });
  const { everwarm } = await openDeclared(
    `create table wide (id integer primary key, n bigint, list bigint[]);
insert into wide values (1, 9007199254740991, '{1,NULL}'), (2, 9007199254740992, '{}'), (3, null, '{1,-9007199254740993}')`,
    [model],
  );
  await everwarm.settled();
  expect(await everwarm.reader.get(model, 1)).toEqual({ n: Number.MAX_SAFE_INTEGER, list: [1, null] });
  const words = "a bigint in mode 'number' is beyond 2^53. Declare the column with mode 'bigint'.";
  expect(await everwarm.quarantine.list()).toMatchObject([
    { key: '2', error: words },
    { key: '3', error: words },
  ]);
});
