import { expect, test } from 'vitest';
import { EverwarmError } from './errors.ts';
import { failureOf, isFailureOfValue } from './failure.ts';

const postgres = (code: string, message: string) => Object.assign(new Error(message), { code });

test('what is stored of a failure quotes nothing that a row holds', () => {
  expect(failureOf(postgres('22P02', 'invalid input syntax for type integer: "a "secret"\n"'))).toEqual({
    code: '22P02',
    words: 'invalid input syntax for type integer: "…"',
  });
  expect(failureOf(postgres('42703', 'column t.gone does not exist'))).toEqual({ code: '42703', words: 'column t.gone does not exist' });
  const thrown = new EverwarmError('E_TRANSFORM', 'The transform of m threw "a secret" for the key "1".', {
    cause: new RangeError('a secret'),
  });
  expect(failureOf(thrown)).toEqual({ code: 'E_TRANSFORM', words: 'The transform of m threw RangeError for the key "1".' });
  expect(failureOf(postgres('22P02', 'invalid input syntax for type bigint: "9007199254740993 is beyond 2^53"')).words).toBe(
    "a bigint in mode 'number' is beyond 2^53. Declare the column with mode 'bigint'.",
  );
});

test('a failure is of a value, or of the statement, or of the server, also where an error of ours tells of it', () => {
  const told = (cause: Error) => new EverwarmError('E_POSTGRES', `Postgres at here: ${cause.message}`, { cause });
  for (const code of ['21000', '22012', '23514', '54000', 'P0001', 'XX001']) {
    expect(isFailureOfValue(postgres(code, ''))).toBe(true);
    expect(isFailureOfValue(told(postgres(code, '')))).toBe(true);
  }
  for (const code of ['42703', '53100', '55P03', '57014', '57P01', '08006']) expect(isFailureOfValue(told(postgres(code, '')))).toBe(false);
  expect(failureOf(told(postgres('22012', 'division by zero')))).toEqual({ code: '22012', words: 'division by zero' });
});
