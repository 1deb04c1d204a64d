import type { Random } from '@everwarm/testkit';
import { nastyTexts, shortTexts } from './nasty-texts.ts';
import type { Column } from './source.ts';

/*
 * Values come from small pools, as text: keys, foreign keys and filters meet often, and a statement depends on its seed alone,
 * never on what the database holds. Every pool has values that are troublesome somewhere.
 */

const small = ['1', '2', '3', '4', '5', '6', '7', '8'];

const pools: Readonly<Record<string, readonly string[]>> = {
  smallint: ['1', '2', '3', '0', '-1', '32767', '-32768'],
  integer: [...small, ...small, '0', '-1', '2147483647', '-2147483648'],
  bigint: [...small, ...small, '0', '-7', '3000000000', '9007199254740991', '-9007199254740991'],
  numeric: ['NaN', '0', '1', '1.0', '1.00', '-2.5', '10', '9.9999', '123456789.123456789', '-0.01', '1.50', '3'],
  'numeric(10,2)': ['0', '1.00', '-1.10', '99999999.99', '2.5'],
  real: ['0', '-0', '1.5', '0.1', '1e20', '1e-20', 'NaN', 'Infinity', '-Infinity', '16777216'],
  'double precision': ['0', '-0', '1.5', '0.1', '1e300', '1e-300', 'NaN', 'Infinity', '-Infinity', '0.30000000000000004'],
  boolean: ['true', 'false'],
  text: nastyTexts,
  'character varying': nastyTexts,
  'character varying(12)': shortTexts,
  'character(3)': ['a', 'ab', 'abc', '', 'é'],
  uuid: '123456789abc'.split('').map((digit) => `${digit.repeat(8)}-0000-4000-8000-${'0'.repeat(11)}${digit}`),
  date: ['2024-02-28', '2024-02-29', '2024-03-01', '1999-12-31', '1970-01-01', 'infinity', '-infinity', '12024-01-01'],
  'timestamp without time zone': [
    '2024-02-29 12:00:00',
    '2024-02-29 12:00:00.123456',
    '1969-12-31 23:59:59.999999',
    'infinity',
    '-infinity',
    '12024-05-06 07:08:09',
    '0044-03-15 12:00:00 BC',
    '2024-02-29 12:00:00.1',
  ],
  'timestamp with time zone': [
    '2024-02-29 12:00:00Z',
    '2024-03-31 02:30:00+02',
    '1969-12-31 23:59:59.999999Z',
    'infinity',
    '-infinity',
    '12024-05-06 07:08:09Z',
    '0001-01-01 00:00:00Z BC',
    '2000-01-01 00:00:00.5-11',
  ],
  'time without time zone': ['00:00:00', '23:59:59.999999', '12:30:00.5', '24:00:00'],
  'time with time zone': ['10:00:00+02', '00:00:00-11:30'],
  interval: ['1 day', '24:00:00', '1 mon -3 days', '-00:00:01.5', '2 years 3 mons', '0'],
  json: ['null', '{"a": 1, "a":2}', '[1, 2 ,3]', '"text \\u00e9"', '{ }', '1.0', '1.00', '{"line":\n"break"}'],
  jsonb: ['null', '{"b": [1.0, {"c": null}], "a": "é"}', '[]', '"x"', '1.0', '1.00', 'true'],
  bytea: ['\\x', '\\x00ff', '\\xdeadbeef', `\\x${'5c'.repeat(60)}`],
  inet: ['10.0.0.1', '::1/64'],
  cidr: ['10.0.0.0/8', '2001:db8::/32'],
  macaddr: ['08:00:2b:01:02:03'],
  'integer[]': ['{}', '{1,2,3}', '{NULL,-5}', '{2147483647}'],
  'bigint[]': ['{}', '{1,9007199254740991}', '{NULL}'],
  'text[]': ['{}', '{a,"b c"}', '{NULL,"NULL","",","}', '{"say \\"hi\\"","back\\\\slash","🐘"}'],
  'boolean[]': ['{}', '{t,f,NULL}'],
  'uuid[]': ['{}', '{11111111-0000-4000-8000-000000000001}'],
  'double precision[]': ['{}', '{0.1,NaN,-Infinity,1e300}'],
};

/** Further values for some columns, by `table.column`: where a type alone does not say what the column may hold. */
export type OwnPools = Readonly<Record<string, readonly string[]>>;

/** A random value for a column, as text, or null. */
export function randomValue(random: Random, table: string, column: Column, own: OwnPools): string | null {
  if (column.nullable && random.chance(0.2)) return null;
  const pool = own[`${table}.${column.name}`] ?? pools[column.type] ?? enumPool(column);
  return random.pick(pool);
}

/** So many milliseconds after it is written. */
export const soon = (inMs: number): string => `@+${inMs}`;

/** What a text stands for now. */
export function atPlay(text: string): string {
  const inMs = /^@\+(\d+)$/.exec(text)?.[1];
  return inMs === undefined ? text : new Date(Date.now() + Number(inMs)).toISOString();
}

/** The text of a value as an SQL literal of the column's type. */
export function literal(value: string | null, column: Column): string {
  if (value === null) return 'null';
  const text = atPlay(value);
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'::${column.type}`;
}

function enumPool({ name, type, labels }: Column): readonly string[] {
  if (labels.length === 0) throw new Error(`The oracle has no values for "${name}" of type ${type}. Add a pool.`);
  return type.endsWith('[]') ? ['{}', `{${labels.map((label) => JSON.stringify(label)).join(',')}}`, '{NULL}'] : labels;
}
