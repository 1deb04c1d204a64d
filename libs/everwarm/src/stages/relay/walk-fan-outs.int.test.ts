import { createDatabase } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { migrateSchema } from '#platform/migrate-schema.ts';
import { openPostgres } from '#platform/postgres.ts';
import { fanOutWalker } from './walk-fan-outs.ts';

async function openFanOuts(fuse: number) {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const { transactions: db, pool, ...postgres } = openPostgres(database.urlFor('fan-outs'), { max: 3 });
  onTestFinished(() => postgres.close());
  await migrateSchema(db);
  await db.query(`insert into everwarm.generations (name, hash, state, model) values ('one', 'a', 'serving', '{}')`);
  const told: unknown[] = [];
  const walk = fanOutWalker({ db, fuse: () => fuse, onHeld: (error) => told.push(error), onLost: (error) => told.push(error) });
  const owed = async () => (await db.query<{ key: string }>('select key from everwarm.ledger order by key')).rows.map(({ key }) => key);
  return { db, pool, walk, owed, told };
}

test('what a transaction dirtied is not begun before the relay has delivered all of it', async () => {
  const { db, pool, walk, owed, told } = await openFanOuts(1);
  const writer = await pool.connect();
  onTestFinished(() => writer.release(true));
  await writer.query('begin');
  const { rows } = await writer.query<{ xid: string }>('select pg_current_xact_id()::text as xid');
  // As a relay leaves it that has delivered the first of several pages.
  await db.query(
    `with f as (
  insert into everwarm.fan_outs (generation, path, source, xid, xids, since, keys, parameters, digest)
  values (1, 'one', 1, $1::text::xid8, array[$1::text], now(), 'select key from everwarm.fan_out_keys', '[]', 'transaction') returning id
)
insert into everwarm.fan_out_keys (fan_out, key) select f.id, 'a' from f`,
    [rows[0]!.xid],
  );
  await writer.query('commit');
  expect([await walk(), await owed(), told]).toEqual([false, [], []]);

  await db.query('update everwarm.relay set snapshot = pg_current_snapshot()::text');
  expect([await walk(), await owed(), told]).toEqual([true, ['a'], []]);
});
