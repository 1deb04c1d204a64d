import { expect, test } from 'vitest';
import { durationMs } from './duration.ts';

test('a duration is milliseconds, or a number with its unit', () => {
  const given = [0, 1500.5, '250ms', '2s', '1.5m', '1h', '7d'].map((value) => durationMs(value, 'it'));
  expect(given).toEqual([0, 1500.5, 250, 2000, 90_000, 3_600_000, 604_800_000]);
});

test.each(['', '2', 's', '-1s', '2 s', '2sec', '1e3s', -1, Number.NaN, Number.POSITIVE_INFINITY])(
  '%j is none, and the error says whose',
  (value) => {
    expect(() => durationMs(value, 'maxStaleness')).toThrow(
      expect.objectContaining({ code: 'E_CONFIG', message: expect.stringContaining('maxStaleness') }),
    );
  },
);
