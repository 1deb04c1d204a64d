import { and, eq, inArray, sql } from 'drizzle-orm';
import { bigint, date, integer, numeric, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineReadModel } from '#model/declare/define.ts';
import { identifier, qualified, textLiteral, valueLiteral } from './literal.ts';

/** Reads a text literal back as Postgres does, by its own grammar: doubled quotes, and backslashes only after E. */
function readBack(literal: string): string {
  const escaped = literal.startsWith('E');
  const inner = literal.slice(escaped ? 2 : 1, -1);
  if (!literal.endsWith("'")) throw new Error(`No literal: ${literal}`);
  let text = '';
  for (let at = 0; at < inner.length; at++) {
    const character = inner[at]!;
    if (character === "'" || (escaped && character === '\\')) {
      if (inner[at + 1] !== character) throw new Error(`Ends inside itself at ${at}: ${literal}`);
      at++;
    }
    text += character;
  }
  return text;
}

const awkward = fc.string({ unit: fc.constantFrom("'", '"', '\\', 'a', '\n', '$', ';', '-', 'é', '🐘', ' '), maxLength: 12 });

describe('text literals', () => {
  it('read back as what was written, whatever it is', () => {
    fc.assert(fc.property(fc.oneof(awkward, fc.string({ unit: 'grapheme' })), (text) => readBack(textLiteral(text)) === text));
  });

  it('leave nothing to standard_conforming_strings: a backslash is always escaped, under E', () => {
    expect(textLiteral('a\\b')).toBe("E'a\\\\b'");
    expect(textLiteral("it's")).toBe("'it''s'");
  });
});

describe('identifiers', () => {
  it('read back as what was written', () => {
    fc.assert(
      fc.property(awkward, (name) => {
        const quoted = identifier(name);
        expect(quoted.slice(1, -1).replaceAll('""', '\u0000').includes('"')).toBe(false);
        expect(quoted.slice(1, -1).replaceAll('""', '"')).toBe(name);
      }),
    );
  });

  it('are qualified by their schema', () => {
    expect(qualified({ schema: 'My "s"', name: 'T' })).toBe('"My ""s"""."T"');
  });
});

describe('values', () => {
  it.each([
    [null, 'null'],
    [true, 'true'],
    [7, '7'],
    [-7, '(-7)'],
    [-0.5, '(-0.5)'],
    [1e21, '1e+21'],
    [-9007199254740993n, '(-9007199254740993)'],
    [Number.NaN, "'NaN'"],
    [Number.NEGATIVE_INFINITY, "'-Infinity'"],
    [new Date('2024-02-29T12:00:00.123Z'), "'2024-02-29T12:00:00.123Z'"],
    [['a', "b'"], "array['a', 'b''']"],
    [[1, -2], 'array[1, (-2)]'],
    [[['a'], ['b']], "array[array['a'], array['b']]"],
    [[], "'{}'"],
    [Buffer.from([0, 255]), "'\\x00ff'"],
  ])('%s is written as %s', (value, literal) => {
    expect(valueLiteral(value)).toBe(literal);
  });

  it.each([Symbol('x'), () => 1, {}, [1, {}], undefined])('without a literal are told apart: %s', (value) => {
    expect(valueLiteral(value)).toBe(null);
  });
});

describe('values in a declaration', () => {
  const row = pgTable('row', {
    id: integer('id').primaryKey(),
    name: text('name'),
    big: bigint('big', { mode: 'bigint' }),
    at: timestamp('at', { withTimezone: true }),
    day: date('day', { mode: 'date' }),
    price: numeric('price'),
    words: text('words').array(),
  });
  const render = (where: (r: typeof row) => unknown) =>
    defineReadModel({ row }, 'row', { name: 'm', where: where as never }).compile().fragments[0]?.sql;

  it.each<[string, (r: typeof row) => unknown, string]>([
    ['quotes and backslashes', (r) => eq(r.name, `it's a \\ "x"`), `"t0"."name" = E'it''s a \\\\ "x"'`],
    ['negative numbers', (r) => sql`${r.id} - ${-3} > 0`, '"t0"."id" - (-3) > 0'],
    ['a list', (r) => inArray(r.name, ['a', "b'"]), `"t0"."name" in ('a', 'b''')`],
    ['a bigint', (r) => eq(r.big, -(2n ** 63n)), '"t0"."big" = (-9223372036854775808)'],
    ['a date, as its column writes it', (r) => eq(r.at, new Date(0)), `"t0"."at" = '1970-01-01T00:00:00.000Z'`],
    ['a decimal', (r) => eq(r.price, '1.50'), `"t0"."price" = '1.50'`],
    ['an array, as its column writes it', (r) => eq(r.words, ['a', 'b "c"']), `"t0"."words" = E'{"a","b \\\\"c\\\\""}'`],
    ['a dollar that is no parameter', (r) => eq(r.name, '$1'), `"t0"."name" = '$1'`],
    ['nested conditions', (r) => and(eq(r.id, 1), sql`${r.name} is ${null}`), '("t0"."id" = 1 and "t0"."name" is null)'],
  ])('%s', (_, where, expected) => {
    expect(render(where)).toBe(expected);
  });

  it('never leave a parameter or the text of a value outside of a literal', () => {
    fc.assert(
      fc.property(awkward, (name) => {
        const text = render((r) => eq(r.name, name)) ?? '';
        expect(text.startsWith('"t0"."name" = ')).toBe(true);
        expect(readBack(text.slice('"t0"."name" = '.length))).toBe(name);
      }),
    );
  });
});
