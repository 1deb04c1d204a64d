import { type Change, isTouch, maskOf, type Source } from '#contracts/change.ts';
import type { Dependency, Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { blameGeneration } from '#contracts/statement-error.ts';
import { noteFanOut } from './fan-out.ts';
import { type InlineMarks, inlineMarks } from './inline-marks.ts';
import { type OwedKey, oweKeys } from './owe.ts';
import { type Giants, SetAside } from './set-aside.ts';

/** A way back that finds more keys than this is left to the leader, which owes them a part at a time. */
const inlineFanOut = 1000;

/** What a batch of changes led to. */
export type Resolved = {
  /** The keys now owed that the relay may enqueue at once. */
  readonly owed: readonly OwedKey[];
  /** Generations of which every key may have changed. */
  readonly reconcile: ReadonlySet<number>;
};

/** What resolving goes by besides the changes. */
export type ResolveParts = {
  readonly generations: readonly Generation[];
  readonly sources: ReadonlyMap<number, Source>;
  /** Whether the caller enqueues what is owed. */
  readonly queued: boolean;
  /** The most keys that one change of a read model may dirty. */
  readonly fuse: (model: string) => number;
  /** Generations of which a way back failed by a value that it met: they are looked at as a whole. */
  readonly lost: ReadonlySet<number>;
  /** Transactions that may dirty more than that by themselves. */
  readonly giants: Giants;
};

/** What is done with a key that is found. */
type Owe = (generation: number, key: string, since: number) => void;

/**
 * Link values of the changes that concern one dependency, without repetitions, each with a transaction that changed it; the oldest time of
 * any; and all of the transactions.
 */
type Affected = {
  readonly rows: readonly (readonly (string | null)[])[];
  readonly xids: readonly string[];
  readonly since: number;
  readonly by: ReadonlySet<string>;
};

/**
 * Finds the keys that these changes may affect, in every live generation, and writes them to the ledger. Executes what the
 * generations have stored, set-based: a dependency costs at most one query however many rows changed. Rejects, naming the
 * generation, when one of its ways back cannot run.
 */
export async function resolve(
  tx: Database,
  changes: readonly Change[],
  { generations, sources, queued, fuse, giants, lost }: ResolveParts,
): Promise<Resolved> {
  const aside = new SetAside(giants, fuse);
  const owed = new Map<string, OwedKey>();
  const reconcile = new Set<number>();
  const marks = inlineMarks(changes, sources);
  const oweAs =
    (isInlined: boolean): Owe =>
    (generation, key, since) => {
      const id = `${generation} ${key}`;
      const known = owed.get(id);
      const all = isInlined && known?.isInlined !== false;
      if (known === undefined || since < known.since) owed.set(id, { generation, key, since, source: current, isInlined: all });
      else if (known.isInlined !== all) owed.set(id, { ...known, isInlined: all });
    };
  let current: number | undefined;
  for (const [sourceId, group] of groupBySource(changes)) {
    current = sourceId;
    const source = sources.get(sourceId);
    if (!source) continue;
    if (isTouch(source)) {
      for (const { values, at } of group)
        for (const generation of generations) if (generation.name === values?.[0]) oweAs(false)(generation.id, values[1] ?? '', at);
      continue;
    }
    for (const generation of generations) {
      for (const dependency of generation.model.dependencies) {
        if (dependency.table.schema !== source.table.schema || dependency.table.name !== source.table.name) continue;
        for (const { isAside, part } of portions(group, (xid) => aside.takes(generation, xid))) {
          const found = affectedBy(dependency, source, part);
          const affected = found === null || findsBack(lost, generation, dependency) ? found : 'unknown';
          if (affected === 'unknown') reconcile.add(generation.id);
          if (affected === 'unknown' || affected === null || !canFollow(generation, dependency)) continue;
          const xid = affected.xids[0] ?? '';
          const setAside: Owe = (id, key, since) =>
            aside.add({ generation: id, path: dependency.path, source: source.id, xid, since }, key);
          const owe = isAside ? setAside : oweAs(isInlined(marks, affected, generation));
          await followBack(tx, generation, source.id, dependency, affected, { most: fuse(generation.name), owe });
        }
      }
    }
  }
  await aside.write(tx);
  await oweKeys(tx, [...owed.values()], queued);
  return { owed: [...owed.values()], reconcile };
}

/** A stalled generation's own SQL cannot run. Every key of it is looked at when it can again, so nothing is lost meanwhile. */
function canFollow(generation: Generation, { wayBack }: Dependency): boolean {
  return generation.stalled === null || wayBack.kind === 'direct';
}

/** Whether each transaction that these changes are of has written the documents itself. */
function isInlined(marks: InlineMarks, { by }: Affected, { id }: Generation): boolean {
  return [...by].every((xid) => marks(xid, id));
}

function findsBack(lost: ReadonlySet<number>, { id }: Generation, { wayBack }: Dependency): boolean {
  return wayBack.kind === 'direct' || !lost.has(id);
}

async function followBack(
  tx: Database,
  { id: generation, state }: Generation,
  source: number,
  { path, wayBack }: Dependency,
  { rows, xids, since }: Affected,
  { most, owe }: { readonly most: number; readonly owe: Owe },
): Promise<void> {
  if (wayBack.kind === 'direct') {
    for (const row of rows) owe(generation, row.length === 1 ? (row[0] ?? '') : JSON.stringify(row), since);
    return;
  }
  const parameters = (rows[0] ?? []).map((_, column) => rows.map((row) => row[column] ?? null));
  // What the fuse may hold is not owed before it was asked.
  const few = state === 'building' ? inlineFanOut : Math.min(inlineFanOut, most);
  const { rows: found } = await tx
    .query<{ key: string }>(`${wayBack.sql} limit ${few + 1}`, parameters)
    .catch((error: unknown) => Promise.reject(blameGeneration(generation, error)));
  if (found.length <= few) for (const { key } of found) owe(generation, key, since);
  else await noteFanOut(tx, { generation, path, source, xids, since, keys: wayBack.sql, parameters });
}

/** The changes of a group, those of each transaction that is set aside for itself. */
function portions(
  group: readonly Change[],
  takes: (xid: string) => boolean,
): { readonly isAside: boolean; readonly part: readonly Change[] }[] {
  const asides = new Set(group.map(({ xid }) => xid).filter(takes));
  if (asides.size === 0) return [{ isAside: false, part: group }];
  return [
    { isAside: false, part: group.filter(({ xid }) => !asides.has(xid)) },
    ...[...asides].map((aside) => ({ isAside: true, part: group.filter(({ xid }) => xid === aside) })),
  ];
}

function affectedBy(dependency: Dependency, source: Source, changes: readonly Change[]): Affected | 'unknown' | null {
  const mask = maskOf(source, dependency.columns);
  const positions = dependency.link.map((column) => source.links.indexOf(column));
  if (positions.includes(-1)) return 'unknown';
  const seesNulls = dependency.wayBack.kind === 'query' && dependency.wayBack.nulls === true;
  const rows = new Map<string, { readonly row: (string | null)[]; readonly xid: string }>();
  const by = new Set<string>();
  let since = Number.POSITIVE_INFINITY;
  for (const change of changes) {
    if ((change.mask & mask) === 0n) continue;
    const { values } = change;
    if (values === null) return 'unknown';
    const row = positions.map((position) => values[position] ?? null);
    // A null in the link joins nothing: such a row belongs to no document. SQL of the user's own may think otherwise.
    if (row.includes(null) && !seesNulls) continue;
    rows.set(JSON.stringify(row), { row, xid: change.xid });
    by.add(change.xid);
    since = Math.min(since, change.at);
  }
  if (rows.size === 0) return null;
  const found = [...rows.values()];
  return { rows: found.map(({ row }) => row), xids: found.map(({ xid }) => xid), since, by };
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
