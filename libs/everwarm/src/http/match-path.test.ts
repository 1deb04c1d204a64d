import { expect, test } from 'vitest';
import { pathMatcher } from './match-path.ts';

const table = ['/posts', '/posts/:id', '/posts/:id/card', '/posts/newest', '/:a/:b/live', '/posts/:id/live', '/tenants/:tenant/posts/:id'];
const match = pathMatcher(table.map((path) => ({ path })));

test.each([
  ['/posts', '/posts', {}],
  ['/posts/7', '/posts/:id', { id: '7' }],
  ['/posts/newest', '/posts/newest', {}],
  ['/posts/7/card', '/posts/:id/card', { id: '7' }],
  ['/posts/7/live', '/posts/:id/live', { id: '7' }],
  ['/other/7/live', '/:a/:b/live', { a: 'other', b: '7' }],
  ['/tenants/a/posts/b', '/tenants/:tenant/posts/:id', { tenant: 'a', id: 'b' }],
  ['/posts/a%2Fb', '/posts/:id', { id: 'a/b' }],
  ['/posts/%0A', '/posts/:id', { id: '\n' }],
  ['/posts/', '/posts/:id', { id: '' }],
])('%s is %s', (path, found, params) => {
  expect(match(path)).toEqual({ found: { path: found }, params });
});

test.each(['/', '', '/nowhere', '/posts/7/card/', '/posts/7/other'])('%j is nowhere', (path) => {
  expect(match(path)).toBeNull();
});

test.each(['/posts/%', '/posts/%zz', '/posts/%ff'])('%s cannot be read', (path) => {
  expect(match(path)).toBe('malformed');
});
