import { waitFor } from '@everwarm/testkit';
import type { RawDocument, Reader } from 'everwarm';
import { expect, onTestFinished, test } from 'vitest';
import { type Depot, type DepotOptions, openDepot } from '../laws/fixtures/open-depot.ts';
import { openReader } from '../laws/fixtures/open-reader.ts';
import { supplierCard } from '../laws/fixtures/read-models.ts';

async function openFilled(options?: DepotOptions): Promise<Depot> {
  const depot = await openDepot(options);
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One'), (2, 'Two')`);
  await depot.everwarm.settled();
  return depot;
}

const rename = (depot: Depot, name: string, id = 1) =>
  depot.pool.query(`update "Depot"."Supplier" set "legal Name" = $1 where "supplierId" = $2`, [name, id]);

const nameOf = (document: RawDocument | null): string | null => document && JSON.parse(document.body.toString()).legalName;

/** Takes all that a watch shows as it comes. */
function follow(reader: Reader, id = 1, after: string | null = null) {
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const seen: (RawDocument | null)[] = [];
  const done = (async () => {
    for await (const document of reader.rawWatch(supplierCard, id, { signal: ending.signal, after })) seen.push(document);
  })();
  done.catch(() => undefined);
  return {
    seen,
    done,
    end: () => ending.abort(),
    shows: (name: string | null) =>
      waitFor(() => seen.length > 0 && nameOf(seen.at(-1)!) === name, { what: `${name} to be shown after ${seen.map(nameOf).join(', ')}` }),
  };
}

/** How many connections listen to the changes of this depot. */
async function listeners({ redis, space }: Depot): Promise<number> {
  const [, count] = (await redis.pubsub('NUMSUB', `${space.namespace}:${space.epoch}:changes`)) as [string, number];
  return Number(count);
}

test('a watch shows the document, then each newer version, its end, and what comes after', async () => {
  const depot = await openFilled();
  const watch = follow(depot.everwarm.reader);
  await watch.shows('One');
  for (const name of ['Two', 'Three']) {
    await rename(depot, name);
    await watch.shows(name);
  }
  await depot.pool.query(`delete from "Depot"."Supplier" where "supplierId" = 1`);
  await watch.shows(null);
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'Again')`);
  await watch.shows('Again');
  expect(watch.seen.map(nameOf)).toEqual(['One', 'Two', 'Three', null, 'Again']);
  const versions = watch.seen.flatMap((document) => document?.version ?? []);
  expect(versions).toEqual([...new Set(versions)].toSorted());
});

test('what is watched is typed, and null while there is none', async () => {
  const depot = await openFilled();
  const shown: (string | undefined)[] = [];
  for await (const card of depot.everwarm.reader.watch(supplierCard, 3)) {
    shown.push(card?.legalName);
    if (card) break;
    await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (3, 'Three')`);
  }
  expect(shown).toEqual([undefined, 'Three']);
});

test('who is slow is given the newest, and nothing waits for them', async () => {
  const depot = await openFilled();
  const { reader } = depot.everwarm;
  const slow = reader.watch(supplierCard, 1)[Symbol.asyncIterator]();
  expect((await slow.next()).value).toMatchObject({ legalName: 'One' });
  const quick = follow(reader);
  for (let n = 0; n < 20; n++) {
    await rename(depot, `Name ${n}`);
    if (n % 5 === 0) await quick.shows(`Name ${n}`);
  }
  await quick.shows('Name 19');
  expect((await slow.next()).value).toMatchObject({ legalName: 'Name 19' });
  await rename(depot, 'The next');
  expect((await slow.next()).value).toMatchObject({ legalName: 'The next' });
  await slow.return?.();
});

test('however many watch, one connection of the process listens', async () => {
  const depot = await openFilled({ memory: { maxBytes: 2 ** 20 } });
  const watches = Array.from({ length: 500 }, (_, index) => follow(depot.everwarm.reader, 1 + (index % 2)));
  await Promise.all(watches.map((watch, index) => watch.shows(index % 2 === 0 ? 'One' : 'Two')));
  await waitFor(async () => (await listeners(depot)) === 1, { what: 'the process to listen' });
  await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = 'All'`);
  await Promise.all(watches.map((watch) => watch.shows('All')));
  expect(await listeners(depot)).toBe(1);
  for (const { seen } of watches) expect(seen).toHaveLength(2);
});

test('with a version that is known already, only what is newer is shown', async () => {
  const depot = await openFilled();
  const { reader } = depot.everwarm;
  const known = (await reader.raw(supplierCard, 1))!.version;
  const [resumed, behind] = [follow(reader, 1, known), follow(reader, 1, '0001-0000000000000000000')];
  await behind.shows('One');
  await rename(depot, 'Newer');
  await Promise.all([resumed.shows('Newer'), behind.shows('Newer')]);
  expect(resumed.seen.map(nameOf)).toEqual(['Newer']);
});

test('a watch ends with its signal, with the loop, and with the reader, also while nothing happens', async () => {
  const depot = await openFilled();
  const { reader } = await openReader(depot);
  const [signalled, stopped] = [follow(depot.everwarm.reader), follow(depot.everwarm.reader)];
  await Promise.all([signalled.shows('One'), stopped.shows('One')]);
  signalled.end();
  await signalled.done;
  expect(await reader.rawWatch(supplierCard, 1, { signal: AbortSignal.abort() }).next()).toEqual({ done: true, value: undefined });
  const left = reader.watch(supplierCard, 1);
  await left.next();
  const waiting = left.next();
  await left.return?.();
  expect(await waiting).toEqual({ done: true, value: undefined });
  await depot.everwarm.stop();
  await stopped.done;
});

test('a key of another form is refused, and so is a reader that was stopped', async () => {
  const depot = await openFilled();
  const { reader } = depot.everwarm;
  await expect(reader.watch(supplierCard, 'x' as unknown as number).next()).rejects.toMatchObject({ code: 'E_KEY' });
  await depot.everwarm.stop();
  await expect(reader.watch(supplierCard, 1).next()).rejects.toMatchObject({ code: 'E_LIFECYCLE' });
});

test('a watch goes on through whatever befalls the way to Redis, and misses no last word', async () => {
  const depot = await openFilled();
  const { reader, redis } = await openReader(depot);
  const watch = follow(reader);
  await watch.shows('One');
  const befalls = {
    'cut off': () => redis.cut(),
    silent: () => redis.stall(),
    'killed by the server': async () => {
      for (const line of String(await depot.redis.client('LIST')).split('\n')) {
        const [, id, port] = /^id=(\d+) addr=\S+:(\d+)/.exec(line) ?? [];
        if (id !== undefined && redis.owns(Number(port))) await depot.redis.client('KILL', 'ID', id);
      }
    },
  };
  for (const [name, befall] of Object.entries(befalls)) {
    await befall();
    await rename(depot, `while ${name}`);
    await watch.shows(`while ${name}`);
    redis.heal();
    await waitFor(async () => (await reader.raw(supplierCard, 2))?.tier === 'redis', { what: 'Redis to be believed again' });
    await rename(depot, `after ${name}`);
    await watch.shows(`after ${name}`);
  }
  const versions = watch.seen.map((document) => document!.version!);
  expect(versions).toEqual(versions.toSorted());
});
