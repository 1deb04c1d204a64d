/**
 * The rows of the outbox (xid, at) that the relay has not delivered: those that its snapshot `r.snapshot` does not see, by the index
 * on their transactions. It is the relay's own difference but for transactions that are open, so it reads only what committed,
 * whatever an open transaction keeps in the outbox.
 */
export const undeliveredOf = `(
  select o.xid, o.at from everwarm.outbox o where o.xid >= pg_snapshot_xmax(r.snapshot::pg_snapshot)
  union all
  select o.xid, o.at from everwarm.outbox o where o.xid = any(array(
    select x from pg_snapshot_xip(r.snapshot::pg_snapshot) x where pg_visible_in_snapshot(x, pg_current_snapshot())))
)`;
