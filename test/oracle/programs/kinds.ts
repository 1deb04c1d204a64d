import {
  boolean,
  char,
  cidr,
  doublePrecision,
  inet,
  integer,
  json,
  jsonb,
  macaddr,
  type PgColumnBuilder,
  pgEnum,
  pgSchema,
  text,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { address, arrayOf, float, plain, quoted } from '../json-forms.ts';
import { nastyTexts, shortTexts } from '../nasty-texts.ts';
import { byBytes, byLabel, byTruth } from '../sorting.ts';
import { asWritten, declaredBy, type Kind } from './kind.ts';
import { numberKinds } from './number-kinds.ts';
import { timeKinds } from './time-kinds.ts';

/** Two types of one name in two Postgres schemas. */
export const enumDdl = `create schema if not exists "Elsewhere";
create type "Mood ""of"" day" as enum ('sad', 'o"k', 'happy'); create type "Elsewhere"."Mood ""of"" day" as enum ('zzz', 'it''s', 'aaa');`;
const mood = pgEnum('Mood "of" day', ['sad', 'o"k', 'happy']);
const otherMood = pgSchema('Elsewhere').enum('Mood "of" day', ['zzz', "it's", 'aaa']);

const uuids = '123456789abc'.split('').map((digit) => `${digit.repeat(8)}-0000-4000-8000-${'0'.repeat(11)}${digit}`);
const written = { form: quoted, by: null, value: asWritten } as const;
const textual = { ...written, by: byBytes, key: nastyTexts, extreme: true } as const;
const labels = (values: readonly string[]) => ({ ...written, by: byLabel(values), key: values, pool: values, endsByText: true });

/** Every kind of column, by name. */
export const kinds: Readonly<Record<string, Kind>> = {
  ...numberKinds,
  ...timeKinds,
  uuid: { ...written, sql: 'uuid', build: declaredBy(uuid), by: byBytes, key: uuids },
  text: { ...textual, sql: 'text', build: declaredBy(text) },
  varchar: { ...textual, sql: 'varchar(12)', build: declaredBy(varchar, { length: 12 }), key: shortTexts },
  enum: { ...labels(mood.enumValues), sql: '"Mood ""of"" day"', build: declaredBy(mood) },
  otherEnum: { ...labels(otherMood.enumValues), sql: '"Elsewhere"."Mood ""of"" day"', build: declaredBy(otherMood) },
  boolean: {
    sql: 'boolean',
    build: declaredBy(boolean),
    form: plain,
    by: byTruth,
    value: (value) => value === 'true',
    literals: ['true', 'false'],
  },
  char: {
    ...written,
    sql: 'char(3)',
    build: declaredBy(char, { length: 3 }),
    form: (value) => quoted(value.padEnd(3)),
    by: byBytes,
    key: ['a', 'ab', 'abc', '', 'é'],
  },
  json: { ...written, sql: 'json', build: declaredBy(json), form: plain },
  jsonb: { ...written, sql: 'jsonb', build: declaredBy(jsonb), form: plain },
  inet: { ...written, sql: 'inet', build: declaredBy(inet), form: address },
  cidr: { ...written, sql: 'cidr', build: declaredBy(cidr) },
  macaddr: { ...written, sql: 'macaddr', build: declaredBy(macaddr) },
  integers: {
    ...written,
    sql: 'integer[]',
    build: (name) => (name === null ? integer() : integer(name)).array() as never,
    form: arrayOf(plain),
  },
  texts: { ...written, sql: 'text[]', build: (name) => (name === null ? text() : text(name)).array() as never, form: arrayOf(quoted) },
  doubles: {
    ...written,
    sql: 'double precision[]',
    build: (name) => (name === null ? doublePrecision() : doublePrecision(name)).array() as unknown as PgColumnBuilder,
    form: arrayOf(float),
  },
};

/** The kind of that name. @throws when there is none */
export function kindOf(name: string): Kind {
  const kind = kinds[name];
  if (!kind) throw new Error(`The oracle knows no kind of column "${name}". It knows: ${Object.keys(kinds).join(', ')}.`);
  return kind;
}
