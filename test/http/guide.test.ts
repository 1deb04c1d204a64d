import { readFile } from 'node:fs/promises';
import { readModels, schema } from '@everwarm/blog';
import { drizzle } from 'drizzle-orm/node-postgres';
import { createEverwarm } from 'everwarm';
import fastify from 'fastify';
import pg from 'pg';
import { expect, test } from 'vitest';
import { regionsOf, shownCode } from '../docs/shown-code.ts';
import { serveBoth, serveOwners, takeComments } from './guide.ts';

const root = new URL('../../', import.meta.url);
const nowhere = { postgres: 'postgres://127.0.0.1:1/none', redis: 'redis://127.0.0.1:1' };

test('docs/guides/http.md shows code that compiles with everything else, and all of it', async () => {
  const regions = regionsOf(await readFile(new URL('test/http/guide.ts', root), 'utf8'));
  const blocks = shownCode(await readFile(new URL('docs/guides/http.md', root), 'utf8'));
  expect(blocks.map(({ from }) => from?.file)).toEqual(blocks.map(() => 'test/http/guide.ts'));
  expect(new Map(blocks.map(({ from, code }) => [from?.region, code]))).toEqual(regions);
});

test('serving connects to nothing before something is read, and what cannot be right needs no server at all', async () => {
  const app = fastify();
  const { reader, routes, handler } = await serveBoth(app, nowhere);
  const everwarm = createEverwarm({ ...nowhere, readModels });
  const pool = new pg.Pool({ connectionString: nowhere.postgres });
  takeComments(app, { everwarm, db: drizzle({ client: pool, schema }) });
  await app.register(async (scope) => serveOwners(scope, { reader, routes }, () => 1), { prefix: '/owners' });
  for (const path of ['/api/posts/one', '/api/posts/one/live', '/api/categories/1/posts?after=x', '/api/categories/1/posts?limit=0']) {
    expect((await handler(new Request(`http://blog.example${path}`))).status).toBe(400);
    expect((await app.inject(path)).statusCode).toBe(400);
  }
  // The blog's posts have no tenants.
  expect((await app.inject('/owners/posts/1')).json()).toMatchObject({ status: 403, code: 'E_TENANT' });
  expect((await app.inject('/api/posts/1')).json()).toMatchObject({ status: 503, code: 'E_POSTGRES' });
  await Promise.all([app.close(), reader.stop(), everwarm.stop(), pool.end()]);
});
