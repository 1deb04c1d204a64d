import { TestSignal } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { nextFlight } from './next-flight.ts';

type Question = { readonly answer: (value: string) => void; readonly fail: (error: Error) => void };

/** Questions that the test answers, one after the other as they begin. */
function openQuestions() {
  const begun = new TestSignal<Question>('a question to begin');
  const flights = new Map<string, Promise<string>>();
  const ask = (name: string) => nextFlight(flights, name, () => new Promise<string>((answer, fail) => begun.fire({ answer, fail })));
  return { begun, flights, ask };
}

test('who comes while a question is under way shares the next one, which begins when that one is answered', async () => {
  const { begun, flights, ask } = openQuestions();
  const first = ask('1:a');
  const later = [ask('1:a'), ask('1:a'), ask('1:a')];
  (await begun.next()).answer('earlier');
  expect(await first).toBe('earlier');
  const second = await begun.next();
  const last = ask('1:a');
  second.answer('later');
  expect(await Promise.all(later)).toEqual(['later', 'later', 'later']);
  (await begun.next()).answer('last');
  expect(await last).toBe('last');
  expect([begun.pending, flights.size]).toEqual([0, 0]);
});

test('other keys are not waited for, nor does a question that fails take others with it', async () => {
  const { begun, ask } = openQuestions();
  const [first, waiting, other] = [ask('1:a'), ask('1:a'), ask('1:b')];
  const [a, b] = [await begun.next(), await begun.next()];
  b.answer('b');
  expect(await other).toBe('b');
  a.fail(new Error('away'));
  await expect(first).rejects.toThrow('away');
  (await begun.next()).answer('a');
  expect(await waiting).toBe('a');
});
