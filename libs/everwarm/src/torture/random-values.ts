import { textLiteral } from '#model/sql/literal.ts';
import type { Random } from './types.ts';
import type { WrittenColumn } from './written-tables.ts';

/** Small pools, so that keys meet; every one has a value that is troublesome somewhere. */
const texts = ['a', 'b', 'A', '', ' ', "it's", 'say "hi"', 'back\\slash', 'two\nlines', 'ünïcödé', '🐘', 'null', 'z:z', '{1}', '["a"]'];

const makers: readonly (readonly [RegExp, (random: Random) => string])[] = [
  [/^smallint$/, (random) => String(random.integer(-5, 500))],
  [/^(integer|bigint)$/, (random) => String(random.integer(-5, 5000))],
  [/^numeric/, (random) => random.pick(['0', '1', '1.00', '-2.5', '9.99', '100'])],
  [/^(real|double precision)$/, (random) => random.pick(['0', '1.5', '-0.1', '1e20'])],
  [/^boolean$/, (random) => random.pick(['true', 'false'])],
  [/^(text|character varying|character)(\(\d+\))?$/, (random) => random.pick(texts)],
  [/^uuid$/, (random) => `${random.integer(1, 9)}0000000-0000-4000-8000-${String(random.integer(0, 5000)).padStart(12, '0')}`],
  [/^date$/, (random) => `20${random.integer(10, 29)}-0${random.integer(1, 9)}-1${random.integer(0, 9)}`],
  [/^timestamp/, (random) => new Date(Date.UTC(2024, 0, 1) + random.integer(0, 10 ** 11)).toISOString()],
  [/^time /, (random) => `0${random.integer(0, 9)}:30:00`],
  [/^interval$/, (random) => `${random.integer(0, 50)} minutes`],
  [/^jsonb?$/, (random) => random.pick(['null', '{}', '{"a": 1.0}', '[1, 2]', '"text"'])],
  [/^bytea$/, (random) => random.pick(['\\x', '\\x00ff', '\\xdeadbeef'])],
];

/** A random value of the column's type as SQL; null where nobody here knows the type. A value may be refused by a constraint. */
export function randomValue(random: Random, { type, nullable, labels }: WrittenColumn): string | null {
  if (nullable && random.chance(0.3)) return 'null';
  if (labels.length > 0) return `${textLiteral(random.pick(labels))}::${type}`;
  const make = makers.find(([pattern]) => pattern.test(type))?.[1];
  if (!make) return null;
  const length = /^character(?: varying)?\((\d+)\)$/.exec(type)?.[1];
  // By code points: half a pair is no text.
  const value = length === undefined ? make(random) : Array.from(make(random)).slice(0, Number(length)).join('');
  return `${textLiteral(value)}::${type}`;
}
