import { date, interval, time, timestamp } from 'drizzle-orm/pg-core';
import { moment, quoted } from '../json-forms.ts';
import { byBytes, byTime } from '../sorting.ts';
import { asWritten, declaredBy, type Kind } from './kind.ts';

const days = ['2024-02-28', '2024-02-29', '1999-12-31', 'infinity', '-infinity', '12024-01-01', '0044-03-15 BC'];
const local = ['2024-02-29 12:00:00.123456', '2024-02-29 12:00:00.1', '1969-12-31 23:59:59.999999', 'infinity', '-infinity'];
const zoned = ['2024-03-31 00:30:00.5+00', '1969-12-31 23:59:59.999999+00', 'infinity', '-infinity', '12024-05-06 07:08:09+00'];
const ordered = { by: byTime, value: asWritten, extreme: true } as const;

/** Kinds of times. Those that Drizzle gives as a `Date` are compared with dates that one can hold. */
export const timeKinds: Readonly<Record<string, Kind>> = {
  date: { ...ordered, sql: 'date', build: declaredBy(date, { mode: 'string' }), form: quoted, key: days, pool: days },
  dateDate: {
    ...ordered,
    sql: 'date',
    build: declaredBy(date, { mode: 'date' }),
    form: quoted,
    value: (text) => new Date(`${text}T00:00:00Z`),
    key: days,
    pool: days,
    literals: days.slice(0, 3),
  },
  timestamp: {
    ...ordered,
    sql: 'timestamp',
    build: declaredBy(timestamp),
    form: moment(3, false),
    value: (text) => new Date(`${text.replace(' ', 'T')}Z`),
    pool: [...local, '2024-02-29 12:00:00', '0044-03-15 12:00:00 BC'],
    literals: ['2024-02-29 12:00:00', '2024-02-29 12:00:00.1', '1969-12-31 23:59:59.999'],
  },
  timestampText: {
    ...ordered,
    sql: 'timestamp',
    build: declaredBy(timestamp, { mode: 'string' }),
    form: moment(6, false),
    pool: [...local, '12024-05-06 07:08:09', '0044-03-15 12:00:00 BC'],
  },
  timestamptz: {
    ...ordered,
    sql: 'timestamptz',
    build: declaredBy(timestamp, { withTimezone: true }),
    form: moment(3, true),
    value: (text) => new Date(text),
    pool: [...zoned, '2024-02-29 12:00:00+00'],
    literals: ['2024-02-29 12:00:00+00', '2024-03-31 00:30:00.5+00'],
  },
  timestamptzText: {
    ...ordered,
    sql: 'timestamptz',
    build: declaredBy(timestamp, { withTimezone: true, mode: 'string' }),
    form: moment(6, true),
    pool: [...zoned, '0001-01-01 00:00:00+00 BC'],
  },
  time: {
    sql: 'time',
    build: declaredBy(time),
    form: quoted,
    by: byBytes,
    value: asWritten,
    extreme: true,
    literals: ['12:30:00.5', '24:00:00'],
  },
  timetz: { sql: 'timetz', build: declaredBy(time, { withTimezone: true }), form: quoted, by: null, value: asWritten },
  interval: { sql: 'interval', build: declaredBy(interval), form: quoted, by: null, value: asWritten },
};
