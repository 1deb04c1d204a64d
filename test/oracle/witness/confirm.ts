import type { Random } from '@everwarm/testkit';
import type { Pool } from 'pg';
import { keyOf, type Rows } from '../naive.ts';
import { readKept } from '../releases.ts';
import type { Release, World } from '../world.ts';
import type { Witness } from './witness.ts';

/** How many keys of each read model the witness is asked for. */
const sample = 3;

/** What is confirmed: what the rows make of a key, and what the engine keeps for it. */
type Parts = { readonly pool: Pool; readonly witness: Witness; readonly random: Random };

/**
 * Asks the witness for some rows of each read model, those included that have no document, and holds its answers against the
 * expectation and against the engine. Nothing may be written meanwhile. Returns one line per disagreement.
 */
export async function confirm(
  { pool, witness, random }: Parts,
  { documents, casing }: Release & Pick<World, 'casing'>,
  rows: Rows,
): Promise<string[]> {
  const found: string[] = [];
  const kept = await readKept(pool, { ...(casing && { casing }) });
  for (const { model, expected } of documents) {
    const { root, key } = model.compile(casing);
    const texts = expected(rows);
    const all = rows(`${root.schema}.${root.name}`);
    const chosen = all.length === 0 ? [] : Array.from({ length: Math.min(sample, all.length) }, () => random.pick(all));
    for (const row of new Set(chosen)) {
      const columns = key.map(({ name }) => name);
      const name = keyOf(row, columns);
      const answer = await witness.question(
        model,
        columns.map((column) => row[column] ?? ''),
      );
      if (!answer) break;
      const { relation, lifecycle } = kept(model);
      const stored = await pool.query<{ doc: string }>(`select doc::text as doc from ${relation} d where key = $1`, [name]);
      const doc = stored.rows[0]?.doc ?? null;
      // What is lazy is there when somebody has read it.
      const isThere = typeof lifecycle === 'string' || doc !== null;
      found.push(
        ...answer(texts.get(name) ?? null).map((line) => `the witness against the rows, ${model.name} ${JSON.stringify(name)}${line}`),
        ...(isThere ? answer(doc) : []).map((line) => `the witness against Everwarm, ${model.name} ${JSON.stringify(name)}${line}`),
      );
    }
  }
  return found;
}
