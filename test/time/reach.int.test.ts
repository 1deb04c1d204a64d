import { createDatabase, providedServers } from '@everwarm/testkit';
import { type SQL, sql } from 'drizzle-orm';
import { createEverwarm, defineReadModel } from 'everwarm';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newsroomTables, schema } from './fixtures/newsroom-schema.ts';

const { liveAt, endsAt, title } = schema.articles;
const week = sql`interval '7 days'`;
let database: Awaited<ReturnType<typeof createDatabase>>;
let pool: Pool;

beforeAll(async () => {
  database = await createDatabase();
  pool = database.pool;
  await pool.query(newsroomTables);
  await pool.query(`create function "News".now() returns timestamptz language sql immutable as 'select ''2030-01-01''::timestamptz'`);
});
afterAll(() => database?.drop());

/** Migrates a read model that has this condition, and another whose extra it is. */
async function migrate(condition: SQL): Promise<void> {
  for (const given of [{ where: () => condition }, { extras: { is: sql<boolean>`${condition}`.as('is') } }]) {
    const model = defineReadModel(schema, 'articles', { name: 'm', columns: { title: true }, ...given } as {
      name: string;
      columns: { title: true };
    });
    const everwarm = createEverwarm({ postgres: database.url, redis: providedServers().redisUrl, readModels: [model] });
    try {
      await everwarm.migrate();
    } finally {
      await everwarm.stop();
    }
  }
}

const allowed: readonly (readonly [what: string, condition: SQL])[] = [
  ['a timestamp with its zone', sql`${liveAt} > now()`],
  ['one without', sql`${endsAt} <= now() - ${week}`],
  ['an interval beside the column', sql`${endsAt} + ${week} > current_timestamp`],
  ['a window', sql`now() between ${liveAt} and coalesce(${endsAt}, 'infinity')`],
  ['what is made of a comparison', sql`coalesce(${liveAt} > now(), ${title} ~ 'x') is not false`],
];

test.each(allowed)('%s is let through', async (_, condition) => {
  await expect(migrate(condition)).resolves.toBeUndefined();
});

const refused: readonly (readonly [what: string, condition: SQL, words: RegExp])[] = [
  [
    'another stable function beside it',
    sql`${liveAt} > now() and to_char(${liveAt}, 'YYYY') = '2030'`,
    /uses to_char, which is not immutable/,
  ],
  ['a volatile one', sql`${liveAt} > now() or random() > 0.5`, /uses random, which is not immutable/],
  ['a function of the user by that name', sql`${liveAt} > "News".now()`, /News\.now, whose own reads cannot be followed/],
  ['the function by its full name', sql`${liveAt} > pg_catalog.now()`, /uses now, which is not immutable/],
];

test.each(refused)('%s is not', async (_, condition, words) => {
  await expect(migrate(condition)).rejects.toThrow(words);
});
