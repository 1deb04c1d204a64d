import { createRandom, waitFor } from '@everwarm/testkit';
import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { tokenOf } from 'everwarm/reader';
import { expect, test } from 'vitest';
import { encodeToken } from '../../libs/everwarm/src/contracts/token.ts';
import { openArchive } from './world/open-archive.ts';
import { schema, shelfCard, shelfRoll, volumeSheet, wideShelf } from './world/read-models.ts';

const relabel = 'update "Archive"."Shelf" set "Label" = $1, "Stamp" = $2 where "shelfId" = 0';

/** An archive with a reader; `relabel` changes the wide shelf, and gives a token of that. */
async function setup(options: Parameters<typeof openArchive>[0] = {}) {
  const archive = await openArchive(options);
  const { pool } = archive.database;
  const reader = archive.openReader();
  return {
    ...archive,
    pool,
    reader,
    relabel: async (stamp: number) => {
      await pool.query(relabel, [`as of ${stamp}`, stamp]);
      return tokenOf(pool);
    },
  };
}

test('a transaction names itself, whatever its driver: a client, Drizzle, or a pool afterwards', async () => {
  const { pool, reader, startWorker } = await setup();
  await startWorker();
  const shown = async (after: string) => (await reader.get(shelfCard, 0, { after, timeoutMs: 60_000, onTimeout: 'error' }))?.stamp;
  const db = drizzle(pool, { schema });
  const inDrizzle = await db.transaction(async (tx) => {
    await tx.update(schema.shelves).set({ stamp: 1 }).where(eq(schema.shelves.id, 0));
    return tokenOf(tx);
  });
  expect(await shown(inDrizzle)).toBe(1);
  const client = await pool.connect();
  await client.query('begin');
  // Before anything is written, and what a savepoint writes counts too.
  const early = await tokenOf(client);
  await client.query('savepoint s');
  await client.query(relabel, ['second', 2]);
  expect(await tokenOf(client)).toBe(early);
  await client.query('commit');
  client.release();
  expect(await shown(early)).toBe(2);
  await pool.query(relabel, ['third', 3]);
  expect(await shown(await tokenOf(db))).toBe(3);
});

test('what is written in one process is read in another, as the guide shows', async () => {
  const { pool, reader, startWorker } = await setup();
  const everwarm = await startWorker();
  const db = drizzle(pool, { schema });
  const { shelves } = schema;
  // #region write
  const token = await db.transaction(async (tx) => {
    await tx.update(shelves).set({ label: 'Maps' }).where(eq(shelves.id, 0));
    return everwarm.token(tx);
  });
  // #endregion
  // #region read
  const shelf = await reader.get(shelfCard, 0, { after: token });
  const page = await reader.list(shelfRoll, 0, { limit: 20, afterToken: token });
  // #endregion
  expect(shelf?.label).toBe('Maps');
  expect(page.items.map(({ onShelf }) => onShelf.label)).toEqual(Array(20).fill('Maps'));
});

test('what is no token of this database is refused before anybody is asked', async () => {
  const { pool, reader } = await setup();
  await reader.connect();
  const own = await tokenOf(pool);
  const other = await (await openArchive()).database.pool.connect().then(async (client) => {
    const token = await tokenOf(client);
    client.release();
    return token;
  });
  for (const after of [other, 'x', `x${own}`, `${own}\n`, [own, other], encodeToken({ epoch: '00000000', xid: 5n })]) {
    await expect(reader.get(shelfCard, 0, { after })).rejects.toMatchObject({ code: 'E_TOKEN' });
    await expect(reader.list(shelfRoll, 0, { afterToken: after })).rejects.toMatchObject({ code: 'E_TOKEN' });
  }
});

test('what nobody has written yet: the sources, what there is, or an error, as the reader says', async () => {
  const { reader, relabel: write, startWorker } = await setup();
  const worker = await startWorker();
  await worker.settled();
  expect(await reader.raw(shelfCard, 0)).toMatchObject({ tier: 'redis', pending: null });
  await worker.stop();
  const after = await write(7);
  const options = { after, timeoutMs: 10 };
  const stampOf = (document: { body: Buffer } | null) => document && JSON.parse(document.body.toString()).stamp;

  const stale = await reader.raw(shelfCard, 0, { ...options, onTimeout: 'stale' });
  expect([stampOf(stale), stale?.pending]).toEqual([0, true]);
  await expect(reader.raw(shelfCard, 0, { ...options, onTimeout: 'error' })).rejects.toMatchObject({ code: 'E_STALE' });
  await expect(reader.getMany(shelfCard, [0], { ...options, onTimeout: 'error' })).rejects.toMatchObject({ code: 'E_STALE' });
  await expect(reader.rawList(shelfRoll, 0, { afterToken: after, timeoutMs: 10, onTimeout: 'error' })).rejects.toMatchObject({
    code: 'E_STALE',
  });
  const fresh = await reader.raw(shelfCard, 0, options);
  expect([stampOf(fresh), fresh?.tier, fresh?.pending]).toEqual([7, 'source', false]);
  expect((await reader.rawMany(shelfCard, [0, 999], options)).map(stampOf)).toEqual([7, null]);
  const page = await reader.rawList(shelfRoll, 0, { afterToken: after, timeoutMs: 10, limit: 2 });
  expect(page).toMatchObject({ tier: 'source', pending: false });
  expect(page.items.map((item) => JSON.parse(item.body.toString()).onShelf.stamp)).toEqual([7, 7]);

  await startWorker();
  expect(await reader.raw(shelfCard, 0, { after, timeoutMs: 60_000, onTimeout: 'error' })).toMatchObject({ tier: 'redis', pending: false });
});

test('a page that came from the sources is not followed by an older one, and comes from the stores again when these have it', async () => {
  const { pool, reader, startWorker } = await setup();
  const worker = await startWorker();
  await worker.settled();
  const numbers = async (options = {}) => {
    const page = await reader.rawList(shelfRoll, 0, { limit: 3, ...options });
    return [page.tier, ...page.items.map((item) => JSON.parse(item.body.toString()).no)];
  };
  expect(await numbers()).toEqual(['redis', 1, 2, 3]);
  await worker.stop();
  await pool.query(`delete from "Archive"."Volume" where "volume No" = 1`);
  expect(await numbers({ afterToken: await tokenOf(pool), timeoutMs: 5 })).toEqual(['source', 2, 3, 4]);
  expect(await numbers()).toEqual(['source', 2, 3, 4]);
  await startWorker();
  await waitFor(async () => (await numbers())[0] === 'redis', { what: 'the page to come from Redis again' });
  expect(await numbers()).toEqual(['redis', 2, 3, 4]);
});

test('a transaction that has not ended is waited for, and named by nobody before', async () => {
  const { pool, reader, startWorker } = await setup();
  await startWorker();
  const client = await pool.connect();
  await client.query('begin');
  await client.query(relabel, ['open', 1]);
  const after = await tokenOf(client);
  await expect(reader.get(shelfCard, 0, { after, timeoutMs: 10 })).rejects.toMatchObject({ code: 'E_STALE' });
  expect(await reader.raw(shelfCard, 0, { after, timeoutMs: 10, onTimeout: 'stale' })).toMatchObject({ pending: true });
  const waiting = reader.get(shelfCard, 0, { after, timeoutMs: 60_000 });
  await client.query('commit');
  client.release();
  expect(await waiting).toMatchObject({ stamp: 1 });
  // One that was rolled back has ended, and wrote nothing.
  const undone = await pool.connect();
  await undone.query('begin');
  await undone.query(relabel, ['undone', 2]);
  const token = await tokenOf(undone);
  await undone.query('rollback');
  undone.release();
  expect(await reader.get(shelfCard, 0, { after: token, timeoutMs: 60_000 })).toMatchObject({ stamp: 1 });
});

test('a key in quarantine and a change that is held keep nobody waiting, neither for themselves nor for others', async () => {
  const archive = await setup({ fuse: { volume_sheet: 1000 } });
  const { pool, reader } = archive;
  const everwarm = await archive.startWorker();
  // Until its Redis has been filled, Postgres answers.
  await everwarm.settled();
  const forEver = { timeoutMs: 24 * 3_600_000, onTimeout: 'error' } as const;
  const volume = (no: number) => ({ wing: wideShelf.wing, no });
  await pool.query(`update "Archive"."Volume" set weight = 0, "Stamp" = 1 where "volume No" = 1`);
  await waitFor(async () => (await everwarm.quarantine.list()).length === 1, { what: 'the volume to be in quarantine' });
  const poisoned = await tokenOf(pool);
  await expect(reader.get(volumeSheet, volume(1), { after: poisoned, ...forEver })).rejects.toMatchObject({ code: 'E_DOCUMENT' });
  // The last good document, for those who would rather have that.
  expect(await reader.raw(volumeSheet, volume(1), { after: poisoned, ...forEver, onTimeout: 'stale' })).toMatchObject({ pending: true });
  await pool.query(`update "Archive"."Volume" set "Stamp" = 2 where "volume No" = 2`);
  expect(await reader.raw(volumeSheet, volume(2), { after: await tokenOf(pool), ...forEver })).toMatchObject({ tier: 'redis' });

  await pool.query(relabel, ['held', 3]);
  await waitFor(async () => (await everwarm.fuse.list()).length === 1, { what: 'the change to be held' });
  const held = await tokenOf(pool);
  expect(await reader.get(volumeSheet, volume(3), { after: held, ...forEver })).toMatchObject({ onShelf: { stamp: 3 } });
  expect(await reader.raw(shelfCard, 0, { after: held, ...forEver })).toMatchObject({ tier: 'redis' });
  expect(await reader.rawList(shelfRoll, 0, { afterToken: held, ...forEver, limit: 1 })).toMatchObject({ tier: 'redis' });
});

test('a bound on the age is kept by the sources, and only for what may be older', async () => {
  const { reader, relabel: write, startWorker } = await setup();
  const worker = await startWorker();
  await worker.settled();
  const at = async (maxStaleness: string | number) => {
    const document = await reader.raw(shelfCard, 0, { maxStaleness });
    return [document?.tier, JSON.parse(String(document?.body)).stamp];
  };
  expect(await at(0)).toEqual(['redis', 0]);
  await worker.stop();
  await write(5);
  const written = performance.now();
  expect(await at('1h')).toEqual(['redis', 0]);
  await waitFor(() => performance.now() - written > 50, { what: 'the change to be older than the bound' });
  expect(await at(20)).toEqual(['source', 5]);
  expect((await reader.list(shelfRoll, 0, { maxStaleness: 20, limit: 1 })).items).toMatchObject([{ onShelf: { stamp: 5 } }]);
  expect(await at('1h')).toEqual(['source', 5]);
  await startWorker();
  await waitFor(async () => (await at('10s'))[0] === 'redis', { what: 'Redis to be as fresh as that' });
  expect(await at('10s')).toEqual(['redis', 5]);
});

test('tokens of several commits are all met', async () => {
  const archive = await setup();
  await archive.startWorker();
  const [first, second] = await archive.clerks(2, createRandom(4));
  const written = [await first!.write(), await second!.write()];
  const after = written.map(({ token }) => token);
  for (const { expected } of written) {
    for (const one of expected) {
      if (one.kind !== 'shelf') continue;
      const shelf = await archive.reader.get(shelfCard, one.id, { after, timeoutMs: 60_000, onTimeout: 'error' });
      expect(shelf).toMatchObject({ stamp: one.stamp, volumeCount: one.volumeCount });
    }
  }
});
