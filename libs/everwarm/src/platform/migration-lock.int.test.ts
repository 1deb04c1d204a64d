import { createDatabase, TestSignal, waitFor } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { alone } from './migration-lock.ts';

test('one migration runs at a time; who waits is told of the other one when patience ends, and no writer is held up', async () => {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const { pool } = database;
  const [begun, end] = [new TestSignal('the first migration'), new TestSignal('its end')];
  const order: string[] = [];
  const first = alone(pool, async () => {
    begun.fire();
    await end.next();
    order.push('first');
  });
  await begun.next();
  await expect(alone(pool, () => Promise.reject(new Error('ran')), 50)).rejects.toThrow(
    /Another migration .* still running after 0.05 s \(process \d+ of the server, connected since .* UTC\)/,
  );
  const second = alone(pool, async () => void order.push('second'));
  const waits = `select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`;
  await waitFor(async () => (await pool.query(waits)).rowCount === 1, { what: 'the second to wait' });
  await pool.query('create table written (id integer)');
  end.fire();
  await Promise.all([first, second]);
  expect(order).toEqual(['first', 'second']);
});
