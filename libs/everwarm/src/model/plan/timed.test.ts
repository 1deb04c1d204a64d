import { type SQL, sql } from 'drizzle-orm';
import { date, integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import { EverwarmError } from '#contracts/errors.ts';
import { defineReadModel } from '#model/declare/define.ts';
import { indexSchema } from '#model/schema.ts';
import { tableScope } from './expression.ts';
import { sqlTokens } from './sql-tokens.ts';

const offer = pgTable('offer', {
  id: integer('id').primaryKey(),
  title: text('title').notNull(),
  opens: timestamp('Opens "at"'),
  ends: timestamp('ends', { withTimezone: true }),
  day: date('day'),
});
const info = indexSchema({ offer }).table('offer', 'm');

function timedness(expression: SQL) {
  return tableScope(info, 't0', undefined, []).render(expression, 'm.where').timed;
}

/** The columns and intervals of an expression's moments, without what guards them. */
const moments = (expression: SQL) =>
  timedness(expression)?.moments.map((moment) => /then (.*) end$/.exec(moment)?.[1]?.replaceAll(/t0\.|::timestamptz/g, '') ?? moment) ??
  null;

describe('the moments of an expression', () => {
  const { opens, ends, day, title } = offer;
  const week = sql.raw(`interval '7 days'`);
  const cases: [what: string, expression: SQL, found: string[] | null][] = [
    ['none where there is no time', sql`${ends} > '2030-01-01' and ${title} <> 'x'`, null],
    ['now() in a text is text', sql`${title} = 'now()' or ${title} = ${"it's now()"} or ${title} = $$now()$$`, null],
    ['now() in a comment is none', sql`${title} = 'x' -- now()\n and /* now() /* twice */ now() */ ${title} <> 'y'`, null],
    ['now() in a quoted name is none', sql`"t0"."title" = 'x' and ${title} <> "t0"."now()"`, null],
    ['a column beside now()', sql`${ends} > now()`, ['"ends"']],
    ['either way round', sql`now()<=${ends}`, ['"ends"']],
    ['the standard spelling, any case', sql`${ends} < CURRENT_TIMESTAMP or Now() < ${day}`, ['"ends"', '"day"']],
    ['an interval beside now() is taken back', sql`${ends} > now() - ${week}`, [`"ends" + interval '7 days'`]],
    ['one beside the column is not', sql`${ends} + ${week} > now()`, [`"ends" + interval '7 days'`]],
    [
      'both, and the other ways to write them',
      sql`(${ends} - '1 hour'::interval) <= (now() + interval '2' day)`,
      [`"ends" - interval '1 hour' - interval '2 day'`],
    ],
    ['a quoted name', sql`${opens} >= now()`, ['"Opens ""at"""']],
    ['between columns', sql`now() between ${opens} and ${ends} and ${title} > 'a'`, ['"Opens ""at"""', '"ends"']],
    ['a column between moments', sql`${ends} not between now() and now() + ${week}`, ['"ends"', `"ends" - interval '7 days'`]],
    ['inside of what is made of it', sql`case when ${ends} < now() then 'over' else coalesce(${title}, 'x') end`, ['"ends"']],
    ['whatever is not', sql`not (${ends} < now() or ${day} > now()) is true`, ['"ends"', '"day"']],
    ['once, however often', sql`${ends} < now() or ${ends} < now()`, ['"ends"']],
  ];
  it.each(cases)('%s', (_, expression, found) => {
    expect(moments(expression)).toEqual(found);
  });

  it('what is joined by and without the time stays a condition', () => {
    expect(timedness(sql`(${title} = 'and' and (${ends} > now() and ${day} is null)) and not ${opens} < now()`)?.steady).toEqual([
      `("t0"."title" = 'and')`,
      `("t0"."day" is null)`,
    ]);
    expect(timedness(sql`${title} = 'a' or ${title} = 'b' and ${ends} > now()`)?.steady).toEqual([]);
    expect(timedness(sql`${title} between 'a' and 'b' and ${ends} > now()`)?.steady).toEqual([]);
    expect(timedness(sql`(${title} between 'a' and 'b') and ${ends} > now()`)?.steady).toEqual([`(("t0"."title" between 'a' and 'b'))`]);
  });

  it('at rest, a comparison is a condition on its column alone', () => {
    expect(timedness(sql`coalesce(${ends} > now() - ${week}, ${title} = 'x')`)?.atRest).toBe(
      `coalesce((t0."ends" is null), "t0"."title" = 'x')`,
    );
  });
});

describe('what is refused', () => {
  const { opens, ends, title, id } = offer;
  const refused: [what: string, expression: SQL, words: RegExp][] = [
    ['a part of the time', sql`${ends} > date_trunc('day', now())`, /date_trunc\('day', now\(\)\).* write column < now\(\)/],
    ['another zone', sql`${opens} > now() at time zone 'Europe/Paris'`, /otherwise than in a comparison/],
    ['a cast', sql`${opens} > now()::timestamp`, /otherwise than in a comparison/],
    ['the difference', sql`now() - ${ends} > interval '1 day'`, /otherwise than in a comparison/],
    ['the time as a value', sql`now()`, /otherwise than in a comparison/],
    ['equality', sql`${ends} = now()`, /otherwise than in a comparison/],
    ['a value instead of a column', sql`now() > '2030-01-01'`, /otherwise than in a comparison/],
    ['an expression instead of a column', sql`coalesce(${ends}, ${opens}) > now()`, /otherwise than in a comparison/],
    ['now() beside itself', sql`now() > now() - interval '1 day'`, /compares now\(\) with now\(\)/],
    ['what follows a comparison bound tighter', sql`${ends} > now() + ${id} * interval '1 day'`, /otherwise than in a comparison/],
    ['the day of the session', sql`${offer.day} <= current_date`, /current_date otherwise/],
    ['a time within the statement', sql`${ends} > clock_timestamp()`, /uses clock_timestamp otherwise/],
    ['a time without a zone', sql`${opens} > localtimestamp`, /localtimestamp/],
    ['a precision', sql`${opens} > current_timestamp(0)`, /otherwise than in a comparison/],
    ['a text column', sql`${title} > now()`, /"title".* not a timestamp or date column/],
    ['months', sql`${ends} > now() - interval '1 month'`, /"1 month"\. Months and years .* interval '30 days'/],
    ['years', sql`${ends} > now() - '2 years'::interval`, /Months and years/],
    ['months, abbreviated', sql`${ends} > now() - interval '3 mon'`, /Months and years/],
    ['months, by the standard', sql`${ends} > now() - interval '1-2'`, /Months and years/],
    ['months beside the column', sql`${ends} + interval '1 month' > now()`, /Months and years/],
  ];
  it.each(refused)('%s', (_, expression, words) => {
    const declare = () => defineReadModel({ offer }, 'offer', { name: 'm', where: () => expression });
    expect(declare).toThrow(EverwarmError);
    expect(declare).toThrow(words);
    expect(declare).toThrow(/^m\.where /);
  });
});

it('a text is cut as Postgres does', () => {
  const texts = (of: string) => sqlTokens(of).map(({ text: token }) => token);
  expect(texts(`a>=-1 AND E'\\'now()'||U&"x"<>$t$ ' $$ $t$::text`)).toEqual([
    'a',
    '>=',
    '-',
    '1',
    'and',
    `E'\\'now()'`,
    '||',
    'U&"x"',
    '<>',
    `$t$ ' $$ $t$`,
    '::',
    'text',
  ]);
  expect(texts(`x/*c*/-/* /* */ */y--end`)).toEqual(['x', '-', 'y']);
  expect(texts(`'open`)).toEqual([`'`, 'open']);
});
