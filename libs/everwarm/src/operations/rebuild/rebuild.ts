import type { Generation } from '#contracts/compiled.ts';
import type { Transactions } from '#contracts/database.ts';
import { startAnew } from '#stages/relay/reconcile.ts';
import { recount } from '#stages/write-through/counts.ts';

/** How far a rebuild is: keys that are still owed, and whether the walk over all keys has ended. */
export type RebuildProgress = { readonly owed: number; readonly walking: boolean };

/**
 * Rebuilds a read model in place: every key of the source and of the projection becomes owed and is derived again, while reads
 * go on. Needs a running worker. Resolves when all of them are written.
 */
export async function rebuildInPlace(
  db: Transactions,
  generation: Generation,
  onProgress: (progress: RebuildProgress) => void,
  everyMs = 100,
): Promise<void> {
  if (generation.model.list?.count) await recount(db, generation.id);
  await db.transaction((tx) => startAnew(tx, [generation.id]));
  for (;;) {
    const { rows } = await db.query<{ walking: boolean; owed: string }>(
      `select g.reconcile_phase is not null as walking, (select count(*) from everwarm.ledger l where l.generation = g.id and (g.reconcile_seq is null or l.first_seq <= g.reconcile_seq))::text as owed
from everwarm.generations g where g.id = $1`,
      [generation.id],
    );
    const progress = { owed: Number(rows[0]?.owed ?? 0), walking: rows[0]?.walking ?? false };
    onProgress(progress);
    if (!progress.walking && progress.owed === 0) return;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
