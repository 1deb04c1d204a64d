import { createDatabase, providedServers } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { CompiledModel, Generation } from '#contracts/compiled.ts';
import { documentKey } from '#contracts/names.ts';
import { formatVersion } from '#contracts/version.ts';
import { migrateSchema } from '#platform/migrate-schema.ts';
import { openPostgres } from '#platform/postgres.ts';
import { withFencedCommands } from './scripts.ts';
import { scrubber } from './scrub.ts';
import { documentTableSql } from './write-documents.ts';

const generation = (id: number): Generation => ({
  id,
  name: 'm',
  hash: '',
  state: 'serving',
  lifecycle: 'async',
  stalled: null,
  model: { kind: 'document' } as CompiledModel,
});

/** Documents of which Redis holds none, in these generations, and who scrubs them. */
async function setup(documents: Readonly<Record<number, number>>) {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const { transactions: db, ...postgres } = openPostgres(database.urlFor('scrub'), { max: 2 });
  onTestFinished(() => postgres.close());
  await migrateSchema(db);
  const redis = withFencedCommands(new Redis(providedServers().redisUrl));
  onTestFinished(() => redis.disconnect());
  const space = { namespace: database.name, epoch: '1' };
  for (const [id, count] of Object.entries(documents)) {
    await db.query(documentTableSql(Number(id)));
    await db.query(
      `insert into everwarm.projection_${id} select lpad(n::text, 6, '0'), $1, now(), '{}' from generate_series(1, ${count}) n`,
      [formatVersion(1, 1n)],
    );
  }
  const live = Object.keys(documents).map((id) => generation(Number(id)));
  const successor = () => scrubber({ db, redis, space, generations: async () => live });
  const held = async (id: number) => {
    const keys = Array.from({ length: documents[id]! }, (_, n) => documentKey(space, id, String(n + 1).padStart(6, '0')));
    return redis.exists(keys);
  };
  const lastHeld = (id: number) => redis.exists(documentKey(space, id, String(documents[id]).padStart(6, '0')));
  return { db, redis, space, live, successor, held, lastHeld };
}

test('leaders that live for one step each come round to everything', async () => {
  const { successor, held } = await setup({ 1: 1100, 2: 10, 4: 700 });
  // Three steps, one, and two.
  for (let step = 0; step < 6; step++) {
    expect(await held(4)).toBe(step < 5 ? 0 : 500);
    await successor()();
  }
  expect([await held(1), await held(2), await held(4)]).toEqual([1100, 10, 700]);
});

test('a generation that is gone holds nothing up, be it met in a pass or where the last leader was', async () => {
  const { db, live, successor, lastHeld } = await setup({ 1: 600, 2: 10, 3: 10 });
  const leader = successor();
  await leader();
  await db.query(`drop table everwarm.projection_2`);
  const pauses = [await leader(), await leader(), await leader()];
  expect([await lastHeld(1), await lastHeld(3)]).toEqual([1, 1]);
  // The end of the pass.
  expect(pauses.at(-1)).toBe(5000);

  live.pop();
  await db.query(`update everwarm.scrub_position set generation = 3, after = '000002'`);
  const next = successor();
  expect(await next()).toBe(5000);
  expect((await db.query('select generation, after from everwarm.scrub_position')).rows).toEqual([{ generation: 0, after: null }]);
});

test('a generation whose step fails again and again keeps no other from its turn, and is tried anew in each pass', async () => {
  const { redis, space, successor, held, lastHeld } = await setup({ 1: 10, 2: 600, 3: 10 });
  // Something of another type, by another hand, where a document of the second step belongs.
  const taken = documentKey(space, 2, '000550');
  await redis.rpush(taken, 'x');
  const leader = successor();
  await leader();
  await leader();
  expect([await held(1), await lastHeld(2), await held(3)]).toEqual([10, 0, 0]);
  await expect(leader()).rejects.toThrow('WRONGTYPE');
  await expect(leader()).rejects.toThrow('WRONGTYPE');
  await leader();
  expect(await held(3)).toBe(10);
  expect(await leader()).toBe(5000);
  await leader();
  await leader();
  await expect(leader()).rejects.toThrow('WRONGTYPE');
  await redis.del(taken);
  await leader();
  expect(await held(2)).toBe(600);
});
