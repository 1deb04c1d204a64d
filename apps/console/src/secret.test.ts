import { expect, test } from 'vitest';
import { keepSecret } from './secret.ts';

test('a token opens, what browsers hold opens, and neither stands for the other', () => {
  const secret = keepSecret('token');
  expect([secret.isToken('token'), secret.isSession(secret.session)]).toEqual([true, true]);
  expect([secret.isToken(secret.session), secret.isSession('token')]).toEqual([false, false]);
  for (const wrong of ['', 'toke', 'tokens', 'TOKEN']) expect([secret.isToken(wrong), secret.isSession(wrong)]).toEqual([false, false]);
});

test('the session is of one token, the same after a restart', () => {
  expect(keepSecret('a').session).toBe(keepSecret('a').session);
  expect(keepSecret('a').isSession(keepSecret('b').session)).toBe(false);
});
