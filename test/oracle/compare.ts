import { waitFor } from '@everwarm/testkit';
import type { AnyModel, Everwarm } from 'everwarm';
import type { Redis } from 'ioredis';
import type { Pool } from 'pg';
import type { KeyInput } from '../../libs/everwarm/src/contracts/key.ts';
import { keyOf, type Rows } from './naive.ts';
import { type Kept, readKept } from './releases.ts';
import type { DocumentCheck, ListCheck, Release, World } from './world.ts';

/** What a comparison works with. */
export type Stores = {
  readonly pool: Pool;
  readonly redis: Redis;
  readonly everwarm: Everwarm;
  readonly namespace: string;
  /** The epoch that is, where the namespace may hold earlier ones too. */
  readonly epoch?: string;
};

/** The stores, and where the database keeps what a definition gives. */
type Looking = Stores & { readonly kept: (model: AnyModel) => Kept };

/** Bytes before the JSON text in a Redis value: version, kind, time. */
const headerLength = 38;

/** How many documents of each lazy read model are read, and there from then on. */
const lazyRead = 4;

/** How many partitions of each list are read through the reader, page by page; the projection tables are compared for all. */
const partitionsRead = 5;

/**
 * Compares every copy of every read model of the code that runs with what the rows say it must be. `warm` says that the reader has had the time to
 * notice that the models serve, so that its answers come from Redis. Returns one line per disagreement.
 */
export async function compareWorld(stores: Stores, world: Release & Pick<World, 'casing'>, rows: Rows, warm: boolean): Promise<string[]> {
  const kept = await readKept(stores.pool, world);
  const held = await redisDocuments(stores);
  const nothing = new Map<string, string>();
  const found = await Promise.all([
    ...world.documents.map((check) =>
      compareDocuments({ ...stores, kept }, world.casing, check, rows, held.get(kept(check.model).id) ?? nothing, warm),
    ),
    ...world.lists.map((check) => compareList({ ...stores, kept }, check, world, rows)),
  ]);
  return found.flat();
}

async function compareDocuments(
  { pool, everwarm, kept }: Looking,
  casing: World['casing'],
  check: DocumentCheck,
  rows: Rows,
  inRedis: ReadonlyMap<string, string>,
  warm: boolean,
): Promise<string[]> {
  const { name } = check.model;
  const expected = check.expected(rows);
  const stored = await pool.query<{ key: string; doc: string }>(`select key, doc::text as doc from ${kept(check.model).relation} d`);
  const isLazy = typeof kept(check.model).lifecycle !== 'string';
  // Of what is lazy there is what somebody has read, and nothing else.
  const copy = (copied: ReadonlyMap<string, string>) => (isLazy ? new Map([...expected].filter(([each]) => copied.has(each))) : expected);
  const inPostgres = new Map(stored.rows.map(({ key, doc }) => [key, doc]));
  const found = [
    ...differences(`${name} in Postgres`, copy(inPostgres), inPostgres),
    ...differences(`${name} in Redis`, copy(inRedis), inRedis),
  ];
  const { key, root } = check.model.compile(casing);
  const columns = key.map(({ name: column }) => column);
  // The key of one written as SQL has names of its own.
  const absent = rows(`${root.schema}.${root.name}`)
    .filter((row) => columns.every((column) => row[column] !== undefined))
    .map((row) => keyOf(row, columns))
    .find((text) => !expected.has(text));
  if (absent !== undefined && (await everwarm.reader.raw(check.model, keyInput(key, absent))) !== null)
    found.push(`${name} ${absent} was read, and should not be there`);
  for (const first of [...expected.keys()].slice(0, isLazy ? lazyRead : 1)) {
    const input = keyInput(key, first);
    const answer = await everwarm.reader.raw(check.model, input);
    if (answer?.body.toString() !== expected.get(first))
      found.push(`${name} ${first}, read: ${answer?.body.toString()}, expected ${expected.get(first)}`);
    // The reader looks once a second whether a read model serves.
    const fromRedis = async () => (await everwarm.reader.raw(check.model, input))?.tier === 'redis';
    const reached =
      !(warm && kept(check.model).serves) ||
      (await waitFor(fromRedis, { what: 'an answer from Redis', timeoutMs: 15_000 }).catch(() => false));
    if (!reached) found.push(`${name} ${first} was read from ${answer?.tier}, expected redis`);
  }
  return found;
}

/** A key's text as the key that code would give. */
export function keyInput(key: readonly { readonly property: string }[], text: string): KeyInput {
  if (key.length === 1) return text;
  const parts = JSON.parse(text) as string[];
  return Object.fromEntries(key.map(({ property }, index) => [property, parts[index] ?? '']));
}

async function compareList(
  { pool, everwarm, kept }: Looking,
  { list, expected }: ListCheck,
  release: Release,
  rows: Rows,
): Promise<string[]> {
  const wanted = expected(rows);
  const { rows: entries } = await pool.query<{ partition: string; key: string }>(
    `select partition, key from ${kept(list).relation} l order by partition collate "C", member`,
  );
  const stored = new Map<string, string[]>();
  for (const { partition, key } of entries) {
    const keys = stored.get(partition);
    if (keys) keys.push(key);
    else stored.set(partition, [key]);
  }
  const text = (lists: ReadonlyMap<string, readonly string[]>) =>
    new Map([...lists].map(([partition, keys]) => [partition, keys.join(' | ')]));
  const found = differences(`${list.name} in Postgres`, text(wanted), text(stored));
  const documents = await itemsOf({ pool, kept }, list, release, rows);
  const partitions = [...new Set([...wanted.keys(), ...stored.keys()])].slice(0, partitionsRead);
  const read = await Promise.all(partitions.map((partition) => readAll(everwarm, list, partition, wanted.get(partition)?.length ?? 0)));
  for (const [index, partition] of partitions.entries()) {
    const keys = wanted.get(partition) ?? [];
    const should = keys.map((key) => documents.get(key) ?? `no document ${key}`).join('\n');
    const what = `${list.name} partition ${JSON.stringify(partition)} read`;
    const { forth, back, totals } = read[index]!;
    found.push(
      ...differences(
        what,
        new Map([
          ['forwards', should],
          ['backwards', should],
        ]),
        new Map([
          ['forwards', forth.join('\n')],
          ['backwards', back.join('\n')],
        ]),
      ),
    );
    const total = list.compile().list?.count ? keys.length : null;
    if (totals.some((told) => told !== total)) found.push(`${what} tells totals of ${totals.join(', ')}, expected ${total}`);
  }
  return found;
}

/** The documents that a list shows: those that are kept, or must be given when they are read. */
async function itemsOf(
  { pool, kept }: Pick<Looking, 'pool' | 'kept'>,
  { item }: ListCheck['list'],
  { documents }: Release,
  rows: Rows,
): Promise<ReadonlyMap<string, string>> {
  const { relation, lifecycle } = kept(item);
  if (typeof lifecycle !== 'string') return documents.find(({ model }) => model.name === item.name)?.expected(rows) ?? new Map();
  const stored = await pool.query<{ key: string; doc: string }>(`select key, doc::text as doc from ${relation} d`);
  return new Map(stored.rows.map(({ key, doc }) => [key, doc]));
}

type Reading = { readonly forth: readonly string[]; readonly back: readonly string[]; readonly totals: readonly (number | null)[] };

/** A whole partition, page by page to its end, and from there back to its top. */
async function readAll(everwarm: Everwarm, list: ListCheck['list'], partition: string, count: number): Promise<Reading> {
  const isWhole = list.compile().list?.partition == null;
  const limit = count > 50 ? 500 : 3;
  const totals: (number | null)[] = [];
  const readPage = async (side: { readonly after: string | null } | { readonly before: string }) => {
    const page = await everwarm.reader.rawList(list, isWhole ? null : partition, { limit, ...side });
    totals.push(page.total);
    return { ...page, bodies: page.items.map(({ body }) => body.toString()) };
  };
  let page = await readPage({ after: null });
  const forth = [...page.bodies];
  let [previous, middle]: [readonly string[], typeof page | null] = [[], null];
  while (page.next !== null) {
    const next = await readPage({ after: page.next });
    if (forth.length <= count / 2) [previous, middle] = [page.bodies, next];
    page = next;
    forth.push(...page.bodies);
  }
  // Half way down a reader turns round.
  if (middle && middle.previous !== null) {
    const { bodies } = await readPage({ before: middle.previous });
    if (bodies.join() !== previous.join()) forth.push(`before the page in the middle: ${bodies.join(' ')}`);
  }
  const back = [...page.bodies];
  while (page.previous !== null) {
    page = await readPage({ before: page.previous });
    back.unshift(...page.bodies);
  }
  return { forth, back, totals };
}

function differences(what: string, expected: ReadonlyMap<string, string>, stored: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [key, wanted] of expected) {
    const is = stored.get(key);
    if (is !== wanted) found.push(`${what} ${JSON.stringify(key)}\n    expected ${wanted}\n    found    ${is}`);
  }
  for (const [key, is] of stored)
    if (!expected.has(key)) found.push(`${what} ${JSON.stringify(key)} should not be there\n    found    ${is}`);
  return found;
}

/** Every live document that Redis holds under the namespace: generation id to key to JSON text. */
async function redisDocuments({ redis, namespace, epoch }: Stores): Promise<Map<number, Map<string, string>>> {
  const found = new Map<number, Map<string, string>>();
  const names: string[] = [];
  for (let cursor = ''; cursor !== '0'; ) {
    const [next, page] = await redis.scan(cursor || '0', 'MATCH', `${namespace}:*`, 'COUNT', 5000);
    names.push(...page);
    cursor = next;
  }
  const documents = [...new Set(names)].flatMap((name) => {
    const parts = /^[^:]+:(\d+-[0-9a-f]+):(\d+):(.*)$/s.exec(name);
    return parts && (epoch ?? parts[1]) === parts[1] ? [{ name, generation: Number(parts[2]), key: parts[3]! }] : [];
  });
  const values = documents.length === 0 ? [] : await redis.mgetBuffer(documents.map(({ name }) => name));
  for (const [index, { generation, key }] of documents.entries()) {
    const value = values[index];
    if (!value || value[headerLength - 14] !== 'd'.charCodeAt(0)) continue;
    const ofGeneration = found.get(generation) ?? new Map<string, string>();
    found.set(generation, ofGeneration.set(key, value.toString('utf8', headerLength)));
  }
  return found;
}
