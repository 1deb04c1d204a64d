import type { Transactions } from '#contracts/database.ts';

/**
 * Lets generations serve whose walk is over and whose keys are all written: everything owed by the walk was first owed before
 * the number it ended with. Returns the ids that were promoted.
 */
export function promoteBuilt(db: Transactions): Promise<number[]> {
  return db.transaction(async (tx) => {
    const { rows } = await tx.query<{ id: number }>(
      `select g.id from everwarm.generations g
where g.state = 'building' and g.reconcile_phase is null and g.reconcile_seq is not null
  and not exists (select from everwarm.ledger l where l.generation = g.id and l.first_seq <= g.reconcile_seq) for update`,
    );
    for (const { id } of rows) await tx.query('select everwarm.serve($1)', [id]);
    return rows.map((row) => row.id);
  });
}
