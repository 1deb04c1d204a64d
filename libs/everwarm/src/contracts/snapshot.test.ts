import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSnapshot } from './snapshot.ts';

test('a snapshot without transactions in progress', () => {
  expect(parseSnapshot('795:795:')).toEqual({ text: '795:795:', xmin: 795n, xmax: 795n, inProgress: [] });
});

test('a snapshot with transactions in progress, whose ids do not fit a double', () => {
  const text = '18446744073709551000:18446744073709551615:18446744073709551000,18446744073709551003';
  expect(parseSnapshot(text)).toEqual({
    text,
    xmin: 18446744073709551000n,
    xmax: 18446744073709551615n,
    inProgress: ['18446744073709551000', '18446744073709551003'],
  });
});

test('any snapshot keeps its text and its numbers', () => {
  const xid = fc.bigInt({ min: 3n, max: 2n ** 64n - 1n });
  fc.assert(
    fc.property(xid, xid, fc.array(xid), (xmin, xmax, inProgress) => {
      const snapshot = parseSnapshot(`${xmin}:${xmax}:${inProgress.join(',')}`);
      expect(snapshot).toMatchObject({ xmin, xmax, inProgress: inProgress.map(String) });
      expect(snapshot.text).toBe(`${xmin}:${xmax}:${inProgress.join(',')}`);
    }),
  );
});
