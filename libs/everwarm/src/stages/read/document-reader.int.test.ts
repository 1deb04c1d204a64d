import { randomUUID } from 'node:crypto';
import { createDatabase, providedServers, waitFor } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { CompiledModel, Generation } from '#contracts/compiled.ts';
import type { Transactions } from '#contracts/database.ts';
import { documentKey } from '#contracts/names.ts';
import { encodeHeader, formatVersion } from '#contracts/version.ts';
import { openPostgres } from '#platform/postgres.ts';
import { readDocument, readDocuments } from './document-reader.ts';
import { Floors } from './floors.ts';
import { gatherGets } from './gather-gets.ts';
import { MostRead } from './most-read.ts';
import { withPageCommand } from './page-script.ts';
import type { ReadParts } from './read-parts.ts';
import { ReadStats } from './read-stats.ts';
import { relearning } from './relearn.ts';
import { SourceLease } from './source-lease.ts';
import { Staleness } from './staleness.ts';
import { TokenWatch } from './token-watch.ts';

const template = {
  key: 'read stage',
  build: async (url: string) => {
    const postgres = openPostgres(url);
    await postgres.transactions.query(
      'create schema everwarm; create table everwarm.projection_1 (key text primary key, version text, as_of timestamptz, doc text)',
    );
    await postgres.transactions.query(
      'create sequence everwarm.version_seq; create table everwarm.ledger (generation integer, key text); create table everwarm.quarantine (like everwarm.ledger)',
    );
    await postgres.transactions.query('create table public.source (id text primary key, body text)');
    await postgres.close();
  },
};

const v = (number: number) => formatVersion(1, BigInt(number));
const generation = (state: Generation['state']): Generation => ({
  id: 1,
  name: 'm',
  hash: '',
  state,
  lifecycle: 'async',
  stalled: null,
  model: {
    recompute: 'select k.key, (select body from public.source where id = k.key) as doc from unnest($1::text[]) as k (key)',
  } as CompiledModel,
});
const serving = generation('serving');

/** Each key says in which tiers it is: `r` Redis, `p` the projection table, `s` the source; a capital letter for a tombstone. */
async function openTiers(keys: readonly string[]) {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  const postgres = openPostgres(database.urlFor('read stage'), { max: 4 });
  onTestFinished(() => postgres.close());
  const { transactions } = postgres;
  const redis = new Redis(providedServers().redisUrl);
  onTestFinished(() => redis.disconnect());
  const asked: string[] = [];
  const db: Transactions = {
    ...transactions,
    transaction: (action, durability) => {
      asked.push('source');
      return transactions.transaction(action, durability);
    },
  };
  const trust = { trusted: true, faults: 0 };
  const space = { namespace: `read-${randomUUID()}`, epoch: '1-x' };
  const view = {
    space,
    trusted: () => trust.trusted,
    informed: () => true,
    distrust: () => {
      trust.trusted = false;
      trust.faults++;
    },
  };
  const floors = new Floors(() => undefined);
  const parts: ReadParts = {
    db,
    redis: withPageCommand(redis),
    getTogether: gatherGets(redis),
    view,
    floors,
    mostRead: new MostRead(),
    stats: new ReadStats(),
    lease: new SourceLease({ redis, view, floors }),
    fill: async () => undefined,
    tokens: new TokenWatch(() => Promise.reject(new Error('No read here has a token.'))),
    staleness: new Staleness({ lags: async () => new Map(), debts: async (_, keys) => keys.map(() => true) }),
    memory: null,
    flights: new Map(),
  };
  for (const key of keys) {
    if (/r/i.test(key))
      await redis.set(
        documentKey(parts.view.space, 1, key),
        key.includes('R') ? encodeHeader(v(3), 30, true) : `${encodeHeader(v(3), 30, false)}"redis"`,
      );
    if (/p/i.test(key))
      await transactions.query(`insert into everwarm.projection_1 values ($1, $2, to_timestamp(0.02), $3)`, [
        key,
        v(2),
        key.includes('P') ? null : '"postgres"',
      ]);
    if (key.includes('s')) await transactions.query(`insert into public.source values ($1, '"source"')`, [key]);
  }
  /** Holds the source table so that no query of it ends before the returned function is called. */
  const hold = async () => {
    const holder = await database.pool.connect();
    await holder.query('begin; lock table public.source in access exclusive mode');
    return async () => {
      await holder.query('commit');
      holder.release();
    };
  };
  return { parts, redis, asked, hold, trust, pool: database.pool };
}

const short = (answer: Awaited<ReturnType<typeof readDocument>>) => answer && `${answer.tier} ${answer.body.toString()} ${answer.version}`;

test('the first tier that knows a key answers, tombstones included', async () => {
  const expected = {
    rps: `redis "redis" ${v(3)}`,
    ps: `postgres "postgres" ${v(2)}`,
    s: 'source "source" null',
    Rps: null,
    Ps: null,
    '-': null,
  };
  const keys = Object.keys(expected);
  const { parts } = await openTiers(keys);
  for (const key of keys) expect(short(await readDocument(parts, serving, key)), key).toBe(expected[key as keyof typeof expected]);
  const { redis, postgres, source } = parts.stats.read().models['m']!;
  expect([redis, postgres, source].map(({ hits, misses, waits, errors }) => [hits, misses, waits, errors])).toEqual([
    [2, 4, 0, 0],
    [2, 2, 0, 0],
    [2, 0, 0, 0],
  ]);
  const order = ['s', 'Ps', 'rps', '-', 'ps', 'rps'];
  expect((await readDocuments(parts, serving, order)).map(short)).toEqual(order.map((key) => expected[key as keyof typeof expected]));
});

test('a generation that is building is read from the source alone', async () => {
  const { parts } = await openTiers(['rps', 'ps']);
  expect(short(await readDocument(parts, generation('building'), 'rps'))).toBe('source "source" null');
  expect((await readDocuments(parts, generation('building'), ['rps', 'ps'])).map(short)).toEqual([
    'source "source" null',
    'source "source" null',
  ]);
});

test('without Redis, Postgres answers', async () => {
  const { parts, redis } = await openTiers(['rps', 'Ps']);
  redis.disconnect();
  expect(short(await readDocument(parts, serving, 'rps'))).toBe(`postgres "postgres" ${v(2)}`);
  expect((await readDocuments(parts, serving, ['Ps', 'rps'])).map(short)).toEqual([null, `postgres "postgres" ${v(2)}`]);
});

test('a hundred readers of a cold key cause one query', async () => {
  const { parts, asked, redis, hold } = await openTiers(['s']);
  const release = await hold();
  const reads = Array.from({ length: 100 }, () => readDocument(parts, serving, 's'));
  // Redis answers in order: after this every reader knows that it has nothing, while the first one's query still waits.
  await redis.ping();
  await release();
  const answers = await Promise.all(reads);
  expect(new Set(answers.map(short))).toEqual(new Set(['source "source" null']));
  expect(asked).toHaveLength(1);
  expect(short(await readDocument(parts, serving, 's'))).toBe('source "source" null');
  expect(asked, 'what one learned is lent for a moment').toHaveLength(1);
});

test('a key of somebody else in our place is an error, never a document', async () => {
  const { parts, redis } = await openTiers([]);
  await redis.set(documentKey(parts.view.space, 1, 'x'), '{"not":"ours"}');
  await expect(readDocument(parts, serving, 'x')).rejects.toMatchObject({ code: 'E_REDIS_UNFIT' });
});

test('what the sources said is not followed by what a batch made of them earlier', async () => {
  const { parts, redis, pool } = await openTiers(['s']);
  await pool.query(`insert into everwarm.ledger values (1, 's')`);
  expect(short(await readDocument(parts, serving, 's'))).toBe('source "source" null');
  // A batch that had drawn its number, and looked, before that.
  await pool.query(`insert into everwarm.projection_1 values ('s', $1, now(), '"earlier"')`, [v(1)]);
  await redis.set(documentKey(parts.view.space, 1, 's'), `${encodeHeader(v(1), 30, false)}"earlier"`);
  for (const answer of [await readDocument(parts, serving, 's'), ...(await readDocuments(parts, serving, ['s']))])
    expect(short(answer)).toBe('source "source" null');
  // One that drew it later.
  await redis.set(documentKey(parts.view.space, 1, 's'), `${encodeHeader(v(9), 30, false)}"later"`);
  expect(short(await readDocument(parts, serving, 's'))).toBe(`redis "later" ${v(9)}`);
});

test('a document that is what the sources give is the stored one, whoever drew its number', async () => {
  const { parts, redis, pool } = await openTiers(['s']);
  await pool.query(`insert into everwarm.ledger values (1, 's')`);
  await readDocument(parts, serving, 's');
  await pool.query(`insert into everwarm.projection_1 values ('s', $1, now(), '"source"')`, [v(1)]);
  expect(short(await readDocument(parts, serving, 's'))).toBe(`postgres "source" ${v(1)}`);
  await redis.set(documentKey(parts.view.space, 1, 's'), `${encodeHeader(v(1), 30, false)}"source"`);
  expect(short(await readDocument(parts, serving, 's'))).toBe(`redis "source" ${v(1)}`);
});

test('who joins a question under way is not shown less than Redis showed since it was asked', async () => {
  const { parts, redis, asked, hold } = await openTiers(['s']);
  const release = await hold();
  const first = readDocument(parts, serving, 's');
  await waitFor(() => asked.length === 1, { what: 'the sources to be asked' });
  await redis.set(documentKey(parts.view.space, 1, 's'), `${encodeHeader(v(9), 30, false)}"shown"`);
  expect(short(await readDocument(parts, serving, 's'))).toBe(`redis "shown" ${v(9)}`);
  await redis.del(documentKey(parts.view.space, 1, 's'));
  const joined = readDocument(parts, serving, 's');
  await redis.ping();
  await release();
  expect(await joined).toBe(await first);
  expect(asked, 'the sources were asked again').toHaveLength(2);
});

/** Readers of these tiers whose process has shown more than it remembers, `ahead` where the stores may have less than that. */
function openCrowded({ parts, pool }: Awaited<ReturnType<typeof openTiers>>, ahead: boolean) {
  const floors = new Floors(() => parts.view.distrust());
  for (let key = 0; !floors.overflown; key++) floors.raise(7, String(key), v(1), ahead);
  const relearn = relearning({ db: pool, floors, unwritten: async () => ({ mark: '', unwritten: false }) });
  return { floors, crowded: { ...parts, floors }, relearn: () => relearn([serving]) };
}

test('more floors than are remembered end the trust, until those of what is owed then have taken their place', async () => {
  const tiers = await openTiers(['rps']);
  const { pool, trust } = tiers;
  await pool.query(`insert into everwarm.ledger values (1, 'rps')`);
  const { crowded, relearn } = openCrowded(tiers, false);
  expect(trust).toEqual({ trusted: false, faults: 1 });
  expect(await relearn()).toBe(true);
  trust.trusted = true;
  // Redis has a higher version than Postgres here, and still is not asked: what was shown before is not known any more.
  await pool.query(`update public.source set body = '"postgres"'`);
  expect(short(await readDocument(crowded, serving, 'rps'))).toBe(`postgres "postgres" ${v(2)}`);
  expect(short(await readDocument(crowded, serving, 'rps'))).toBe(`redis "redis" ${v(3)}`);
});

test('after more floors than are remembered, the sources answer until what they showed can be told from what is stored', async () => {
  const tiers = await openTiers(['ps']);
  const stored = openCrowded(tiers, false);
  expect(short(await readDocument(stored.crowded, serving, 'ps'))).toBe(`postgres "postgres" ${v(2)}`);
  const { crowded, relearn } = openCrowded(tiers, true);
  expect(short(await readDocument(crowded, serving, 'ps'))).toBe('source "source" null');
  expect(short((await readDocuments(crowded, serving, ['ps']))[0] ?? null)).toBe('source "source" null');
  expect(await relearn()).toBe(true);
  expect(short(await readDocument(crowded, serving, '-'))).toBeNull();
  await tiers.pool.query(`insert into everwarm.projection_1 values ('-', $1, now(), '"stored"')`, [v(1)]);
  expect(short(await readDocument(crowded, serving, '-'))).toBe(`postgres "stored" ${v(1)}`);
});
