import { expect, test } from 'vitest';
import { EverwarmError } from '#contracts/errors.ts';
import { onceAnOutage } from './once-an-outage.ts';

function listen() {
  const told: string[] = [];
  let clock = 0;
  const report = onceAnOutage(
    (error, during) => told.push(`${during}: ${(error as Error).message}`),
    () => clock,
  );
  return { told, report, pass: (ms: number) => (clock += ms) };
}

const refused = () => Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });

test('a server that is away is told of once, whoever meets it, and again when it is away again', () => {
  const { told, report, pass } = listen();
  for (let second = 0; second < 60; second++) {
    for (const during of ['relay', 'refill', 'timers']) report(refused(), during);
    report(new EverwarmError('E_POSTGRES', 'Postgres cannot be used', { cause: refused() }), 'fold');
    pass(1000);
  }
  expect(told).toEqual(['relay: connect ECONNREFUSED 127.0.0.1:5432']);
  pass(10_000);
  report(refused(), 'fold');
  expect(told).toHaveLength(2);
});

test('another trouble is news, and what is no trouble of a server always is', () => {
  const { told, report } = listen();
  const full = Object.assign(new Error('could not extend file: No space left on device'), { code: '53100' });
  for (const error of [refused(), full, refused(), full, new Error('a value'), new Error('a value')]) report(error, 'x');
  expect(told).toHaveLength(4);
});
