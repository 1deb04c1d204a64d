/** Texts that are troublesome somewhere: in SQL, JSON, COPY, arrays, keys of Redis, or in an order. */
export const nastyTexts: readonly string[] = [
  'a',
  'b',
  'c',
  'A',
  '',
  ' ',
  'z:z',
  '{1}',
  '["a"]',
  "it's",
  'say "hi"',
  'back\\slash',
  'two\nlines\tand\rmore',
  'ünïcödé',
  '🐘🔥',
  '\u2028',
  '\u0001',
  'null',
  '\\N',
  '%s $1 :x',
];

/** Those that fit into a `varchar(12)`. */
export const shortTexts: readonly string[] = nastyTexts.filter((text) => text.length <= 12);
