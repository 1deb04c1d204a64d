import { seededRandom, waitFor } from '@everwarm/testkit';
import type { AnyModel, Reader } from 'everwarm';
import { expect, test } from 'vitest';
import { postgresCopies } from './fixtures/copies.ts';
import { openDepot } from './fixtures/open-depot.ts';
import { openReader } from './fixtures/open-reader.ts';
import { supplierCard, supplierOrders } from './fixtures/read-models.ts';
import { spawnWorker } from './fixtures/spawn-worker.ts';
import { stockDepot, writeRandomly } from './fixtures/write-randomly.ts';

const suppliers = [1, 2, 3, 4, 5, 6] as const;

/** Reads again and again, one question after the other, and holds every version against what was shown before. */
class Client {
  readonly faults: string[] = [];
  readonly tiers: Record<string, number> = {};
  readonly #reader: Reader;
  readonly #newest = new Map<string, string>();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  async ask(round: number): Promise<void> {
    const supplier = suppliers[round % suppliers.length]!;
    if (round % 5 === 0) this.#see(supplierCard, suppliers, await this.#reader.rawMany(supplierCard, suppliers));
    else if (round % 7 === 0) {
      const { items } = await this.#reader.rawList(supplierOrders, supplier);
      const keys = items.map(({ body }) => ((order) => `${order.region} ${order.orderNo}`)(JSON.parse(body.toString())));
      this.#see(supplierOrders, keys, items);
    } else this.#see(supplierCard, [supplier], [await this.#reader.raw(supplierCard, supplier)]);
  }

  #see(model: AnyModel, keys: readonly unknown[], documents: readonly ({ version: string | null; tier: string } | null)[]): void {
    for (const [index, document] of documents.entries()) {
      if (!document?.version) continue;
      const { version, tier } = document;
      const name = `${model.name} ${String(keys[index])}`;
      const before = this.#newest.get(name) ?? '';
      if (version < before) this.faults.push(`${tier} showed ${name} as ${version} after ${before}`);
      this.#newest.set(name, version);
      this.tiers[tier] = (this.tiers[tier] ?? 0) + 1;
    }
  }
}

test('with memory, no client is shown an earlier version than before, while several processes write at random', {
  timeout: 120_000,
}, async () => {
  const random = seededRandom('memory under writes');
  const depot = await openDepot();
  await stockDepot(depot.pool);
  await spawnWorker(depot);
  // Of the third little fits, so that much comes and goes; what the second holds is soon too old.
  const memories = [{ maxBytes: 2 ** 20 }, { maxBytes: 2 ** 20, maxAgeMs: 50 }, { maxBytes: 2 ** 16 }];
  const readers = await Promise.all(memories.map(async (memory) => (await openReader(depot, memory)).reader));
  const clients = readers.flatMap((reader) => [new Client(reader), new Client(reader)]);

  let writing = true;
  const reading = clients.map(async (client) => {
    for (let round = 0; writing; round++) {
      await client.ask(round);
      // Memory answers without a turn of the event loop; what is heard needs one.
      if (round % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  });
  await writeRandomly(depot.pool, random, 150);
  await depot.everwarm.settled({ timeoutMs: 60_000 });
  writing = false;
  await Promise.all(reading);

  console.log(JSON.stringify(clients.map(({ tiers }) => tiers)));
  expect(clients.flatMap(({ faults }) => faults)).toEqual([]);
  for (const { tiers } of clients) expect(tiers['memory']).toBeGreaterThan(0);
  // And what is kept is soon the last that was written, also where nothing grows too old.
  const written = await postgresCopies(depot, supplierCard);
  for (const reader of readers)
    for (const supplier of suppliers)
      await waitFor(
        async () => ((await reader.raw(supplierCard, supplier))?.body.toString() ?? null) === (written.get(String(supplier))?.doc ?? null),
        { what: `the last version of supplier ${supplier}` },
      );
});

test('what this process waited for, it reads, from memory or not', async () => {
  const depot = await openDepot({ memory: { maxBytes: 2 ** 20 } });
  const { reader } = depot.everwarm;
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, '0')`);
  const tiers = new Set<string | undefined>();
  for (let round = 1; round <= 10; round++) {
    await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = $1`, [String(round)]);
    await depot.everwarm.settled();
    for (let read = 0; read < 3; read++) {
      const document = await reader.raw(supplierCard, 1);
      expect(JSON.parse(String(document?.body))).toMatchObject({ legalName: String(round) });
      tiers.add(document?.tier);
    }
  }
  expect(tiers).toContain('memory');
});

test('what this process evicted, it does not read from memory', async () => {
  const depot = await openDepot({ memory: { maxBytes: 2 ** 20 } });
  const { everwarm, pool } = depot;
  await pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One')`);
  await everwarm.settled();
  for (let round = 0; round < 5; round++) {
    await waitFor(async () => (await everwarm.reader.raw(supplierCard, 1))?.tier === 'memory', { what: 'memory to answer' });
    await everwarm.evict(supplierCard, 1);
    expect((await everwarm.reader.raw(supplierCard, 1))?.tier).not.toBe('memory');
  }
});
