import { EverwarmError } from 'everwarm';
import pg from 'pg';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { logFailure } from './log-failure.ts';

/** The line that a failure leaves in the log. */
function lineOf(error: unknown): string {
  let line = '';
  const write = (text: string) => {
    line += text;
  };
  const log = pino({ base: null, timestamp: false }, { write });
  logFailure(log, error, 'recompute of post_detail');
  return line;
}

test('an error of the engine keeps its words and ids', () => {
  const error = new EverwarmError('E_TIMEOUT', 'Waited 5 s.', { context: { model: 'post_detail' } });
  expect(JSON.parse(lineOf(error))).toEqual({
    level: 40,
    during: 'recompute of post_detail',
    code: 'E_TIMEOUT',
    message: 'Waited 5 s.',
    context: { model: 'post_detail' },
    msg: 'failed: recompute of post_detail',
  });
});

test('an error of the database keeps its code and names, not the row it quotes', () => {
  const error = Object.assign(new pg.DatabaseError('invalid input: "Ann Secret"', 1, 'error'), {
    code: '22P02',
    table: 'users',
    detail: 'Ann Secret',
  });
  const line = lineOf(new Error('Failed query with params Ann Secret', { cause: error }));
  expect(JSON.parse(line)).toMatchObject({ code: '22P02', table: 'users' });
  expect(line).not.toContain('Secret');
});

test('an error of the network says what happened; any other keeps where, not what', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED', syscall: 'connect' });
  expect(JSON.parse(lineOf(refused))).toMatchObject({ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:1' });
  const line = lineOf(new TypeError('cannot read Secret'));
  expect(JSON.parse(line)).toMatchObject({ name: 'TypeError', at: expect.stringContaining('log-failure.test.ts') });
  expect(line).not.toContain('Secret');
  expect(JSON.parse(lineOf('Secret'))).toMatchObject({ name: 'string' });
});
