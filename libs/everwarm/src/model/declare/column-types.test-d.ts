import { sql } from 'drizzle-orm';
import {
  bigint,
  bit,
  boolean,
  char,
  customType,
  date,
  doublePrecision,
  inet,
  integer,
  interval,
  json,
  jsonb,
  line,
  numeric,
  pgEnum,
  pgTable,
  point,
  text,
  time,
  timestamp,
  uuid,
  varchar,
  vector,
} from 'drizzle-orm/pg-core';
import { defineReadModel, type ReadModel } from './define.ts';
import { jsonForm } from './json-form.ts';

/* The type that each column type has in documents. Checked by tsc, never run. */

const mood = pgEnum('mood', ['good', 'bad']);
const money = customType<{ data: { cents: bigint } }>({ dataType: () => 'money' });
const branded = text('branded').$type<string & { readonly brand: 'slug' }>();
const thing = pgTable('thing', {
  id: uuid('id').primaryKey(),
  small: bigint('small', { mode: 'number' }).notNull(),
  big: bigint('big', { mode: 'bigint' }).notNull(),
  exact: numeric('exact').notNull(),
  exactNumber: numeric('exact_number', { mode: 'number' }).notNull(),
  exactBigint: numeric('exact_bigint', { mode: 'bigint' }).notNull(),
  float: doublePrecision('float'),
  flag: boolean('flag').notNull(),
  fixed: char('fixed', { length: 3 }),
  oneOf: varchar('one_of', { enum: ['a', 'b'] }).notNull(),
  feeling: mood('feeling').notNull(),
  branded: branded.notNull(),
  day: date('day').notNull(),
  dayDate: date('day_date', { mode: 'date' }).notNull(),
  at: timestamp('at').notNull(),
  atText: timestamp('at_text', { mode: 'string' }),
  clock: time('clock').notNull(),
  span: interval('span').notNull(),
  host: inet('host').notNull(),
  anything: json('anything'),
  shaped: jsonb('shaped').$type<{ at: Date; n?: bigint; list: (Date | null)[] }>().notNull(),
  spot: point('spot').notNull(),
  spotObject: point('spot_object', { mode: 'xy' }).notNull(),
  edge: line('edge').notNull(),
  embedding: vector('embedding', { dimensions: 3 }).notNull(),
  bits: bit('bits', { dimensions: 3 }).notNull(),
  days: date('days', { mode: 'date' }).array().notNull(),
  table: bigint('table', { mode: 'bigint' }).array().array().notNull(),
  price: jsonForm(money('price').notNull(), { sql: (value) => sql`${value}::text`, type: 'string' }),
  maybe: jsonForm(money('maybe'), { sql: (value) => sql`${value}::numeric`, type: 'number' }),
  parts: jsonForm(jsonb('parts').$type<{ a: Date }>().notNull(), { sql: (value) => value, type: 'unknown' }),
});

type Document = {
  id: string;
  small: number;
  big: string;
  exact: string;
  exactNumber: number;
  exactBigint: string;
  float: number | null;
  flag: boolean;
  fixed: string | null;
  oneOf: 'a' | 'b';
  feeling: 'good' | 'bad';
  branded: string & { readonly brand: 'slug' };
  day: string;
  dayDate: string;
  at: string;
  atText: string | null;
  clock: string;
  span: string;
  host: string;
  anything: unknown;
  shaped: { at: string; n?: string; list: (string | null)[] };
  spot: [number, number];
  spotObject: { x: number; y: number };
  edge: [number, number, number];
  embedding: number[];
  bits: string;
  days: string[];
  table: string[][];
  price: string;
  maybe: number | null;
  parts: unknown;
};

type Identical<Left, Right> = (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;
type Differing<Left, Right> = {
  [K in keyof Left | keyof Right]: K extends keyof Left & keyof Right
    ? Identical<Left[K], Right[K]> extends true
      ? never
      : [K, Left[K]]
    : K;
}[keyof Left | keyof Right];
declare function none<Difference extends never>(): Difference;

const whole = defineReadModel({ thing }, 'thing', { name: 'whole' });
none<Differing<typeof whole extends ReadModel<infer Doc> ? Doc : never, Document>>();
const part = defineReadModel({ thing }, 'thing', { name: 'part', columns: { price: true, big: true } });
none<Differing<typeof part extends ReadModel<infer Doc> ? Doc : never, Pick<Document, 'price' | 'big'>>>();
const rest = defineReadModel({ thing }, 'thing', { name: 'rest', columns: { price: false, maybe: false } });
none<Differing<typeof rest extends ReadModel<infer Doc> ? Doc : never, Omit<Document, 'price' | 'maybe'>>>();

/** What is inserted and selected by the application stays as it was. */
export const inserted: (typeof thing.$inferInsert)['price'] = { cents: 1n };
// @ts-expect-error a type that JSON does not have
jsonForm(integer('n'), { sql: (value) => value, type: 'bigint' });
// @ts-expect-error no SQL
jsonForm(integer('n'), { type: 'number' });
