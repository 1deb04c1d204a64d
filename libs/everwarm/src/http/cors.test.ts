import { expect, test } from 'vitest';
import { allowOrigin, type Cors, checkCors, preflightAnswer } from './cors.ts';

const shop: Cors = { origin: ['https://shop.example'], credentials: true };

function said(cors: Cors, from: string | undefined, before: readonly string[] = []): Record<string, string> {
  const headers = [...before];
  allowOrigin(headers, cors, from);
  return Object.fromEntries(headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] ?? '']] : [])));
}

test('named origins are allowed by their names, others are not, and answers say that they depend on it', () => {
  expect(said(shop, 'https://shop.example')).toMatchObject({
    'access-control-allow-origin': 'https://shop.example',
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': expect.stringContaining('everwarm-version'),
    vary: 'origin',
  });
  expect(said(shop, 'https://other.example')).toEqual({ vary: 'origin' });
  expect(said(shop, undefined, ['vary', 'accept-encoding'])).toEqual({ vary: 'accept-encoding, origin' });
});

test('all origins are one answer', () => {
  expect(said({ origin: '*' }, 'https://other.example')).toEqual({
    'access-control-allow-origin': '*',
    'access-control-expose-headers': expect.any(String),
  });
});

test('a browser that asks first hears which headers it may send', () => {
  const { status, headers, body } = preflightAnswer(shop, 'https://shop.example');
  expect([status, body]).toEqual([204, null]);
  expect(headers).toEqual(expect.arrayContaining(['access-control-allow-headers', 'everwarm-after, if-none-match, last-event-id']));
});

test.each([
  [{ origin: '*', credentials: true }],
  [{ origin: ['https://shop.example/'] }],
  [{ origin: ['shop.example'] }],
  [{ origin: ['null'] }],
] as [Cors][])('refuses %j', (cors) => {
  expect(() => checkCors(cors)).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
});
