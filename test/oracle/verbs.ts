import { keyInput } from './compare.ts';
import type { Observed } from './observe.ts';
import type { Step } from './random-transactions.ts';
import { type Running, readKept } from './releases.ts';
import { readRows } from './source.ts';

/** Changes what no table holds for a read model, and says so for each of its documents. Returns how many there are. */
export async function touchAll(
  { pool, world, tables, releases }: Observed,
  { model: name, by }: NonNullable<Step['touches']>[number],
): Promise<number> {
  const running = releases.latest;
  const check = running?.release.documents.find(({ model }) => model.name === name);
  if (!running || !check) return 0;
  world.facts?.set(name, (world.facts.get(name) ?? 0) + 1);
  const { key } = check.model.compile(world.casing);
  const rows = await readRows(pool, tables);
  // Each definition says by itself which rows have a document.
  const all = releases.running.flatMap(({ release }) => release.documents.filter(({ model }) => model.name === name));
  const texts = [...new Set(all.flatMap(({ expected }) => [...expected(rows).keys()]))];
  if (texts.length === 0) return 0;
  if (by === 'sql') await pool.query('select everwarm.touch($1, variadic $2::text[])', [name, texts]);
  else
    await running.everwarm.touch(
      check.model,
      texts.map((text) => keyInput(key, text)),
    );
  return texts.length;
}

type Place = Pick<Observed, 'pool' | 'world'>;

/** How many documents of a read model are evicted at once. */
const evictedAtOnce = 5;

/** Evicts some of the documents that are kept, of each of these read models. Returns how many there were. */
export async function evictSome({ pool, world }: Place, { release, everwarm }: Running, names: readonly string[]): Promise<number> {
  const kept = await readKept(pool, world);
  let evicted = 0;
  for (const { model } of release.documents.filter(({ model: each }) => names.includes(each.name))) {
    const { rows } = await pool.query<{ key: string }>(
      `select key from ${kept(model).relation} d order by md5(key) limit ${evictedAtOnce}`,
    );
    const { key } = model.compile(world.casing);
    evicted += await everwarm.evictMany(
      model,
      rows.map((row) => keyInput(key, row.key)),
    );
  }
  return evicted;
}
