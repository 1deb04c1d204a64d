import { describe, expect, test } from 'vitest';
import { TestSignal, waitFor } from './signals.ts';

describe('waitFor', () => {
  test('returns the first answer that holds', async () => {
    const answers = [undefined, null, false, 'there'];
    expect(await waitFor(() => answers.shift(), { what: 'an answer' })).toBe('there');
  });

  test('takes an error for "not yet"', async () => {
    let calls = 0;
    const condition = () => {
      calls += 1;
      if (calls < 3) throw new Error('not yet');
      return calls;
    };
    expect(await waitFor(condition, { what: 'the third call' })).toBe(3);
  });

  test('says what it waited for, and the last error', async () => {
    const never = () => {
      throw new Error('connection refused');
    };
    await expect(waitFor(never, { what: 'the server', timeoutMs: 10 })).rejects.toThrow(
      'Waited 10 ms for the server; at last it threw connection refused.',
    );
  });
});

describe('TestSignal', () => {
  test('keeps moments that came before anybody waited, in order', async () => {
    const signal = new TestSignal<number>('a number');
    signal.fire(1);
    signal.fire(2);
    expect([await signal.next(), await signal.next()]).toEqual([1, 2]);
    expect(signal.pending).toBe(0);
  });

  test('wakes those who wait, first come first served', async () => {
    const signal = new TestSignal<string>('a text');
    const both = Promise.all([signal.next(), signal.next()]);
    signal.fire('first');
    signal.fire('second');
    expect(await both).toEqual(['first', 'second']);
  });

  test('gives up in time, and then does not swallow the next moment', async () => {
    const signal = new TestSignal<string>('a moment');
    await expect(signal.next(1)).rejects.toThrow('Waited 1 ms for a moment');
    signal.fire('late');
    expect(await signal.next()).toBe('late');
  });
});
