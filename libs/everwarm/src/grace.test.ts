import { expect, test } from 'vitest';
import { withinGrace } from './grace.ts';

const never = new Promise<void>(() => undefined);

test('what is done in time is done, what fails says so, and nobody waits for the rest', async () => {
  expect(await withinGrace(Promise.resolve(), 60_000)).toBe(true);
  await expect(withinGrace(Promise.reject(new Error('broken')), 60_000)).rejects.toThrow('broken');
  expect(await withinGrace(never, 1)).toBe(false);
});

test('force ends the wait, whenever it comes', async () => {
  expect(await withinGrace(never, 60_000, AbortSignal.abort())).toBe(false);
  const force = new AbortController();
  const waiting = withinGrace(never, 60_000, force.signal);
  force.abort();
  expect(await waiting).toBe(false);
});
