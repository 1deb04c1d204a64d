import { type Change, isTouch, maskOf, type Source } from '#contracts/change.ts';
import type { Dependency, Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { blameGeneration } from '#contracts/statement-error.ts';
import { type OwedKey, oweKeys, oweQuery } from './owe.ts';

/** A way back that finds more keys than this is written to the ledger inside Postgres and left to the refiller. */
const inlineFanOut = 1000;

/** What a batch of changes led to. */
export type Resolved = {
  /** The keys now owed that the relay may enqueue at once. */
  readonly owed: readonly OwedKey[];
  /** Generations of which every key may have changed. */
  readonly reconcile: ReadonlySet<number>;
};

/** Link values of the changes that concern one dependency, without repetitions, with the oldest time of any. */
type Affected = { readonly rows: readonly (readonly (string | null)[])[]; readonly since: number };

/**
 * Finds the keys that these changes may affect, in every live generation, and writes them to the ledger. Executes what the
 * generations have stored, set-based: a dependency costs at most one query however many rows changed. Rejects, naming the
 * generation, when one of its ways back cannot run.
 */
export async function resolve(
  tx: Database,
  changes: readonly Change[],
  generations: readonly Generation[],
  sources: ReadonlyMap<number, Source>,
  queued: boolean,
): Promise<Resolved> {
  const owed = new Map<string, OwedKey>();
  const reconcile = new Set<number>();
  const owe = (generation: number, key: string, since: number) => {
    const id = `${generation} ${key}`;
    const known = owed.get(id);
    owed.set(id, { generation, key, since: known ? Math.min(known.since, since) : since });
  };
  for (const [sourceId, group] of groupBySource(changes)) {
    const source = sources.get(sourceId);
    if (!source) continue;
    if (isTouch(source)) {
      for (const { values, at } of group)
        for (const generation of generations) if (generation.name === values?.[0]) owe(generation.id, values[1] ?? '', at);
      continue;
    }
    for (const generation of generations) {
      for (const dependency of generation.model.dependencies) {
        if (dependency.table.schema !== source.table.schema || dependency.table.name !== source.table.name) continue;
        const affected = affectedBy(dependency, source, group);
        if (affected === 'unknown') reconcile.add(generation.id);
        else if (affected !== null && canFollow(generation, dependency)) await followBack(tx, generation.id, dependency, affected, owe);
      }
    }
  }
  await oweKeys(tx, [...owed.values()], queued);
  return { owed: [...owed.values()], reconcile };
}

/** A stalled generation's own SQL cannot run. Every key of it is looked at when it can again, so nothing is lost meanwhile. */
function canFollow(generation: Generation, { wayBack }: Dependency): boolean {
  return generation.stalled === null || wayBack.kind === 'direct';
}

async function followBack(
  tx: Database,
  generation: number,
  { wayBack }: Dependency,
  { rows, since }: Affected,
  owe: (generation: number, key: string, since: number) => void,
): Promise<void> {
  if (wayBack.kind === 'direct') {
    for (const row of rows) owe(generation, row.length === 1 ? (row[0] ?? '') : JSON.stringify(row), since);
    return;
  }
  const parameters = (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]));
  const { rows: found } = await tx
    .query<{ key: string }>(`${wayBack.sql} limit ${inlineFanOut + 1}`, parameters)
    .catch((error: unknown) => Promise.reject(blameGeneration(generation, error)));
  if (found.length <= inlineFanOut) for (const { key } of found) owe(generation, key, since);
  else await oweQuery(tx, generation, wayBack.sql, parameters, since);
}

function affectedBy(dependency: Dependency, source: Source, changes: readonly Change[]): Affected | 'unknown' | null {
  const mask = maskOf(source, dependency.columns);
  const positions = dependency.link.map((column) => source.links.indexOf(column));
  if (positions.includes(-1)) return 'unknown';
  const seesNulls = dependency.wayBack.kind === 'query' && dependency.wayBack.nulls === true;
  const rows = new Map<string, (string | null)[]>();
  let since = Number.POSITIVE_INFINITY;
  for (const change of changes) {
    if ((change.mask & mask) === 0n) continue;
    const { values } = change;
    if (values === null) return 'unknown';
    const row = positions.map((position) => values[position] ?? null);
    // A null in the link joins nothing: such a row belongs to no document. SQL of the user's own may think otherwise.
    if (row.includes(null) && !seesNulls) continue;
    rows.set(JSON.stringify(row), row);
    since = Math.min(since, change.at);
  }
  return rows.size === 0 ? null : { rows: [...rows.values()], since };
}

function groupBySource(changes: readonly Change[]): Map<number, Change[]> {
  const groups = new Map<number, Change[]>();
  for (const change of changes) {
    const group = groups.get(change.source);
    if (group) group.push(change);
    else groups.set(change.source, [change]);
  }
  return groups;
}
