import type { TestDatabase } from '@everwarm/testkit';
import { waitFor } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { openYard } from './fixtures/open-yard.ts';

const first = { id: 1, title: 'first', price: 10, mood: 'calm', maker: { name: 'One' } };

/** Workers with a role of their own, which row level security applies to. */
async function asRuntimeRole(database: TestDatabase) {
  const role = `runtime_${database.name}`;
  await database.pool.query(`create role ${role} login password 'runtime'`);
  const url = new URL(database.urlFor('everwarm'));
  url.username = role;
  url.password = 'runtime';
  return { postgres: url.href, ownerUrl: database.urlFor('owner') };
}

test('rows that the workers may not see are not taken for deleted, and row security is refused where it would hide them', async () => {
  let role = '';
  const yard = await openYard({
    config: (database) => {
      role = `runtime_${database.name}`;
      return asRuntimeRole(database);
    },
  });
  // Ends before the database goes, so that the role is free of it.
  onTestFinished(async () => {
    await yard.everwarm.stop();
    await yard.write(`drop owned by ${role}; drop role ${role}`);
  });
  await yard.write('alter table things enable row level security');
  await waitFor(async () => (await yard.marks()).includes('things: row security'), { what: 'the table to be marked', timeoutMs: 30_000 });
  await waitFor(async () => (await yard.everwarm.status()).models.some(({ stalled }) => stalled !== null), {
    what: 'the model to stall',
    timeoutMs: 30_000,
  });
  expect(await yard.problems()).toMatch(/row level security that applies to the role of the workers.*BYPASSRLS/);
  await yard.write('update things set price = 11 where id = 1');
  await expect(yard.everwarm.migrate()).rejects.toThrow(/"things" has row level security/);
  await yard.shows(1, first);
  await yard.write(`alter role ${role} bypassrls`);
  await yard.shows(1, { ...first, price: 11 });
  expect(await yard.problems()).toBe('');
});
