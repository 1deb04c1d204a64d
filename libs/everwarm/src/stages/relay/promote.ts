import type { Transactions } from '#contracts/database.ts';

/** SQL that says of a generation `g` whether it has quarantined keys and would take over from one that serves and can. */
export const waitsForOperator = `(exists (select from everwarm.quarantine q where q.generation = g.id)
    and exists (select from everwarm.generations s where s.name = g.name and s.id <> g.id and s.state = 'serving' and s.stalled is null))`;

/**
 * Lets generations serve whose walk is over and whose keys are all written: everything owed by the walk was first owed before
 * the number it ended with. One with quarantined keys does not take over from one that serves and can: it waits until an operator
 * has them tried again with success or discards them. Where nothing serves, it is better than nothing. Returns the ids that were promoted.
 */
export function promoteBuilt(db: Transactions): Promise<number[]> {
  return db.transaction(async (tx) => {
    const { rows } = await tx.query<{ id: number }>(
      `select g.id from everwarm.generations g
where g.state = 'building' and g.reconcile_phase is null and g.reconcile_seq is not null
  and not exists (select from everwarm.ledger l where l.generation = g.id and l.first_seq <= g.reconcile_seq)
  and not exists (select from everwarm.fan_outs f where f.generation = g.id and f.state = 'open' and f.seq <= g.reconcile_seq)
  and not ${waitsForOperator} for update`,
    );
    for (const { id } of rows) await tx.query('select everwarm.serve($1)', [id]);
    return rows.map((row) => row.id);
  });
}
