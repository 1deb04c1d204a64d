import { expect, test } from 'vitest';
import { describeUrl } from './resolve.mjs';

test('a URL is described by host and database, never by user or password', () => {
  expect(describeUrl('postgres://ada:secret@db.example:5433/blog?sslmode=require')).toBe('host db.example:5433, database blog');
  expect(describeUrl('redis://:secret@cache.example')).toBe('host cache.example');
  expect(describeUrl('postgres:///blog?host=/run/postgresql')).toBe('host (local socket), database blog');
  expect(describeUrl('host=db password=secret')).not.toContain('secret');
});
