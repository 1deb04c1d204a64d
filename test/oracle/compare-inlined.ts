import type { AnyModel } from 'everwarm';
import type { Observed } from './observe.ts';
import type { Inlined } from './play-step.ts';
import { readKept } from './releases.ts';
import { readRows } from './source.ts';

/**
 * Compares all that is inline, right after the only transaction that wrote has written its documents and entries itself: no worker need have
 * seen it, and nothing may lack, except of what it says it has left. Returns one line per disagreement.
 */
export async function compareInlined(
  { pool, world, releases, tables }: Pick<Observed, 'pool' | 'world' | 'releases' | 'tables'>,
  { left }: Inlined,
): Promise<string[]> {
  const rows = await readRows(pool, tables);
  const kept = await readKept(pool, world);
  const isWhole = (model: AnyModel) => kept(model).lifecycle === 'inline' && left.every((each) => each.model !== model.name);
  const found: string[] = [];
  for (const { release } of releases.running) {
    for (const { model, expected } of release.documents.filter((check) => isWhole(check.model))) {
      const stored = await pool.query<{ key: string; doc: string }>(`select key, doc::text as doc from ${kept(model).relation} d`);
      found.push(...differences(model.name, expected(rows), new Map(stored.rows.map(({ key, doc }) => [key, doc]))));
    }
    for (const { list, expected } of release.lists.filter((check) => isWhole(check.list))) {
      const stored = await pool.query<{ partition: string; keys: string }>(
        `select partition, string_agg(key, ' | ' order by member) as keys from ${kept(list).relation} l group by partition`,
      );
      const wanted = new Map([...expected(rows)].map(([partition, keys]) => [partition, keys.join(' | ')]));
      found.push(...differences(list.name, wanted, new Map(stored.rows.map(({ partition, keys }) => [partition, keys]))));
    }
  }
  return found;
}

function differences(name: string, expected: ReadonlyMap<string, string>, stored: ReadonlyMap<string, string>): string[] {
  return [...new Set([...expected.keys(), ...stored.keys()])]
    .filter((key) => (expected.get(key) ?? '') !== (stored.get(key) ?? ''))
    .map(
      (key) =>
        `${name} ${JSON.stringify(key)}, right after a transaction wrote it inline\n    expected ${expected.get(key)}\n    found    ${stored.get(key)}`,
    );
}
