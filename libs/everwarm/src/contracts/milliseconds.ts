/**
 * SQL that gives a moment as milliseconds since 1970, a number to whoever reads the row; of -infinity the text of that number. As JSON,
 * since the digits of a float8 are those of the session's `extra_float_digits`, which only transactions of the engine set: a database
 * that has it at -5 would round such moments to seconds.
 */
export const millisecondsSql = (moment: string): string => `to_json((extract(epoch from ${moment}) * 1000)::numeric)`;
