import { randomBytes } from 'node:crypto';
import { createDatabase, providedServers } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import { expect, onTestFinished, test } from 'vitest';
import { settledTemplate } from '../fixtures/settled-template.ts';
import { bedList, bedPage, gardenTables, readModels, speciesCount } from './fixtures/garden.ts';

const template = settledTemplate('garden', gardenTables, readModels);

/** A garden in which no worker runs. Closed with the test. */
async function openGarden() {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  const { pool } = database;
  const namespace = `garden-${randomBytes(6).toString('hex')}`;
  const everwarm = createEverwarm({ postgres: database.urlFor('garden'), redis: providedServers().redisUrl, namespace, readModels });
  onTestFinished(() => everwarm.stop());
  return { pool, everwarm };
}

test('documents that wait for their time, counted lists, keys of enums, SQL by hand and touches are written inline, no worker anywhere', async () => {
  const { pool, everwarm } = await openGarden();
  const left: unknown[] = [];
  const write = (...statements: string[]) =>
    everwarm.transaction(
      pool,
      async (client) => {
        // Sessions of an application have settings of their own.
        await client.query(`set local timezone = 'Asia/Tokyo'; set local datestyle = 'SQL, DMY'; set local search_path = pg_catalog`);
        for (const statement of statements) await client.query(statement);
        return (await client.query<{ zone: string }>(`select current_setting('timezone') as zone`)).rows[0]?.zone;
      },
      { onInlined: (inlined) => void left.push(...inlined.left, ...(inlined.published ? [] : ['published'])) },
    );
  const bed = (kind: string, no: number, name: string, opens: string) =>
    `insert into "Garden"."Bed" values ('${kind}', ${no}, '${name}', now() + interval '${opens}')`;

  expect(
    await write(
      bed('herbs', 1, 'Mint', '-1 day'),
      bed('herbs', 2, 'Basil', '-1 day'),
      bed('Roots & tubers', 1, 'Yam', '1 day'),
      `insert into "Garden".plant values (1, 'herbs', 1, 'mentha', 10), (2, 'herbs', 1, null, 5), (3, 'Roots & tubers', 1, 'mentha', 7)`,
    ),
  ).toBe('Asia/Tokyo');
  await write(`delete from "Garden".plant where id = 3`, `update "Garden".plant set species = 'ocimum', no = 2 where id = 2`);
  const client = await pool.connect();
  onTestFinished(() => client.release());
  await client.query('begin');
  await everwarm.touch(speciesCount, ['mentha'], { client });
  const touched = await everwarm.inline(client);
  await client.query('commit');
  expect(await touched.publish()).toBe(true);
  expect(touched.written).toEqual([{ model: 'species_count', keys: ['mentha'] }]);
  expect(left).toEqual([]);

  for (const model of readModels) expect((await everwarm.verify(model)).findings, model.name).toEqual([]);
  const documents = async (name: string) =>
    (await pool.query<{ key: string; doc: object }>(`select key, doc from everwarm.${name} order by key collate "C"`)).rows;
  expect(await documents(speciesCount.name)).toEqual([
    { key: 'mentha', doc: { plants: 1 } },
    { key: 'ocimum', doc: { plants: 1 } },
  ]);
  expect((await documents(bedPage.name)).map(({ key }) => key)).toEqual(['["herbs","1"]', '["herbs","2"]']);
  const page = await everwarm.reader.list(bedList, 'herbs');
  expect([page.items.map(({ name, plantCount, height }) => [name, plantCount, height]), page.total]).toEqual([
    [
      ['Basil', 1, 5],
      ['Mint', 1, 10],
    ],
    2,
  ]);
  // The time of the bed that is not open yet is noted, for whoever leads.
  const { rows } = await pool.query(`select key, at > now() as awaited from everwarm.timers`);
  expect(rows).toEqual([
    { key: '["Roots & tubers","1"]', awaited: true },
    { key: '["Roots & tubers","1"]', awaited: true },
  ]);
});

test('a moment that comes while a transaction is open, and functions that others named like built-in ones, change no document', async () => {
  const { pool, everwarm } = await openGarden();
  // Of the very type that is asked for, where the built-in ones take any: these would be preferred, with the rights of whoever owns the schema.
  for (const type of ['integer[]', 'text[]'])
    await pool.query(
      `create function public.cardinality(${type}) returns integer language plpgsql as 'begin raise exception ''called as %'', current_user; end'`,
    );
  const left: unknown[] = [];
  const write = (statement: string) =>
    everwarm.transaction(pool, (client) => client.query(statement), { onInlined: (inlined) => void left.push(...inlined.left) });
  await write(`insert into "Garden"."Bed" values ('herbs', 1, 'Mint', now() - interval '1 day')`);
  expect(left).toEqual([]);
  expect(await everwarm.reader.raw(bedPage, { kind: 'herbs', no: 1 })).toMatchObject({ version: expect.any(String) });
  // It opens within the transaction, which looks at the time at which it began.
  await write(`insert into "Garden"."Bed" values ('herbs', 2, 'Basil', clock_timestamp())`);
  expect(left).toContainEqual({ model: 'bed_page', reason: 'failed', code: 'EW003' });
});
