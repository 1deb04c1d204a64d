import { expect, test } from 'vitest';
import { checkLockTable } from '../../libs/everwarm/src/operations/observe/pressure.ts';
import { openDepot } from '../laws/fixtures/open-depot.ts';

test('what could fill the lock table is refused at start, with what to do', async () => {
  const { pool } = await openDepot({ start: false });
  const { rows } = await pool.query<{ locks: number }>(
    `select current_setting('max_locks_per_transaction')::integer * (current_setting('max_connections')::integer + current_setting('max_prepared_transactions')::integer) as locks`,
  );
  const fits = Math.floor(rows[0]!.locks / 2 / 332);
  await checkLockTable(pool as never, fits);
  await expect(checkLockTable(pool as never, fits + 1)).rejects.toMatchObject({
    code: 'E_POSTGRES_UNFIT',
    message: expect.stringMatching(new RegExp(`max_locks_per_transaction to \\d+ or more, or "concurrency" to ${fits} or less`)),
  });
});
