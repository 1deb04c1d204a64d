import { seededRandom, waitFor } from '@everwarm/testkit';
import type { Reader } from 'everwarm';
import { expect, test } from 'vitest';
import { befallRandomly } from './fixtures/link-faults.ts';
import { openDepot } from './fixtures/open-depot.ts';
import { openReader } from './fixtures/open-reader.ts';
import { supplierCard, supplierOrders } from './fixtures/read-models.ts';

/** How many orders of the supplier there are at a time: each new one comes at the top of the list, and the oldest goes. */
const kept = 5;

test('whatever befalls it, no reader is shown an earlier document or page than before', async () => {
  const random = seededRandom('readers under faults');
  const depot = await openDepot({ ownRedis: 'persistent' });
  const { pool, everwarm } = depot;
  await pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, '0')`);
  await everwarm.settled();
  const linked = await openReader(depot);
  const { reader } = linked;
  const remembering = linked.another({ maxBytes: 2 ** 20 });

  let running = true;
  let written = 0;
  const writing = (async () => {
    while (running) {
      written++;
      await pool.query(`update "Depot"."Supplier" set "legal Name" = $1`, [String(written)]);
      await pool.query(
        `with gone as (delete from "Depot"."Order" where "orderNo" <= $1::integer - ${kept})
insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") values ('north', $1, 1, 'order', now())`,
        [written],
      );
      const until = performance.now() + random.integer(0, 20);
      await waitFor(() => performance.now() > until, { what: 'the next write' });
    }
  })();

  const faults: string[] = [];
  const tiers: Record<string, number> = {};
  const errors: Record<string, number> = {};
  /** Each reads again and again; what it sees must not be below what was seen before. */
  const readDocuments = async (from: Reader) => {
    const highest = { version: '', value: -1 };
    for (let read = 0; running; read++) {
      const answer = await from.raw(supplierCard, 1).catch((error: { code: string }) => {
        errors[error.code] = (errors[error.code] ?? 0) + 1;
        return null;
      });
      // Memory answers without a turn of the event loop; what is heard needs one.
      if (read % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (!answer) continue;
      tiers[answer.tier] = (tiers[answer.tier] ?? 0) + 1;
      const value = Number(JSON.parse(answer.body.toString()).legalName);
      if (value < highest.value || (answer.version ?? highest.version) < highest.version)
        faults.push(`${answer.tier} showed ${value} (${answer.version}) after ${highest.value} (${highest.version})`);
      highest.value = Math.max(highest.value, value);
      if (answer.version && answer.version > highest.version) highest.version = answer.version;
    }
  };
  // Entries come and go each at its own time: what went backward would be one that was shown, was gone, and is shown again.
  const seen = new Set<number>();
  const gone = new Set<number>();
  const readPages = async () => {
    while (running) {
      const page = await reader.rawList(supplierOrders, 1, { limit: 1000 }).catch(() => null);
      if (!page) continue;
      const numbers = new Set(page.items.map((item) => Number(JSON.parse(item.body.toString()).orderNo)));
      for (const number of numbers) if (gone.has(number)) faults.push(`a page from ${page.tier} showed ${number}, which was gone`);
      for (const number of seen) if (!numbers.has(number)) gone.add(number);
      for (const number of numbers) seen.add(number);
    }
  };
  const reading = Promise.all([readDocuments(reader), readDocuments(remembering), readPages()]);
  await befallRandomly(depot, linked, random);
  await waitFor(async () => (await reader.raw(supplierCard, 1))?.tier === 'redis', {
    what: 'Redis to answer at the end',
    timeoutMs: 30_000,
  });
  running = false;
  await writing;
  await reading;

  console.log(`${written} writes; answers by tier ${JSON.stringify(tiers)}; errors ${JSON.stringify(errors)}`);
  expect(faults).toEqual([]);
  expect(tiers['postgres']).toBeGreaterThan(0);
  await waitFor(async () => (await remembering.raw(supplierCard, 1))?.tier === 'memory', { what: 'memory to be believed again' });
  expect(Object.keys(errors).filter((code) => code !== 'E_POSTGRES')).toEqual([]);
});
