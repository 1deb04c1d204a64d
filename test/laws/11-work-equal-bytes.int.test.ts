import { expect, test } from 'vitest';
import type { Database } from '../../libs/everwarm/src/contracts/database.ts';
import { projectionTable } from '../../libs/everwarm/src/contracts/names.ts';
import { rememberGenerations } from '../../libs/everwarm/src/platform/generations.ts';
import { writeDocuments } from '../../libs/everwarm/src/stages/write-through/write-documents.ts';
import { servingId } from './fixtures/copies.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';
import { orderSheet, readModels } from './fixtures/read-models.ts';
import { watchRedis } from './fixtures/watch-redis.ts';

async function openStocked(): Promise<Depot> {
  const depot = await openDepot({ ownRedis: true });
  await depot.pool.query(`
    insert into "Depot"."Supplier" ("supplierId", "legal Name") select i, 'Supplier' from generate_series(1, 3) i;
    insert into "Depot"."Label" values (1, 'Label');
    insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") select 'north', i, i % 3 + 1, 'Order', now() from generate_series(1, 9) i;
    insert into "Depot"."OrderLine" ("Region", "orderNo", line, "SKU", "Qty", "unitPrice") select 'north', o, l, 'sku', 10 - l, 1 from generate_series(1, 9) o, generate_series(1, 5) l;
    insert into "Depot"."OrderLabel" values ('north', 1, 1), ('north', 2, 1);
    update "Depot"."Order" set "voidedAt" = now() where "orderNo" = 9`);
  await depot.everwarm.settled();
  return depot;
}

/** Each row of each projection table, with what changes when it is written, or only locked. */
async function rows({ pool }: Depot): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const model of readModels) {
    const table = `everwarm.${projectionTable(await servingId(pool, model))}`;
    all.push(
      (
        await pool.query(
          `select '${model.name}' as model, t.key, t.version, t.xmin::text, t.xmax::text, t.ctid::text from ${table} t order by 2, 6`,
        )
      ).rows,
    );
  }
  return all;
}

/** Runs statements in one transaction, and says how many rows they put into the outbox. */
async function write({ pool }: Depot, sql: string): Promise<number> {
  const results: unknown = await pool.query(
    `begin; ${sql}; select count(*)::integer as captured from everwarm.outbox where xid = pg_current_xact_id(); commit`,
  );
  return (results as { rows: { captured: number }[] }[]).at(-2)!.rows[0]!.captured;
}

const equal: readonly (readonly [what: string, sql: string])[] = [
  ['a line beyond the limit', `update "Depot"."OrderLine" set "unitPrice" = 5 where line = 5`],
  [
    'a line beyond the limit that goes, and comes',
    `delete from "Depot"."OrderLine" where line = 5; insert into "Depot"."OrderLine" select 'north', i, 5, 'sku', 5, 1 from generate_series(1, 9) i`,
  ],
  ['a title there and back', `update "Depot"."Order" set "Title" = 'x'; update "Depot"."Order" set "Title" = 'Order'`],
  [
    'an order of the list there and back',
    `update "Depot"."Order" set "placedAt" = "placedAt" + '1 hour'; update "Depot"."Order" set "placedAt" = "placedAt" - '1 hour'::interval`,
  ],
  [
    'a label of nothing',
    `insert into "Depot"."Label" values (2, 'Unused'); update "Depot"."Label" set "Caption" = 'Still' where "labelId" = 2`,
  ],
  ['a void order that is voided again', `update "Depot"."Order" set "voidedAt" = now() where "orderNo" = 9`],
];

test.each(equal)('%s gives equal bytes: nothing is written in either store', async (_, sql) => {
  const depot = await openStocked();
  const redis = await watchRedis(depot);
  const before = await rows(depot);
  expect(await write(depot, sql), 'captured').toBeGreaterThan(0);
  await depot.everwarm.settled();
  expect(await rows(depot)).toEqual(before);
  expect(await redis.since()).toEqual([]);
});

const unwatched: readonly (readonly [what: string, sql: string])[] = [
  ['a column that nothing shows', `update "Depot"."Supplier" set "creditLimit" = "creditLimit" + 1; update "Depot"."Order" set memo = 'x'`],
  ['a price set to what it is', `update "Depot"."OrderLine" set "unitPrice" = 1.0, picker = 'somebody'`],
];

test.each(unwatched)('%s puts no row into the outbox', async (_, sql) => {
  const depot = await openStocked();
  const redis = await watchRedis(depot);
  const before = await rows(depot);
  expect(await write(depot, sql)).toBe(0);
  await depot.everwarm.settled();
  expect(await rows(depot)).toEqual(before);
  expect(await redis.since()).toEqual([]);
});

test('without the comparison of watched columns the same update would fill the outbox', async () => {
  const depot = await openStocked();
  const { rows: found } = await depot.pool.query<{ body: string }>(
    `select pg_get_functiondef(tgfoid) as body from pg_trigger where tgrelid = '"Depot"."Order"'::regclass and tgname = 'everwarm_capture_update'`,
  );
  const [filtered, open] = [found[0]!.body, found[0]!.body.replace('where m.mask <> 0', '')];
  expect(open).not.toBe(filtered);
  await depot.pool.query(open);
  expect(await write(depot, `update "Depot"."Order" set memo = 'x'`)).toBeGreaterThan(0);
});

test('a change that shows is written, once in each store: what watches here does see', async () => {
  const depot = await openStocked();
  const redis = await watchRedis(depot);
  const before = await rows(depot);
  expect(await write(depot, `update "Depot"."Order" set "Title" = 'New' where "orderNo" = 4`)).toBeGreaterThan(0);
  await depot.everwarm.settled();
  expect(await rows(depot)).not.toEqual(before);
  expect((await redis.since()).map((command) => command.replace(/ .*:(\d+:)/, ' $1'))).toHaveLength(2);
});

type Wal = { readonly 'WAL Records': number; readonly 'WAL Bytes': number };

/** The write-ahead log that writing some documents costs, as Postgres counts it for the one statement. */
async function walOf({ pool }: Depot, keys: readonly string[]): Promise<Wal> {
  const generation = await rememberGenerations(pool as Database).byId(await servingId(pool, orderSheet));
  let plan: Wal | undefined;
  const explaining = {
    query: async ({ text, values }: { text: string; values: unknown[] }) => {
      const { rows: found } = await pool.query(`explain (analyze, wal, format json) ${text}`, values);
      plan = found[0]['QUERY PLAN'][0].Plan;
      return { rows: [] };
    },
  } as unknown as Database;
  await writeDocuments(explaining, { generation: generation!, keys, version: '9'.repeat(24) as never }, null);
  return plan!;
}

test('equal bytes cost no write-ahead log', async () => {
  const depot = await openStocked();
  await depot.everwarm.stop();
  const { pool } = depot;
  await pool.query('vacuum');
  const keys = Array.from({ length: 9 }, (_, index) => `["north","${index + 1}"]`);
  expect(await walOf(depot, keys)).toMatchObject({ 'WAL Records': 0, 'WAL Bytes': 0 });
  await pool.query(`update "Depot"."OrderLine" set "unitPrice" = 5 where line = 5`);
  await pool.query('vacuum');
  expect(await walOf(depot, keys)).toMatchObject({ 'WAL Records': 0, 'WAL Bytes': 0 });
  await pool.query(`update "Depot"."Order" set "Title" = 'New' where "orderNo" = 4`);
  await pool.query('vacuum');
  expect((await walOf(depot, keys))['WAL Records']).toBeGreaterThan(0);
});
