import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { createDatabase } from './database.ts';
import type { DatabaseTemplate } from './template.ts';

const connect = async (url: string) => {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
};

const template = (key: string, build: (client: Client) => Promise<unknown>): DatabaseTemplate => ({
  key,
  build: async (url) => {
    const client = await connect(url);
    try {
      await build(client);
    } finally {
      await client.end();
    }
  },
});

test('a fresh database is empty, in UTF-8, ordered by bytes, and can prepare transactions', async () => {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const { rows } = await database.pool.query(
    `select (select count(*)::int from pg_class where relnamespace = 'public'::regnamespace) as tables, current_setting('server_encoding') as encoding,
            'Z' < 'a' as bytewise, current_setting('max_prepared_transactions')::int >= 20 as prepared`,
  );
  expect(rows).toEqual([{ tables: 0, encoding: 'UTF8', bytewise: true, prepared: true }]);
});

test('a template is built once and cloned for each', async () => {
  let builds = 0;
  const letters = template('letters', async (client) => {
    builds += 1;
    await client.query(`create table letters as select 'a' as letter`);
  });
  const databases = await Promise.all([1, 2, 3].map(() => createDatabase({ template: letters })));
  onTestFinished(() => Promise.all(databases.map((database) => database.drop())).then(() => undefined));

  await databases[0]!.pool.query(`insert into letters values ('b')`);
  const counts = await Promise.all(databases.map(async ({ pool }) => (await pool.query('select from letters')).rowCount));
  expect(counts).toEqual([2, 1, 1]);
  expect(builds).toBe(1);
});

test('a template whose build failed is built again', async () => {
  const broken = template('fails once', (client) => client.query('create table half (); select 1/0'));
  await expect(createDatabase({ template: broken })).rejects.toThrow('division by zero');
  const mended = template('fails once', (client) => client.query('create table whole ()'));
  const database = await createDatabase({ template: mended });
  onTestFinished(() => database.drop());
  const { rows } = await database.pool.query(`select to_regclass('half') as half, to_regclass('whole')::text as whole`);
  expect(rows).toEqual([{ half: null, whole: 'whole' }]);
});

test('dropping fails the test that leaks a client, by name, and drops all the same', async () => {
  const database = await createDatabase();
  const forgotten = await connect(database.urlFor('forgotten worker'));
  await forgotten.query('select 42');
  await expect(database.drop()).rejects.toThrow(/Still connected to test_.*forgotten worker .*select 42/s);
  await expect(connect(database.url)).rejects.toThrow('does not exist');
});

test('clients that left in good order are no leak', async () => {
  const database = await createDatabase();
  const clients = await Promise.all([1, 2, 3].map(() => connect(database.url)));
  await Promise.all(clients.map((client) => client.end()));
  await database.drop();
});
