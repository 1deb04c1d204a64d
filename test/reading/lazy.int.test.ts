import { seededRandom, spawnNode, waitFor } from '@everwarm/testkit';
import { defineList, type LazyLifecycle } from 'everwarm';
import { createReader } from 'everwarm/reader';
import { expect, onTestFinished, test } from 'vitest';
import { documentKey } from '../../libs/everwarm/src/contracts/names.ts';
import { postgresCopies, redisCopies, servingId } from '../laws/fixtures/copies.ts';
import { type Depot, openDepot } from '../laws/fixtures/open-depot.ts';
import { openReader } from '../laws/fixtures/open-reader.ts';
import { lazyCard } from './fixtures/lazy-card.ts';

/** Ten suppliers, and the read model over them. */
async function openLazy(lazy: LazyLifecycle = {}) {
  const depot = await openDepot({ start: false });
  const model = lazyCard(lazy);
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") select n, 'S' || n from generate_series(1, 10) n`);
  const everwarm = depot.another([model]);
  await everwarm.migrate();
  await everwarm.start();
  await everwarm.settled();
  return { depot: { ...depot, everwarm }, everwarm, model };
}

const rename = (depot: Depot, id: number, name: string) =>
  depot.pool.query(`update "Depot"."Supplier" set "legal Name" = $2 where "supplierId" = $1`, [id, name]);

test('nothing is stored until it is read; then it is in both stores, and a change takes it away', async () => {
  const { depot, everwarm, model } = await openLazy();
  expect(await postgresCopies(depot, model)).toEqual(new Map());
  expect(await everwarm.reader.raw(model, 1)).toMatchObject({ tier: 'source', version: expect.any(String) });
  expect(everwarm.reader.stats().models[model.name]).toMatchObject({ redis: { misses: 1 }, postgres: { misses: 1 }, source: { hits: 1 } });
  const [stored, held] = [(await postgresCopies(depot, model)).get('1')!, (await redisCopies(depot, model)).get('1')!];
  expect(held).toEqual(stored);
  expect(await everwarm.reader.raw(model, 1)).toMatchObject({ tier: 'redis', version: stored.version });

  await rename(depot, 1, 'Other');
  await rename(depot, 2, 'Never read');
  await everwarm.settled();
  expect((await postgresCopies(depot, model)).get('1')).toMatchObject({ doc: null });
  expect((await redisCopies(depot, model)).get('1')).toMatchObject({ doc: null });
  expect([...(await postgresCopies(depot, model)).keys()]).toEqual(['1']);
  expect(await everwarm.reader.get(model, 1)).toMatchObject({ legalName: 'Other' });
  expect(await everwarm.reader.get(model, 2)).toMatchObject({ legalName: 'Never read' });
  expect(await everwarm.verify(model)).toMatchObject({ checked: 2, differing: 0 });
});

test('with refresh a change makes anew what is stored, and nothing else', async () => {
  const { depot, everwarm, model } = await openLazy({ refresh: 'recompute' });
  await everwarm.reader.get(model, 1);
  await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = 'Changed' where "supplierId" in (1, 2)`);
  await everwarm.settled();
  const copies = await postgresCopies(depot, model);
  expect([...copies.keys()]).toEqual(['1']);
  expect(copies.get('1')!.doc).toContain('Changed');
  expect(await everwarm.reader.raw(model, 1)).toMatchObject({ tier: 'redis' });
  expect(await everwarm.verify(model)).toMatchObject({ checked: 1, differing: 0 });
});

test('a deleted row is absent, and an absent one is there when it is inserted', async () => {
  const { depot, everwarm, model } = await openLazy();
  expect(await everwarm.reader.get(model, 1)).toMatchObject({ legalName: 'S1' });
  expect(await everwarm.reader.get(model, 77)).toBeNull();
  await depot.pool.query(`delete from "Depot"."Supplier" where "supplierId" = 1`);
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (77, 'New')`);
  await everwarm.settled();
  expect(await everwarm.reader.get(model, 1)).toBeNull();
  expect(await everwarm.reader.get(model, 1)).toBeNull();
  expect(await everwarm.reader.get(model, 77)).toMatchObject({ legalName: 'New' });
  expect(await everwarm.verify(model)).toMatchObject({ differing: 0 });
});

test('a document expires, and goes from Redis by itself', async () => {
  const { depot, everwarm, model } = await openLazy({ expireAfter: 400 });
  const first = (await everwarm.reader.raw(model, 1))!;
  const name = documentKey(depot.space, await servingId(depot.pool, model), '1');
  expect(await depot.redis.pttl(name)).toBeLessThanOrEqual(400);
  // A change that no table holds, and nobody told.
  await waitFor(async () => (await depot.redis.exists(name)) === 0, { what: 'Redis to forget it' });
  const second = (await everwarm.reader.raw(model, 1))!;
  expect(second.body).toEqual(first.body);
  expect(second.version! > first.version!).toBe(true);
  expect(second.asOf).toBeGreaterThan(first.asOf);
});

test('what is stale is given away while one process makes it anew', async () => {
  const { everwarm, model } = await openLazy({ expireAfter: 100, staleWhileRevalidate: '1h' });
  const first = (await everwarm.reader.raw(model, 1))!;
  await waitFor(() => Date.now() - first.asOf > 100, { what: 'its time to be over' });
  expect(await everwarm.reader.raw(model, 1)).toMatchObject({ tier: 'redis', version: first.version });
  expect(everwarm.reader.stats().models[model.name]?.redis.stale).toBe(1);
  await waitFor(async () => (await everwarm.reader.raw(model, 1))!.version! > first.version!, { what: 'a newer one' });
});

test('switching the lifecycle while it runs and is written loses nothing', async () => {
  const { depot, everwarm, model } = await openLazy();
  for (const id of [1, 2, 3]) await everwarm.reader.get(model, id);
  let round = 0;
  const writing = { end: false };
  const written = (async () => {
    while (!writing.end) {
      await rename(depot, 1 + (round++ % 10), `W${round}`);
      if (round % 7 === 0) await everwarm.reader.get(model, 1 + (round % 10));
    }
  })();
  const stay = lazyCard(null);
  const eager = depot.another([stay]);
  expect(await eager.migrate()).toMatchObject({ generations: [], lifecycles: [{ name: 'lazy_card', from: 'lazy', to: 'async' }] });
  await eager.settled();
  writing.end = true;
  await written;
  await eager.settled();
  expect([...(await postgresCopies(depot, model)).values()].filter(({ doc }) => doc !== null)).toHaveLength(10);
  expect(await eager.verify(stay)).toMatchObject({ checked: 10, differing: 0, inFlight: 0 });

  expect(await everwarm.migrate()).toMatchObject({ lifecycles: [{ name: 'lazy_card', from: 'async', to: 'lazy' }] });
  await rename(depot, 4, 'Gone');
  await everwarm.settled();
  expect((await postgresCopies(depot, model)).get('4')).toMatchObject({ doc: null });
  expect((await postgresCopies(depot, model)).get('5')!.doc).not.toBeNull();
  expect(await everwarm.reader.get(model, 4)).toMatchObject({ legalName: 'Gone' });
  expect(await everwarm.verify(model)).toMatchObject({ differing: 0 });
});

test('while Redis is away documents are read from where they are, and changes take them away all the same', async () => {
  const { depot, everwarm, model } = await openLazy();
  const linked = await openReader(depot);
  for (const id of [1, 2]) await linked.reader.get(model, id);
  linked.redis.cut();
  onTestFinished(() => linked.redis.heal());
  expect(await linked.reader.raw(model, 1)).toMatchObject({ tier: 'postgres' });
  await rename(depot, 1, 'Changed');
  await everwarm.settled();
  expect(await linked.reader.raw(model, 1)).toMatchObject({ tier: 'source', version: null });
  expect(await linked.reader.get(model, 1)).toMatchObject({ legalName: 'Changed' });
  linked.redis.heal();
  await waitFor(async () => (await linked.reader.raw(model, 2))?.tier === 'redis', { what: 'Redis to be trusted again' });
  await waitFor(async () => (await linked.reader.raw(model, 1))?.tier === 'redis', { what: 'the changed one to be stored' });
});

test('a list over a lazy model shows every card', async () => {
  const { depot } = await openLazy();
  const model = lazyCard();
  const all = defineList(model, { name: 'lazy_cards', orderBy: (s, { asc }) => [asc(s.legalName)] });
  const everwarm = depot.another([model, all]);
  await everwarm.migrate();
  await everwarm.settled();
  expect((await everwarm.reader.list(all)).items).toHaveLength(10);
});

test.each<LazyLifecycle>([{}, { refresh: 'recompute' }, { expireAfter: 60 }, { expireAfter: 40, staleWhileRevalidate: 40 }])(
  'no reader sees a document go back while it is written, evicted, filled and expires: %j',
  async (lazy) => {
    const { depot, everwarm, model } = await openLazy(lazy);
    const random = seededRandom('lazy');
    const readers = [everwarm.reader, (await openReader(depot)).reader];
    await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = '0'`);
    await everwarm.settled();
    const watch = readers.map(async (reader) => {
      const seen = new Map<number, number>();
      for (let read = 0; read < 40; read++) {
        const id = 1 + (read % 2);
        const shown = Number((await reader.get(model, id))?.legalName);
        expect(shown, `supplier ${id} after ${seen.get(id)}`).toBeGreaterThanOrEqual(seen.get(id) ?? 0);
        seen.set(id, shown);
      }
    });
    let isOver = false;
    const over = Promise.all(watch).finally(() => {
      isOver = true;
    });
    over.catch(() => undefined);
    for (let round = 1; !isOver; round++) {
      const id = random.integer(1, 2);
      await Promise.all([rename(depot, id, String(round)), random.chance(0.3) && everwarm.evict(model, id)]);
    }
    await over;
    await everwarm.settled();
    expect(await everwarm.verify(model)).toMatchObject({ differing: 0, inFlight: 0 });
    for (const reader of readers) expect(await reader.get(model, 1)).toMatchObject(naive(await depot.pool.query(named, [1])));
  },
);

const named = `select "legal Name" as name from "Depot"."Supplier" where "supplierId" = $1`;
const naive = ({ rows }: { rows: { name: string }[] }) => ({ legalName: rows[0]!.name });

test('a reader that dies when Postgres has what it made, and Redis does not, leaves a debt that takes it away', async () => {
  const { depot, everwarm, model } = await openLazy();
  await everwarm.stop();
  const dying = spawnNode('test/reading/fixtures/dying-reader.ts', {
    env: { DEPOT_POSTGRES: depot.database.urlFor('dying'), DEPOT_REDIS: depot.redisUrl, DEPOT_NAMESPACE: depot.space.namespace },
  });
  onTestFinished(async () => void (await dying.stop()));
  expect(await dying.exited).toMatchObject({ signal: 'SIGKILL' });
  const live = async () => [...(await postgresCopies(depot, model)).values()].filter(({ doc }) => doc !== null).length;
  expect(await live()).toBe(1);
  const again = depot.another([model]);
  await again.start();
  await again.settled();
  expect(await live()).toBe(0);
  expect(await again.reader.get(model, 1)).toMatchObject({ legalName: 'S1' });
});

test('a reader that may not write reads all the same, and stores nothing', async () => {
  const { depot, model } = await openLazy();
  const url = `${depot.database.urlFor('readonly')}&options=${encodeURIComponent('-c default_transaction_read_only=on')}`;
  const reader = createReader({ postgres: url, redis: depot.redisUrl, namespace: depot.space.namespace });
  onTestFinished(() => reader.stop());
  for (const id of [1, 2]) expect(await reader.raw(model, id)).toMatchObject({ tier: 'source', version: null });
  expect(await postgresCopies(depot, model)).toEqual(new Map());
});
