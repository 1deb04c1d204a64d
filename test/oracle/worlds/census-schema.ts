import { relations } from 'drizzle-orm';
import {
  bigint,
  boolean,
  char,
  cidr,
  date,
  doublePrecision,
  inet,
  integer,
  interval,
  json,
  jsonb,
  macaddr,
  numeric,
  pgEnum,
  pgTable,
  primaryKey,
  real,
  smallint,
  text,
  time,
  timestamp,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';

/*
 * Every column type that has a JSON form (and one, `bytes`, that Drizzle is not told of), and relations that no constraint backs: by a bigint to an integer key, which may
 * overflow it, and by a text that is no key.
 */

/** The tables as SQL. */
export const censusDdl = `
create type mood as enum ('sad', 'o"k', 'happy');
create table place (id integer primary key, code text unique, area real);
create table specimen (
  id bigint primary key, place_id bigint, place_code varchar, small smallint, whole integer, big bigint, huge bigint, exact numeric, cents numeric(10,2),
  rate numeric, amount numeric, single real, "double" double precision, words text, short varchar(12), fixed char(3), truth boolean not null,
  local_date timestamp, local_text timestamp, zoned_date timestamptz, zoned_text timestamptz, day_text date, day_date date, clock time,
  clock_zone timetz, span interval, doc json, docb jsonb, mark uuid, bytes bytea, host inet, net cidr, mac macaddr, feeling mood, numbers integer[],
  bigs bigint[], texts text[] not null, truths boolean[], marks uuid[], doubles double precision[], feelings mood[]
);
create table measure (
  specimen bigint references specimen on delete cascade on update cascade deferrable initially deferred, seq integer, reading numeric, at timestamp, note text,
  primary key (specimen, seq)
);`;

const mood = pgEnum('mood', ['sad', 'o"k', 'happy']);

const place = pgTable('place', { id: integer('id').primaryKey(), code: text('code').unique(), area: real('area') });
const specimen = pgTable('specimen', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  placeId: bigint('place_id', { mode: 'number' }),
  placeCode: varchar('place_code'),
  small: smallint('small'),
  whole: integer('whole'),
  big: bigint('big', { mode: 'number' }),
  huge: bigint('huge', { mode: 'bigint' }),
  exact: numeric('exact'),
  cents: numeric('cents', { precision: 10, scale: 2 }),
  rate: numeric('rate', { mode: 'number' }),
  amount: numeric('amount', { mode: 'bigint' }),
  single: real('single'),
  double: doublePrecision('double'),
  words: text('words'),
  short: varchar('short', { length: 12 }),
  fixed: char('fixed', { length: 3 }),
  truth: boolean('truth').notNull(),
  localDate: timestamp('local_date'),
  localText: timestamp('local_text', { mode: 'string' }),
  zonedDate: timestamp('zoned_date', { withTimezone: true }),
  zonedText: timestamp('zoned_text', { withTimezone: true, mode: 'string' }),
  dayText: date('day_text'),
  dayDate: date('day_date', { mode: 'date' }),
  clock: time('clock'),
  clockZone: time('clock_zone', { withTimezone: true }),
  span: interval('span'),
  doc: json('doc'),
  docb: jsonb('docb'),
  mark: uuid('mark'),
  host: inet('host'),
  net: cidr('net'),
  mac: macaddr('mac'),
  feeling: mood('feeling'),
  numbers: integer('numbers').array(),
  bigs: bigint('bigs', { mode: 'number' }).array(),
  texts: text('texts').array().notNull(),
  truths: boolean('truths').array(),
  marks: uuid('marks').array(),
  doubles: doublePrecision('doubles').array(),
  feelings: mood('feelings').array(),
});
const measure = pgTable(
  'measure',
  {
    specimen: bigint('specimen', { mode: 'bigint' }),
    seq: integer('seq'),
    reading: numeric('reading'),
    at: timestamp('at'),
    note: text('note'),
  },
  (t) => [primaryKey({ columns: [t.seq, t.specimen] })],
);

const placeRelations = relations(place, ({ many }) => ({
  specimens: many(specimen, { relationName: 'by id' }),
  coded: many(specimen, { relationName: 'by code' }),
}));
const specimenRelations = relations(specimen, ({ one, many }) => ({
  place: one(place, { fields: [specimen.placeId], references: [place.id], relationName: 'by id' }),
  placeByCode: one(place, { fields: [specimen.placeCode], references: [place.code], relationName: 'by code' }),
  measures: many(measure),
}));
const measureRelations = relations(measure, ({ one }) => ({
  of: one(specimen, { fields: [measure.specimen], references: [specimen.id] }),
}));

/** The same as a Drizzle schema. */
export const census = { place, specimen, measure, placeRelations, specimenRelations, measureRelations };
