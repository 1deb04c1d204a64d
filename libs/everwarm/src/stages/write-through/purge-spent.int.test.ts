import { createDatabase, providedServers } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { CompiledModel, Generation } from '#contracts/compiled.ts';
import type { Lifecycle } from '#contracts/lifecycle.ts';
import { documentKey } from '#contracts/names.ts';
import { formatVersion } from '#contracts/version.ts';
import { purgeSpent } from './purge-spent.ts';
import { withFencedCommands } from './scripts.ts';
import { documentTableSql } from './write-documents.ts';

const generation = (id: number, lifecycle: Lifecycle): Generation => ({
  id,
  name: 'm',
  hash: '',
  state: 'serving',
  lifecycle,
  stalled: null,
  model: {} as CompiledModel,
});

test('only what a lazy model holds too long to be read goes, from Redis too, and no marker of an eviction', async () => {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  await database.pool.query('create schema everwarm');
  const redis = withFencedCommands(new Redis(providedServers().redisUrl));
  onTestFinished(() => redis.disconnect());
  const space = { namespace: database.name, epoch: '1' };
  const generations = [
    generation(1, { lazy: { expireAfter: '1m', staleWhileRevalidate: '1m' } }),
    generation(2, { lazy: {} }),
    generation(3, 'async'),
  ];
  for (const { id } of generations)
    await database.pool.query(`${documentTableSql(id)}; insert into everwarm.projection_${id} values
      ('old', '1', now() - interval '5 minutes', '{}'), ('absent', '1', now() - interval '5 minutes', null),
      ('stale', '1', now() - interval '110 seconds', '{}'), ('new', '1', now(), '{}'), ('evicted', '1', '-infinity', null)`);
  // As it was written while the model was not lazy: it does not go by itself.
  const [stored, later] = [formatVersion(1, 1n), formatVersion(1, 2n)];
  await database.pool.query(`update everwarm.projection_1 set version = $1`, [stored]);
  const name = (key: string) => documentKey(space, 1, key);
  await redis.mset(name('old'), `${stored}d`, name('absent'), `${later}d`, name('stale'), `${stored}d`);
  expect(await purgeSpent({ db: database.pool, redis, space }, generations)).toBe(false);
  expect(await redis.mget(name('old'), name('absent'), name('stale'))).toEqual([null, `${later}d`, `${stored}d`]);
  const left = async (id: number) =>
    (await database.pool.query<{ key: string }>(`select key from everwarm.projection_${id} order by key`)).rows.map(({ key }) => key);
  expect(await left(1)).toEqual(['evicted', 'new', 'stale']);
  for (const id of [2, 3]) expect(await left(id)).toHaveLength(5);
});
