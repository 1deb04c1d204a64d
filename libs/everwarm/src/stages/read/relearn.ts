import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { projectionTable } from '#contracts/names.ts';
import { type Floors, unknownFloor } from './floors.ts';

/** More owed keys than this are not worth remembering: Postgres answers until they are fewer. */
const most = 10_000;

/** Keys of which Redis may lack what Postgres has. */
const owed = '(select generation, key from everwarm.ledger union all select generation, key from everwarm.quarantine) o';

/** What relearning stands on. `unwritten` says whether anything that a snapshot sees may be owed without being written down; without a snapshot, that of the look. */
export type RelearnParts = {
  readonly db: Database;
  readonly floors: Floors;
  readonly unwritten: (mark: string | null) => Promise<{ readonly mark: string; readonly unwritten: boolean }>;
};

/**
 * Sets floors anew after an overflow: under every key that the ledger owes, and of lists under each partition that has an entry of
 * such a key. What was shown before and is not owed any more, Redis has: so all that was committed by then must have been written down
 * first. To be called again, with the generations of the moment, until it returns true.
 */
export function relearning({ db, floors, unwritten }: RelearnParts): (generations: readonly Generation[]) => Promise<boolean> {
  let begun: { readonly overflows: number; readonly mark: string } | null = null;
  return async (generations) => {
    const { overflows } = floors;
    const known = begun?.overflows === overflows ? begun.mark : null;
    // First: what is shown from here on leaves floors that the statements below may not see the reason of.
    if (known === null) floors.forget();
    const look = await unwritten(known);
    begun = { overflows, mark: look.mark };
    if (look.unwritten) return false;
    const { rows } = await db.query<{ generation: number; key: string }>(`select generation, key from ${owed} limit ${most + 1}`);
    if (rows.length > most) return false;
    for (const { generation, key } of rows) floors.raise(generation, key, unknownFloor);
    for (const { id, model } of generations) {
      if (model.kind !== 'list') continue;
      const { rows: partitions } = await db.query<{ partition: string }>(
        `select distinct p.partition from ${owed} join everwarm.${projectionTable(id)} p on p.key = o.key where o.generation = $1 limit ${most + 1}`,
        [id],
      );
      if (partitions.length > most) return false;
      for (const { partition } of partitions)
        floors.setPartition(id, partition, { ...floors.ofPartition(id, partition), entries: null, ticket: null });
    }
    return floors.recovered(overflows);
  };
}
