import { createDatabase, waitFor } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { relayLock } from '#contracts/names.ts';
import { migrateSchema } from '#platform/migrate-schema.ts';
import { openPostgres } from '#platform/postgres.ts';
import { Leadership } from './leadership.ts';

async function openTwo() {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const { transactions: db, pool, ...postgres } = openPostgres(database.urlFor('leadership'), { max: 6 });
  onTestFinished(() => postgres.close());
  await migrateSchema(db);
  const [first, second] = [new Leadership(pool, 'first'), new Leadership(pool, 'second')];
  onTestFinished(async () => {
    await first.release();
    await second.release();
  });
  const pid = async () => (await db.query<{ pid: number }>('select leader_pid as pid from everwarm.relay')).rows[0]!.pid;
  return { db, pool, first, second, pid };
}

test('one leads, and another only when it has let go', async () => {
  const { first, second } = await openTwo();
  expect([await first.tryLead(), await second.tryLead(), await first.tryLead()]).toEqual([true, false, true]);
  await first.release();
  await waitFor(() => second.tryLead(), { what: 'the other to lead' });
  expect(await first.tryLead()).toBe(false);
});

test('a leader whose session ended is no leader any more', async () => {
  const { db, first, second, pid } = await openTwo();
  await first.tryLead();
  await db.query('select pg_terminate_backend($1)', [await pid()]);
  await waitFor(() => first.session === null, { what: 'the leader to notice' });
  await waitFor(() => second.tryLead(), { what: 'the other to lead' });
});

test('a leader that holds its lock and gives no sign of life is ended', async () => {
  const { db, pool, second } = await openTwo();
  // What a stopped process leaves: its lock, its row, and nobody who writes a heartbeat.
  const frozen = await pool.connect();
  frozen.on('error', () => undefined);
  const { rows } = await frozen.query<{ pid: number }>('select pg_backend_pid() as pid from pg_advisory_lock($1, $2)', [...relayLock]);
  await db.query(`update everwarm.relay set leader = 'frozen', leader_pid = $1, heartbeat = now()`, [rows[0]!.pid]);
  for (let attempt = 0; attempt < 3; attempt++) expect(await second.tryLead(), 'a fresh heartbeat is respected').toBe(false);
  await db.query(`update everwarm.relay set heartbeat = now() - interval '1 minute'`);
  await waitFor(() => second.tryLead(), { what: 'the standby to take over' });
  frozen.release(true);
});

test('sequence numbers of one leadership are far from those of the last', async () => {
  const { db, first, second } = await openTwo();
  await first.tryLead();
  const number = async () => BigInt((await db.query<{ seq: string }>(`select nextval('everwarm.ledger_seq')::text as seq`)).rows[0]!.seq);
  const before = await number();
  await first.release();
  await waitFor(() => second.tryLead(), { what: 'the other to lead' });
  expect(await number()).toBeGreaterThan(before + 2n ** 31n);
});
